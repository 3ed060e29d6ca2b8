"""Whether a new request is taken, and what is stored of it: by facts that were read before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ostiary.directory.objects import Kind, Reference
from ostiary.entitlement import eligibility, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.eligibility import Holding, Target, Wish
from ostiary.entitlement.errors import ExistingOpenRequest, NotThere, OperationNotAllowed
from ostiary.entitlement.intents import USER_TYPES, Intent
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.states import Request
from ostiary.entitlement.store.assignments import holder_key
from ostiary.entitlement.store.catalogs import PackagePlace
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.store.requests import Said
from ostiary.graph.errors import InvalidModel
from ostiary.storage.tables import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One new request, as it came."""

    intent: Intent
    draft: AccessPackageAssignmentRequest
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A request that is to be stored, and the assignment that it asks for, if it is new."""

    request: Request
    assignment: Assignment | None
    said: Said
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the batch is judged by."""

    policies: Mapping[str, StoredPolicy]
    packages: Mapping[str, PackagePlace]
    known: Mapping[str, Reference]
    groups: Mapping[str, set[str]]
    holders: dict[str, Assignment]
    """By holder key; grows with what the batch accepts."""
    assignments: Mapping[str, Assignment]
    removing: set[str]
    """The assignments that are being removed; grows with what the batch accepts."""
    holding: Mapping[str, StoredPolicy]
    """The policies of ``assignments``."""


def target_of(submission: Submission) -> str:
    """Say who is to get the access: whoever is named, or else whoever asks."""
    return submission.intent.target_id or submission.act.caller.object_id


def judge(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    """Take a request, and note in ``facts`` what it takes the place of.

    :raises DomainError: it is not allowed, or there is one already (see ``eligibility``).
    """
    if submission.intent.assignment_id is not None:
        return _judge_removal(submission, facts)
    return _judge_add(submission, facts, is_told_first=is_told_first)


def _judge_add(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    policy = _policy(submission.intent, facts)
    place = facts.packages[policy.package_id]
    wish = _wish(submission, target_of(submission))
    key = holder_key(policy.package_id, wish.target_id)
    _check_add(wish, policy, place, facts, holder=facts.holders.get(key), act=submission.act)
    assignment = Assignment(
        id=new_id(),
        catalog_id=place.catalog_id,
        package_id=policy.package_id,
        policy_id=policy.id,
        target_id=wish.target_id,
    )
    request = replace(
        _request(wish, assignment, policy, submission.act),
        needs_approval=eligibility.needs_approval(wish, policy.policy),
        is_told_first=is_told_first,
        start_at=_start(submission),
    )
    facts.holders[key] = assignment
    return _accepted(submission, request, assignment)


def _check_add(
    wish: Wish,
    policy: StoredPolicy,
    place: PackagePlace,
    facts: Facts,
    *,
    holder: Assignment | None,
    act: Act,
) -> None:
    known = facts.known.get(wish.target_id)
    if known is None or known.kind is not Kind.USER:
        raise InvalidModel(
            f"There is no user '{wish.target_id}' in the directory.", target="assignment/targetId"
        )
    groups = frozenset(facts.groups.get(wish.target_id, ()))
    eligibility.check_add(
        wish,
        policy.policy,
        catalog_state=place.catalog_state,
        target=Target(id=wish.target_id, user_type=known.user_type, groups=groups),
        holding=Holding(is_held=holder.is_held) if holder else None,
        now=act.now,
    )


def _judge_removal(submission: Submission, facts: Facts) -> Accepted:
    key = submission.intent.assignment_id or ""
    assignment = facts.assignments.get(key)
    if assignment is None or assignment.given_at is None:
        raise NotThere("accessPackageAssignment", key)
    policy = facts.holding[assignment.policy_id]
    wish = _wish(submission, assignment.target_id)
    if wish.type is RequestType.USER_REMOVE:
        eligibility.check_remove(wish, policy.policy)
    if not assignment.is_held:
        raise OperationNotAllowed(
            f"The assignment is '{assignment.state}': there is nothing to remove."
        )
    if assignment.id in facts.removing:
        raise ExistingOpenRequest("The assignment is being removed already.")
    facts.removing.add(assignment.id)
    return _accepted(submission, _request(wish, assignment, policy, submission.act), None)


def _request(wish: Wish, assignment: Assignment, policy: StoredPolicy, act: Act) -> Request:
    return Request(
        id=new_id(),
        type=wish.type,
        phase=requests.first_phase(wish.type),
        catalog_id=assignment.catalog_id,
        package_id=assignment.package_id,
        policy_id=policy.id,
        terms_id=policy.terms_id,
        assignment_id=assignment.id,
        target_id=wish.target_id,
        requestor_id=wish.requestor_id,
        created_at=act.now,
    )


def _start(submission: Submission) -> datetime | None:
    """Give the start date that is asked for, if it lies ahead."""
    schedule, now = submission.draft.schedule, submission.act.now
    start = schedule.start_date_time if schedule else None
    return start if start and start > now else None


def _accepted(submission: Submission, request: Request, assignment: Assignment | None) -> Accepted:
    draft, act = submission.draft, submission.act
    said = Said(
        schedule=draft.schedule,
        answers=draft.answers,
        justification=draft.justification,
        created_by=act.caller.object_id,
    )
    return Accepted(request=request, assignment=assignment, said=said, act=act)


def _policy(intent: Intent, facts: Facts) -> StoredPolicy:
    policy = facts.policies.get(intent.policy_id or "")
    if policy is None or intent.package_id not in (None, policy.package_id):
        raise InvalidModel(
            f"'{intent.policy_id}' is no assignment policy of the access package.",
            target="assignment/assignmentPolicyId",
        )
    return policy


def _wish(submission: Submission, target_id: str) -> Wish:
    intent, draft = submission.intent, submission.draft
    asks = intent.type in USER_TYPES
    return Wish(
        type=intent.type,
        requestor_id=submission.act.caller.object_id if asks else target_id,
        target_id=target_id,
        justification=draft.justification,
        schedule=draft.schedule,
        answers=draft.answers,
        parameters=draft.parameters,
    )

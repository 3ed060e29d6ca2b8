"""Whether a new request is taken, and what is stored of it: by facts that were read before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from ostiary.directory.objects import Kind
from ostiary.entitlement import answers, eligibility, requests
from ostiary.entitlement.answers import Answers
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.eligibility import Holding, Wish
from ostiary.entitlement.errors import (
    ExistingOpenRequest,
    NotAnApprover,
    NotThere,
    OperationNotAllowed,
)
from ostiary.entitlement.intents import USER_TYPES, Intent, Wants
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.offers import Requestor, Target
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.facts import Facts, Submission, target_of
from ostiary.entitlement.states import Request
from ostiary.entitlement.store.assignments import holder_key
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.store.requests import Said
from ostiary.graph.errors import Forbidden, InvalidModel
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A request that is to be stored, and the assignment that it asks for, if it is new."""

    request: Request
    assignment: Assignment | None
    said: Said
    act: Act
    is_validation_only: bool = False
    """Nothing of it is stored."""


def judge(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    """Take a request; ``note`` then lets those behind it in the batch know.

    :raises DomainError: it is not allowed, or there is one already (see ``eligibility``).
    """
    match submission.intent.wants:
        case Wants.ADD:
            return _judge_add(submission, facts, is_told_first=is_told_first)
        case Wants.UPDATE:
            return _judge_update(submission, facts)
        case Wants.REMOVE:
            return _judge_removal(submission, facts)


def note(accepted: Accepted, facts: Facts) -> None:
    """Note in ``facts`` what a request takes the place of."""
    request = accepted.request
    if accepted.assignment is not None:
        facts.holders[holder_key(request.package_id, request.target_id)] = accepted.assignment
    if request.is_removal:
        facts.removing.add(request.assignment_id)
    if request.is_update:
        facts.changing.add(request.assignment_id)


def _judge_add(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    policy = _policy(submission.intent, facts)
    place = facts.packages[policy.package_id]
    wish = _wish(submission, target_of(submission, facts))
    holder = facts.holders.get(holder_key(policy.package_id, wish.target_id))
    given = eligibility.check_add(
        wish,
        policy.policy,
        siblings=[one.policy for one in facts.siblings.get(policy.package_id, ())],
        place=place,
        target=_known_target(wish, submission, facts),
        requestor=_requestor(wish, facts),
        holding=Holding(is_held=holder.is_held) if holder else None,
        now=submission.act.now,
    )
    _check_separation(policy.package_id, wish.target_id, facts)
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
    return _accepted(submission, request, assignment, given)


def _judge_update(submission: Submission, facts: Facts) -> Accepted:
    held = _assignment(submission, facts)
    policy = _policy_after(submission.intent, held, facts)
    wish = _wish(submission, held.target_id)
    after = eligibility.check_update(
        wish,
        policy.policy,
        held,
        moves=policy.id != held.policy_id,
        before=answers.by_question(facts.answers.get(held.id, ())),
        target=facts.target(held.target_id),
        requestor=_requestor(wish, facts),
        now=submission.act.now,
    )
    _check_named(submission.intent, held)
    if held.id in facts.removing:
        raise ExistingOpenRequest("The assignment is being removed.")
    if held.id in facts.changing:
        raise ExistingOpenRequest("Another change of the assignment is on its way.")
    request = replace(
        _request(wish, held, policy, submission.act),
        needs_approval=eligibility.needs_approval(wish, policy.policy),
        start_at=_start(submission),
    )
    return _accepted(submission, request, None, after)


def _judge_removal(submission: Submission, facts: Facts) -> Accepted:
    assignment = _assignment(submission, facts)
    policy = facts.holding[assignment.policy_id]
    wish = _wish(submission, assignment.target_id)
    _check_removal(wish, policy, assignment, facts)
    _check_named(submission.intent, assignment)
    eligibility.check_removal_time(wish, submission.act.now)
    if not assignment.is_held:
        raise OperationNotAllowed(
            f"The assignment is '{assignment.state}': there is nothing to remove."
        )
    if assignment.id in facts.removing:
        raise ExistingOpenRequest("The assignment is being removed already.")
    if assignment.id in facts.given_by_rule:
        raise OperationNotAllowed(
            f"The automatic policy '{policy.policy.display_name}' would give the assignment again "
            "at once: its rule is true of the target. Change the rule or the target, or set "
            "'requestAccessForAllowedTargets' to false first."
        )
    request = _request(wish, assignment, policy, submission.act)
    return _accepted(submission, request, None, {})


def _check_removal(wish: Wish, policy: StoredPolicy, held: Assignment, facts: Facts) -> None:
    match wish.type:
        case RequestType.USER_REMOVE:
            target, requestor = facts.target(wish.target_id), _requestor(wish, facts)
            eligibility.check_remove(wish, policy.policy, target=target, requestor=requestor)
        case RequestType.APPROVER_REMOVE:
            asked = facts.approvers.get(held.id, set())
            me = {wish.requestor_id} | facts.groups.get(wish.requestor_id, set())
            if wish.requestor_id == wish.target_id or asked.isdisjoint(me):
                raise NotAnApprover(
                    "You were not asked to approve this assignment, so you cannot remove it."
                )
        case _:
            pass


def _check_named(intent: Intent, assignment: Assignment) -> None:
    """Make sure that what a body says of an assignment beside its id is true of it.

    :raises InvalidModel: it is another one's; nobody should lose access by a mistaken id.
    """
    named = {
        "targetId": (intent.target_id, assignment.target_id),
        "accessPackageId": (intent.package_id, assignment.package_id),
    }
    if intent.wants is Wants.REMOVE:  # an update names the policy that is to come
        named["assignmentPolicyId"] = (intent.policy_id, assignment.policy_id)
    for name, (said, true) in named.items():
        if said not in (None, true):
            path = f"assignment/{name}"
            raise InvalidModel(
                f"'{path}' ('{said}') is not that of the assignment '{assignment.id}'.",
                target=path,
            )


def _known_target(wish: Wish, submission: Submission, facts: Facts) -> Target:
    """Give the target as policies see it; somebody who is named by an address is a guest to be."""
    if wish.target_id in facts.invited:
        return facts.target(wish.target_id)
    known = facts.known.get(wish.target_id)
    if known is not None and known.kind in (Kind.USER, Kind.SERVICE_PRINCIPAL):
        return facts.target(wish.target_id)
    if submission.act.caller.kind == "application" and not wish.is_administrative:
        raise Forbidden(
            "The application has no service principal in the directory, so it cannot ask for "
            "itself; use 'adminAdd' to assign somebody."
        )
    email = submission.intent.email
    named = f"with the address '{email}'" if email else f"'{wish.target_id}'"
    path = "assignment/target/email" if email else "assignment/targetId"
    raise InvalidModel(f"There is no user {named} in the directory.", target=path)


def _requestor(wish: Wish, facts: Facts) -> Requestor:
    groups = frozenset(facts.groups.get(wish.requestor_id, ()))
    return Requestor(id=wish.requestor_id, groups=groups)


def _check_separation(package_id: str, target_id: str, facts: Facts) -> None:
    problem = facts.exclusions.conflict(package_id, target_id)
    if problem is not None:
        raise problem


def _assignment(submission: Submission, facts: Facts) -> Assignment:
    key = submission.intent.assignment_id or ""
    assignment = facts.assignments.get(key)
    if assignment is None or assignment.given_at is None:
        raise NotThere("accessPackageAssignment", key)
    return assignment


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


def _accepted(
    submission: Submission, request: Request, assignment: Assignment | None, given: Answers
) -> Accepted:
    draft, act = submission.draft, submission.act
    said = Said(
        schedule=draft.schedule,
        answers=list(given.values()),
        justification=draft.justification,
        created_by=act.caller.object_id,
    )
    return Accepted(
        request=request,
        assignment=assignment,
        said=said,
        act=act,
        is_validation_only=draft.is_validation_only,
    )


def _policy(intent: Intent, facts: Facts) -> StoredPolicy:
    policy = facts.policies.get(intent.policy_id or "")
    if policy is None or intent.package_id not in (None, policy.package_id):
        raise InvalidModel(
            f"'{intent.policy_id}' is no assignment policy of the access package.",
            target="assignment/assignmentPolicyId",
        )
    return policy


def _policy_after(intent: Intent, held: Assignment, facts: Facts) -> StoredPolicy:
    """Give the policy that an assignment is to be under."""
    if intent.policy_id is None:
        return facts.holding[held.policy_id]
    return _policy(replace(intent, package_id=held.package_id), facts)


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

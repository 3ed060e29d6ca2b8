"""Taking new requests: those that arrive together are stored together, each with its own result.

The facts that decide are read in the transaction that stores the request, for the whole batch in a
constant number of queries. Two requests for the same thing that arrive at once are told apart by
the unique columns of the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.directory.objects import Kind, Reference
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import eligibility, records, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.eligibility import Holding, Target, Wish
from ostiary.entitlement.errors import ExistingOpenRequest, NotThere, OperationNotAllowed
from ostiary.entitlement.intents import USER_TYPES, Intent
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.entitlement.store.assignments import holder_key
from ostiary.entitlement.store.catalogs import PackagePlace
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.store.requests import Said
from ostiary.graph.errors import DomainError, InvalidModel
from ostiary.storage.tables import new_id

_ACTIVITIES: Final[dict[RequestType, tuple[str, str]]] = {
    RequestType.USER_ADD: (records.USER_REQUESTS, "Add"),
    RequestType.ADMIN_ADD: (records.ADMIN_ASSIGNS, "Assign"),
    RequestType.USER_REMOVE: (records.USER_REMOVES, "Delete"),
    RequestType.ADMIN_REMOVE: (records.ADMIN_REMOVES, "Unassign"),
}


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


async def submit(
    conn: AsyncConnection, submissions: Sequence[Submission], *, is_told_first: bool
) -> Sequence[AccessPackageAssignmentRequest | Exception]:
    """Store a batch of requests; give each as it is shown, or why it was refused.

    :raises ExistingOpenRequest: another transaction took the place of the only one there is.
    """
    facts = await _facts(conn, submissions)
    results: list[Accepted | Exception] = []
    for submission in submissions:
        try:
            results.append(_judge(submission, facts, is_told_first=is_told_first))
        except DomainError as error:
            results.append(error)
    accepted = [result for result in results if isinstance(result, Accepted)]
    try:
        await _store(conn, accepted, facts)
    except IntegrityError as error:
        if len(submissions) > 1 or not _is_taken(error):
            raise
        raise ExistingOpenRequest from error
    return [_shown(r) if isinstance(r, Accepted) else r for r in results]


async def _facts(conn: AsyncConnection, submissions: Sequence[Submission]) -> Facts:
    intents = [submission.intent for submission in submissions]
    policies = await policy_store.policies(conn, {i.policy_id for i in intents if i.policy_id})
    package_ids = {policy.package_id for policy in policies.values()}
    people = {_target_of(submission) for submission in submissions}
    people |= {submission.act.caller.object_id for submission in submissions}
    asked = {holder_key(package, person) for package in package_ids for person in people}
    removed = {i.assignment_id for i in intents if i.assignment_id}
    held = await assignment_store.lock(conn, removed) if removed else {}
    people |= {assignment.target_id for assignment in held.values()}
    return Facts(
        policies=policies,
        packages=await catalog_store.places(conn, package_ids),
        known=await directory.references(conn, people),
        groups=await directory.groups_of(conn, people),
        holders=await assignment_store.holders(conn, asked) if asked else {},
        assignments=held,
        removing=await request_store.with_open_removal(conn, held.keys()) if held else set(),
        holding=await policy_store.policies(conn, {a.policy_id for a in held.values()}),
    )


def _target_of(submission: Submission) -> str:
    return submission.intent.target_id or submission.act.caller.object_id


def _judge(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    if submission.intent.assignment_id is not None:
        return _judge_removal(submission, facts)
    return _judge_add(submission, facts, is_told_first=is_told_first)


def _judge_add(submission: Submission, facts: Facts, *, is_told_first: bool) -> Accepted:
    intent, draft, act = submission.intent, submission.draft, submission.act
    policy = _policy(intent, facts)
    place = facts.packages[policy.package_id]
    target_id = _target_of(submission)
    known = facts.known.get(target_id)
    if known is None or known.kind is not Kind.USER:
        raise InvalidModel(
            f"There is no user '{target_id}' in the directory.", target="assignment/targetId"
        )
    wish = _wish(submission, target_id)
    key = holder_key(policy.package_id, target_id)
    holder = facts.holders.get(key)
    eligibility.check_add(
        wish,
        policy.policy,
        catalog_state=place.catalog_state,
        target=Target(
            id=target_id, user_type=known.user_type, groups=frozenset(facts.groups[target_id])
        ),
        holding=Holding(is_held=holder.is_held) if holder else None,
        now=act.now,
    )
    assignment = Assignment(
        id=new_id(),
        catalog_id=place.catalog_id,
        package_id=policy.package_id,
        policy_id=policy.id,
        target_id=target_id,
    )
    facts.holders[key] = assignment
    start = draft.schedule.start_date_time if draft.schedule else None
    request = Request(
        id=new_id(),
        type=intent.type,
        phase=requests.first_phase(intent.type),
        catalog_id=place.catalog_id,
        package_id=policy.package_id,
        policy_id=policy.id,
        terms_id=policy.terms_id,
        assignment_id=assignment.id,
        target_id=target_id,
        requestor_id=wish.requestor_id,
        needs_approval=eligibility.needs_approval(wish, policy.policy),
        is_told_first=is_told_first,
        start_at=start if start and start > act.now else None,
        created_at=act.now,
    )
    return Accepted(request=request, assignment=assignment, said=_said(submission), act=act)


def _judge_removal(submission: Submission, facts: Facts) -> Accepted:
    intent, act = submission.intent, submission.act
    key = intent.assignment_id or ""
    assignment = facts.assignments.get(key)
    if assignment is None or assignment.given_at is None:
        raise NotThere("accessPackageAssignment", key)
    policy = facts.holding[assignment.policy_id]
    wish = _wish(submission, assignment.target_id)
    if intent.type is RequestType.USER_REMOVE:
        eligibility.check_remove(wish, policy.policy)
    if not assignment.is_held:
        raise OperationNotAllowed(
            f"The assignment is '{assignment.state}': there is nothing to remove."
        )
    if assignment.id in facts.removing:
        raise ExistingOpenRequest("The assignment is being removed already.")
    facts.removing.add(assignment.id)
    request = Request(
        id=new_id(),
        type=intent.type,
        phase=requests.first_phase(intent.type),
        catalog_id=assignment.catalog_id,
        package_id=assignment.package_id,
        policy_id=assignment.policy_id,
        terms_id=policy.terms_id,
        assignment_id=assignment.id,
        target_id=assignment.target_id,
        requestor_id=wish.requestor_id,
        created_at=act.now,
    )
    return Accepted(request=request, assignment=None, said=_said(submission), act=act)


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


def _said(submission: Submission) -> Said:
    draft = submission.draft
    return Said(
        schedule=draft.schedule,
        answers=draft.answers,
        justification=draft.justification,
        created_by=submission.act.caller.object_id,
    )


async def _store(conn: AsyncConnection, accepted: Sequence[Accepted], facts: Facts) -> None:
    if not accepted:
        return
    concerned = {p for one in accepted for p in (one.request.target_id, one.request.requestor_id)}
    await subject_store.know(conn, [facts.known[p] for p in concerned if p in facts.known])
    new = [one.assignment for one in accepted if one.assignment]
    await assignment_store.insert_assignments(conn, new)
    made = [one.request for one in accepted]
    await request_store.insert_requests(conn, made, {one.request.id: one.said for one in accepted})
    work = [NewWork(kind=kinds.ADVANCE, key=one.request.id, due_at=one.act.now) for one in accepted]
    await queue.put(conn, work)
    await _record(conn, accepted)


async def _record(conn: AsyncConnection, accepted: Sequence[Accepted]) -> None:
    events = []
    for one in accepted:
        activity, operation = _ACTIVITIES[one.request.type]
        details = {"requestId": one.act.correlation_id}
        events.append(
            records.of_request(
                activity, one.request, one.act.actor, operation=operation, details=details
            )
        )
    await record(conn, events, now=max(one.act.now for one in accepted))


def _shown(accepted: Accepted) -> AccessPackageAssignmentRequest:
    request, said = accepted.request, accepted.said
    return AccessPackageAssignmentRequest(
        id=request.id,
        request_type=request.type,
        state=request.state,
        status=request.status.value,
        created_date_time=request.created_at,
        schedule=said.schedule or request_store.no_schedule(),
        answers=list(said.answers),
        justification=said.justification,
    )


def _is_taken(error: IntegrityError) -> bool:
    text = str(error.orig)
    return "holder_key" in text or "removal_of" in text

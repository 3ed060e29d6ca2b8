"""Taking new requests: those that arrive together are stored together, each with its own result.

The facts that decide are read in the transaction that stores the request, for the whole batch in a
constant number of queries. Two requests for the same thing that arrive at once are told apart by
the unique columns of the tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import records
from ostiary.entitlement.errors import ExistingOpenRequest
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.subjects import GroupMembers
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service.judging import Accepted, Facts, Submission, judge, target_of
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.entitlement.store.assignments import holder_key
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.graph.errors import DomainError

_ACTIVITIES: Final[dict[RequestType, tuple[str, str]]] = {
    RequestType.USER_ADD: (records.USER_REQUESTS, "Add"),
    RequestType.ADMIN_ADD: (records.ADMIN_ASSIGNS, "Assign"),
    RequestType.USER_REMOVE: (records.USER_REMOVES, "Delete"),
    RequestType.ADMIN_REMOVE: (records.ADMIN_REMOVES, "Unassign"),
}


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
            results.append(judge(submission, facts, is_told_first=is_told_first))
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
    named = {i.policy_id for i in intents if i.policy_id}
    await policy_store.keep(conn, named)
    policies = await policy_store.policies(conn, named)
    package_ids = {policy.package_id for policy in policies.values()}
    people = {target_of(submission) for submission in submissions}
    people |= {submission.act.caller.object_id for submission in submissions}
    asked = {holder_key(package, person) for package in package_ids for person in people}
    removed = {i.assignment_id for i in intents if i.assignment_id}
    held = await assignment_store.lock(conn, removed) if removed else {}
    people |= {assignment.target_id for assignment in held.values()}
    return Facts(
        policies=policies,
        packages=await catalog_store.places(conn, package_ids),
        known=await directory.references(conn, people),
        groups=await directory.groups_of(conn, people) if _asks_for_groups(policies) else {},
        holders=await assignment_store.holders(conn, asked) if asked else {},
        assignments=held,
        removing=await request_store.with_open_removal(conn, held.keys()) if held else set(),
        holding=await policy_store.policies(conn, {a.policy_id for a in held.values()}),
    )


def _asks_for_groups(policies: Mapping[str, StoredPolicy]) -> bool:
    named = (one for held in policies.values() for one in held.policy.specific_allowed_targets)
    return any(isinstance(one, GroupMembers) for one in named)


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

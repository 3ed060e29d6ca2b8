"""Taking new requests: those that arrive together are stored together, each with its own result.

The facts that decide are read in the transaction that stores the request, for the whole batch in a
constant number of queries. Two requests for the same thing that arrive at once are told apart by
the unique columns of the tables. A request that is only to be validated is judged like any other,
and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import records
from ostiary.entitlement.errors import ExistingOpenRequest
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service import facts as fact_finding
from ostiary.entitlement.service import proposing
from ostiary.entitlement.service.facts import Facts, Submission
from ostiary.entitlement.service.judging import Accepted, judge, note
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import organizations as organization_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.graph.errors import Conflict, DomainError

_ACTIVITIES: Final[dict[RequestType, tuple[str, str]]] = {
    RequestType.USER_ADD: (records.USER_REQUESTS, "Add"),
    RequestType.USER_UPDATE: (records.USER_UPDATES, "Update"),
    RequestType.USER_REMOVE: (records.USER_REMOVES, "Delete"),
    RequestType.ADMIN_ADD: (records.ADMIN_ASSIGNS, "Assign"),
    RequestType.ADMIN_UPDATE: (records.ADMIN_UPDATES, "Update"),
    RequestType.ADMIN_REMOVE: (records.ADMIN_REMOVES, "Unassign"),
    RequestType.APPROVER_REMOVE: (records.APPROVER_REMOVES, "Unassign"),
}


async def submit(
    conn: AsyncConnection, submissions: Sequence[Submission], *, is_told_first: bool
) -> Sequence[AccessPackageAssignmentRequest | Exception]:
    """Store a batch of requests; give each as it is shown, or why it was refused.

    :raises ExistingOpenRequest: another transaction took the place of the only one there is.
    :raises Conflict: another transaction has just named the same new person.
    """
    facts = await fact_finding.read(conn, submissions)
    results: list[Accepted | Exception] = []
    for submission in submissions:
        try:
            accepted = judge(submission, facts, is_told_first=is_told_first)
        except DomainError as error:
            results.append(error)
            continue
        if not accepted.is_validation_only:
            note(accepted, facts)
        results.append(accepted)
    kept = [r for r in results if isinstance(r, Accepted) and not r.is_validation_only]
    try:
        await _store(conn, kept, facts, submissions)
    except IntegrityError as error:
        if len(submissions) > 1:
            raise
        raise _taken(error) from error
    return [_shown(r) if isinstance(r, Accepted) else r for r in results]


async def _store(
    conn: AsyncConnection,
    accepted: Sequence[Accepted],
    facts: Facts,
    submissions: Sequence[Submission],
) -> None:
    if not accepted:
        return
    concerned = {p for one in accepted for p in (one.request.target_id, one.request.requestor_id)}
    await subject_store.know(conn, [facts.known[p] for p in concerned if p in facts.known])
    await _invite(conn, concerned, facts, submissions)
    await proposing.propose(conn, [one.request for one in accepted], facts)
    new = [one.assignment for one in accepted if one.assignment]
    answers = {one.request.assignment_id: one.said.answers for one in accepted}
    await assignment_store.insert_assignments(conn, new, answers)
    made = [one.request for one in accepted]
    await request_store.insert_requests(conn, made, {one.request.id: one.said for one in accepted})
    work = [NewWork(kind=kinds.ADVANCE, key=one.request.id, due_at=one.act.now) for one in accepted]
    await queue.put(conn, work)
    await _record(conn, accepted)


async def _invite(
    conn: AsyncConnection, concerned: set[str], facts: Facts, submissions: Sequence[Submission]
) -> None:
    """Make subjects of those whom the directory does not know, unless they are already."""
    new = concerned.intersection(facts.invited)
    if not new:
        return
    names = {(s.intent.email or "").lower(): s.intent.display_name for s in submissions}
    known = await subject_store.read(conn, new)
    guests = [
        AccessPackageSubject(id=key, email=email, display_name=names.get(email) or email)
        for email, key in facts.addressed.items()
        if key in new and key not in known
    ]
    await subject_store.invite(conn, guests)
    await organization_store.attach(conn, {one.id: facts.domains.get(one.id) for one in guests})


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
    """Show a request as it was accepted; one that was only validated has no id."""
    request, said = accepted.request, accepted.said
    only_valid = accepted.is_validation_only
    return AccessPackageAssignmentRequest(
        id="" if only_valid else request.id,
        request_type=request.type,
        state=request.state,
        status=request.status.value,
        created_date_time=None if only_valid else request.created_at,
        is_validation_only=only_valid,
        schedule=said.schedule or request_store.no_schedule(),
        answers=list(said.answers),
        justification=said.justification,
    )


def _taken(error: IntegrityError) -> Exception:
    """Say which place another transaction took."""
    text = str(error.orig)
    if "update_of" in text:
        return ExistingOpenRequest("Another change of the assignment is on its way.")
    if "holder_key" in text or "removal_of" in text:
        return ExistingOpenRequest()
    if "subjects" in text:
        return Conflict("Somebody else has just named the same person; send the request again.")
    return error

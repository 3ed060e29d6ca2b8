"""Carrying out what requests are about: giving the roles of a package, or withdrawing them.

A role that cannot be written is tried again for some hours; what can be written is written at once.
Where access ends, a request that still waits to be told that it was given ends with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import assignments, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import ScheduleNotAllowed
from ostiary.entitlement.model.enums import AccessPackageAssignmentState as AssignmentState
from ostiary.entitlement.process import delivery, guests, kinds, moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.process.steps import OWNER_KIND
from ostiary.entitlement.states import Awaits, Delivery, Phase, Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions import service as extensions

RETRIES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""How long after each failed attempt the roles of a request are written again."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Giving:
    """A request that is to be delivered, its assignment, and when that would end."""

    request: Request
    assignment: Assignment
    ends_at: datetime | None
    outcome: Delivery


async def deliver(conn: AsyncConnection, attempts: Mapping[str, int], *, now: datetime) -> None:
    """Carry out requests that await it; ``attempts`` says by request id how often it was tried."""
    held = await request_store.lock(conn, attempts.keys())
    due = [request for request in held.values() if request.awaits is Awaits.DELIVERY]
    await _withdraw(conn, [one for one in due if one.phase is Phase.WITHDRAWAL], now=now)
    await _give(conn, [one for one in due if one.phase is Phase.DELIVERY], attempts, now=now)


async def rewrite(conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime) -> None:
    """Bring the roles of held assignments in line with their packages."""
    locked = await assignment_store.lock(conn, assignment_ids)
    held = [one for one in locked.values() if one.is_held]
    outcomes = await delivery.give(conn, held, now=now)
    again = (AssignmentState.DELIVERING, AssignmentState.DELIVERED)
    open_adds = await request_store.assignments_being_added(conn, [one.id for one in held])
    settled = [one for one in held if one.id not in open_adds and one.state in again]
    await assignment_store.save(conn, [_settled(one, outcomes[one.id]) for one in settled])


async def end(conn: AsyncConnection, ending: Sequence[Assignment], *, now: datetime) -> None:
    """Withdraw the roles of assignments whose rows the caller has locked, and end them."""
    await delivery.take(conn, ending, now=now)
    await assignment_store.save(conn, [assignments.expire(one, now=now) for one in ending])
    await queue.withdraw(conn, kinds.ASSIGNMENT_EXPIRES, [one.id for one in ending])
    await guests.watch(conn, [one.target_id for one in ending], now=now)


async def take_back(
    conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime
) -> None:
    """Withdraw the roles of assignments whose requests failed after they were given."""
    if not assignment_ids:
        return
    held = [*(await assignment_store.lock(conn, assignment_ids)).values()]
    await delivery.take(conn, held, now=now)
    await assignment_store.save(conn, [assignments.taken_back(one) for one in held])
    await queue.withdraw(conn, kinds.ASSIGNMENT_EXPIRES, [one.id for one in held])
    await guests.watch(conn, [one.target_id for one in held], now=now)


async def _withdraw(conn: AsyncConnection, due: Sequence[Request], *, now: datetime) -> None:
    if not due:
        return
    ids = [request.assignment_id for request in due]
    await _supersede(conn, await request_store.open_adds_of(conn, ids), now=now)
    held = await assignment_store.lock(conn, ids)
    await end(conn, list(held.values()), now=now)
    both = [Move(request, requests.withdrawn(request)) for request in due]
    await moves.store(conn, both, now=now)


async def _supersede(conn: AsyncConnection, request_ids: Sequence[str], *, now: datetime) -> None:
    """End the requests whose access is being withdrawn; their callouts first, as the locks go."""
    if not request_ids:
        return
    await extensions.cancel(conn, OWNER_KIND, request_ids, now=now)
    held = (await request_store.lock(conn, request_ids)).values()
    both = [Move(request, requests.superseded(request, now=now)) for request in held]
    await moves.store(conn, both, now=now)


async def _give(
    conn: AsyncConnection, due: Sequence[Request], attempts: Mapping[str, int], *, now: datetime
) -> None:
    if not due:
        return
    ends = await _ends(conn, due, now)
    held = await assignment_store.lock(conn, [request.assignment_id for request in due])
    wanted = [held[request.assignment_id] for request in due if request.id in ends]
    outcomes = await delivery.give(conn, wanted, now=now)
    givings = [
        _Giving(
            request,
            held[request.assignment_id],
            ends.get(request.id),
            outcomes.get(request.assignment_id, Delivery.FAILED),
        )
        for request in due
    ]
    await _note_given(conn, givings, now=now)
    again = [one for one in givings if _may_retry(one, attempts, ends)]
    await queue.put(conn, [_retry(one, attempts, now) for one in again])
    final = [one for one in givings if one not in again]
    failed = [one.assignment for one in final if one.outcome is Delivery.FAILED]
    await delivery.take(conn, failed, now=now)
    both = [Move(o.request, requests.delivered(o.request, o.outcome, now=now)) for o in final]
    await moves.store(conn, both, now=now)


async def _ends(
    conn: AsyncConnection, due: Sequence[Request], now: datetime
) -> dict[str, datetime | None]:
    """Say when the access of each request ends; missing is what can no longer be given."""
    terms = await policy_store.terms(conn, {request.terms_id for request in due})
    said = await request_store.said(conn, [request.id for request in due])
    ends: dict[str, datetime | None] = {}
    for request in due:
        limit = terms[request.terms_id].expiration
        try:
            ends[request.id] = assignments.end_of(limit, said[request.id].schedule, start=now)
        except ScheduleNotAllowed as error:
            _log.warning("request.too_late_to_deliver", request=request.id, reason=str(error))
    return ends


async def _note_given(conn: AsyncConnection, givings: Sequence[_Giving], *, now: datetime) -> None:
    """Start the assignments of which at least a part was written, and the timers of their ends."""
    written = [one for one in givings if one.outcome is not Delivery.FAILED]
    started = [
        (one, assignments.giving(one.assignment, ends_at=one.ends_at, now=now)) for one in written
    ]
    noted = [
        assignments.given(after, Delivery.PARTIAL) if one.outcome is Delivery.PARTIAL else after
        for one, after in started
    ]
    await assignment_store.save(conn, noted)
    new = [after for one, after in started if one.assignment.starts_at is None]
    timers = [
        NewWork(kind=kinds.ASSIGNMENT_EXPIRES, key=one.id, due_at=one.ends_at)
        for one in new
        if one.ends_at is not None
    ]
    await queue.put(conn, timers)
    await guests.watch(conn, [one.target_id for one in new], now=now)


def _may_retry(
    one: _Giving, attempts: Mapping[str, int], ends: Mapping[str, datetime | None]
) -> bool:
    hopeless = one.outcome is Delivery.COMPLETE or one.request.id not in ends
    return not hopeless and attempts[one.request.id] < len(RETRIES)


def _retry(one: _Giving, attempts: Mapping[str, int], now: datetime) -> NewWork:
    tried = attempts[one.request.id]
    return NewWork(
        kind=kinds.DELIVER,
        key=one.request.id,
        due_at=now + RETRIES[tried],
        payload={"attempt": tried + 1},
    )


def _settled(assignment: Assignment, outcome: Delivery) -> Assignment:
    """Give the state of an assignment that was written again; a failed part does not end it."""
    if outcome is Delivery.FAILED and assignment.state is AssignmentState.DELIVERED:
        return assignment
    return assignments.given(assignment, outcome)

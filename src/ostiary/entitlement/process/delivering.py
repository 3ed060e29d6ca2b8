"""Carrying out what requests are about: giving the rights of a package, or withdrawing them.

A right that cannot be given is tried again for some hours; what can be given is given at once. The
request waits until all of its rights are settled, and is looked at whenever one has moved. Where
access ends, a request that still waits to be told that it was given ends with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import assignments, names, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import ScheduleNotAllowed
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.process import (
    delivery,
    describing,
    guests,
    inviting,
    moves,
    separating,
    timers,
    updating,
    waking,
)
from ostiary.entitlement.process.delivery import Progress
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.rights import Effort
from ostiary.entitlement.states import Awaits, Delivery, Phase, Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions import service as extensions

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Giving:
    """A request that is to be delivered, its assignment, and when that would end."""

    request: Request
    assignment: Assignment
    ends_at: datetime | None
    progress: Progress


async def deliver(
    conn: AsyncConnection, efforts: Mapping[str, Effort], *, domain: str, now: datetime
) -> None:
    """Carry out requests that await it; ``efforts`` says by request id how much is to be done.

    ``domain`` is the organisation's own, in which invited people get their names.
    """
    held = await request_store.lock(conn, efforts.keys())
    due = [request for request in held.values() if request.awaits is Awaits.DELIVERY]
    for effort in Effort:
        some = [one for one in due if efforts[one.id] is effort and one.phase is Phase.WITHDRAWAL]
        await _withdraw(conn, some, effort=effort, now=now)
    giving = [one for one in due if one.phase is Phase.DELIVERY]
    await updating.apply(conn, [one for one in giving if one.is_update], now=now)
    new = [one for one in giving if not one.is_update]
    excluded = await separating.excluded(conn, new)
    await _refuse(conn, [one for one in new if one.id in excluded], excluded, now=now)
    wanted = [one for one in new if one.id not in excluded]
    await inviting.invite(conn, {one.target_id for one in wanted}, domain=domain, now=now)
    await _give(conn, wanted, efforts, now=now)


async def rewrite(conn: AsyncConnection, efforts: Mapping[str, Effort], *, now: datetime) -> None:
    """Bring the rights of held assignments in line with their packages."""
    locked = await assignment_store.lock(conn, efforts.keys())
    held = [one for one in locked.values() if one.is_held]
    progress = await delivery.give(conn, held, efforts=efforts, now=now)
    open_adds = await request_store.assignments_being_added(conn, [one.id for one in held])
    idle = [one for one in held if one.id not in open_adds]
    moved = [assignments.rewritten(one, progress[one.id].outcome) for one in idle]
    await assignment_store.save(conn, moved)


async def end(
    conn: AsyncConnection, ending: Sequence[Assignment], *, effort: Effort, now: datetime
) -> dict[str, Delivery | None]:
    """Withdraw the rights of assignments whose rows the caller has locked, and end them.

    Tells by id how far the withdrawal is; None: it goes on.
    """
    progress = await delivery.take(conn, ending, effort=effort, now=now)
    await assignment_store.save(conn, [assignments.expire(one, now=now) for one in ending])
    await describing.forget(conn, ending, now=now)
    await timers.disarm(conn, [one.id for one in ending])
    await guests.watch(conn, [one.target_id for one in ending], now=now)
    await waking.look_again(conn, [one.target_id for one in ending], now=now)
    return progress


async def take_back(
    conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime
) -> None:
    """Withdraw the rights of assignments whose requests failed after they were given."""
    if not assignment_ids:
        return
    held = [*(await assignment_store.lock(conn, assignment_ids)).values()]
    await delivery.take(conn, held, effort=Effort.TRY, now=now)
    await assignment_store.save(conn, [assignments.taken_back(one) for one in held])
    await describing.forget(conn, held, now=now)
    await timers.disarm(conn, [one.id for one in held])
    await guests.watch(conn, [one.target_id for one in held], now=now)


async def _withdraw(
    conn: AsyncConnection, due: Sequence[Request], *, effort: Effort, now: datetime
) -> None:
    if not due:
        return
    ids = [request.assignment_id for request in due]
    await _supersede(conn, await request_store.open_adds_of(conn, ids), now=now)
    held = await assignment_store.lock(conn, ids)
    progress = await end(conn, list(held.values()), effort=effort, now=now)
    both = [
        Move(request, requests.withdrawn(request, outcome, now=now))
        for request in due
        if (outcome := progress.get(request.assignment_id, Delivery.COMPLETE)) is not None
    ]
    await moves.store(conn, both, now=now)


async def _supersede(conn: AsyncConnection, request_ids: Sequence[str], *, now: datetime) -> None:
    """End the requests whose access is being withdrawn; their callouts first, as the locks go."""
    if not request_ids:
        return
    await extensions.cancel(conn, names.REQUEST, request_ids, now=now)
    held = (await request_store.lock(conn, request_ids)).values()
    both = [Move(request, requests.superseded(request, now=now)) for request in held]
    await moves.store(conn, both, now=now)


async def _refuse(
    conn: AsyncConnection, due: Sequence[Request], reasons: Mapping[str, str], *, now: datetime
) -> None:
    """Fail requests that separation of duties forbids, with whatever was written before."""
    if not due:
        return
    held = await assignment_store.lock(conn, [request.assignment_id for request in due])
    await delivery.take(conn, list(held.values()), effort=Effort.TRY, now=now)
    both = [
        Move(request, requests.excluded(request, now=now), reason=reasons[request.id])
        for request in due
    ]
    await moves.store(conn, both, now=now)


async def _give(
    conn: AsyncConnection, due: Sequence[Request], efforts: Mapping[str, Effort], *, now: datetime
) -> None:
    if not due:
        return
    ends = await _ends(conn, due, now)
    held = await assignment_store.lock(conn, [request.assignment_id for request in due])
    wanted = [held[request.assignment_id] for request in due if request.id in ends]
    of_assignments = {request.assignment_id: efforts[request.id] for request in due}
    progress = await delivery.give(conn, wanted, efforts=of_assignments, now=now)
    too_late = Progress(outcome=Delivery.FAILED, is_begun=False)
    givings = [
        _Giving(
            request,
            held[request.assignment_id],
            ends.get(request.id),
            progress.get(request.assignment_id, too_late),
        )
        for request in due
    ]
    await _note_given(conn, givings, now=now)
    failed = [one.assignment for one in givings if one.progress.outcome is Delivery.FAILED]
    await delivery.take(conn, failed, effort=Effort.LOOK, now=now)
    both = [
        Move(one.request, requests.delivered(one.request, outcome, now=now))
        for one in givings
        if (outcome := one.progress.outcome) is not None
    ]
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
    """Start the assignments of which at least a part was given, and the timers of their ends."""
    started = [
        (one, assignments.giving(one.assignment, ends_at=one.ends_at, now=now))
        for one in givings
        if one.progress.is_begun
    ]
    noted = [
        assignments.given(after, Delivery.PARTIAL)
        if one.progress.outcome is Delivery.PARTIAL
        else after
        for one, after in started
    ]
    await assignment_store.save(conn, noted)
    new = [after for one, after in started if one.assignment.starts_at is None]
    told = {one.assignment.id for one, _ in started if one.request.type is RequestType.ADMIN_ADD}
    await describing.describe(conn, new, by_administrators=told, now=now)
    await timers.arm(conn, new, now=now)
    await guests.watch(conn, [one.target_id for one in new], now=now)

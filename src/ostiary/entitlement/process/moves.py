"""Storing what a rule decided about requests, and everything that follows from it.

Whatever moves a request ends here, so that no request is left without something that moves it: an
open one that awaits nothing gets work for the dispatcher, an ended one gives back what it held.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Actor
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import approvals, assignments, records
from ostiary.entitlement.approvals import Stage
from ostiary.entitlement.model.enums import AccessPackageRequestState as RequestState
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.process import kinds, notifying, waking
from ostiary.entitlement.states import Delivery, Request
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import requests as request_store

_WITHOUT_ACCESS: Final = frozenset(
    {RequestState.DENIED, RequestState.CANCELED, RequestState.DELIVERY_FAILED}
)


@dataclass(frozen=True, slots=True)
class Move:
    """A request as it was, and as a rule made it."""

    before: Request
    after: Request
    actor: Actor = SYSTEM
    """Whoever made it move."""
    reason: str | None = None
    """Why it ended, where its status does not say all of it."""
    stages: Sequence[Stage] = ()
    """Its approval stages that time has moved, as they are now."""

    @property
    def is_end(self) -> bool:
        """Whether the request came to an end."""
        return self.before.state is not self.after.state and not self.after.is_open


async def store(conn: AsyncConnection, moves: Sequence[Move], *, now: datetime) -> None:
    """Store moved requests whose rows the caller has locked, and what follows from their moves."""
    changed = [move for move in moves if move.after != move.before]
    await request_store.save(conn, [move.after for move in changed])
    await _release(conn, [move.after for move in changed if not move.after.is_open], now=now)
    ended = [move for move in changed if move.is_end]
    await record(
        conn, [records.of_end(move.after, move.actor, move.reason) for move in ended], now=now
    )
    free = [move.after for move in changed if move.after.is_open and move.after.awaits is None]
    work = [NewWork(kind=kinds.ADVANCE, key=request.id, due_at=now) for request in free]
    await queue.put(conn, work)
    await notifying.notify(conn, moves, now=now)


async def _release(conn: AsyncConnection, ended: Sequence[Request], *, now: datetime) -> None:
    """Give back what ended requests held: their place in line, open stages, and timers."""
    if not ended:
        return
    keys = [request.id for request in ended]
    refused = (RequestState.DENIED, RequestState.CANCELED)
    adds = [r for r in ended if not r.is_removal and not r.is_update]
    unwanted = [r.assignment_id for r in adds if r.state in refused]
    await assignment_store.delete_unborn(conn, unwanted)
    failed = [r.assignment_id for r in adds if r.state is RequestState.DELIVERY_FAILED]
    await _fail(conn, failed)
    await _offer_places(conn, adds, now=now)
    await queue.withdraw(conn, kinds.START, keys)
    await _close_stages(conn, [r.id for r in ended if r.needs_approval])


async def _offer_places(conn: AsyncConnection, ended: Sequence[Request], *, now: datetime) -> None:
    """Let automatic policies have the places that requests of others leave without access."""
    left = [r for r in ended if r.state in _WITHOUT_ACCESS and r.type is not RequestType.SYSTEM_ADD]
    await waking.look_again(conn, [request.target_id for request in left], now=now)


async def _fail(conn: AsyncConnection, assignment_ids: Sequence[str]) -> None:
    if assignment_ids:
        held = await assignment_store.lock(conn, assignment_ids)
        failed = [assignments.given(one, Delivery.FAILED) for one in held.values()]
        await assignment_store.save(conn, failed)


async def _close_stages(conn: AsyncConnection, request_ids: Sequence[str]) -> None:
    if not request_ids:
        return
    stages = await approval_store.lock_of_requests(conn, request_ids)
    before = [stage for of_request in stages.values() for stage in of_request]
    closed = [closed for stage in before if (closed := approvals.close(stage)) != stage]
    await approval_store.save(conn, closed)
    for kind in (kinds.APPROVAL_EXPIRES, kinds.APPROVAL_ESCALATES):
        await queue.withdraw(conn, kind, [stage.id for stage in closed])

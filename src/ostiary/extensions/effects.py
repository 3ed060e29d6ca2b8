"""What follows when callouts move: their rows, their timers, and their owners.

The one place that turns "before and after" into statements, whoever moved the callouts: the worker,
an answer, a deadline or an owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.extensions import store
from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome
from ostiary.extensions.owners import Owners

CALLOUT = "callout"
"""The kind of work that sends a callout; its key is the callout's id."""

TIMEOUT = "callout.timeout"
"""The kind of work that ends a wait; its key is the callout's id."""

_SILENT = frozenset({Outcome.FAILED, Outcome.TIMED_OUT})


async def apply(
    conn: AsyncConnection,
    owners: Owners,
    before: Mapping[str, Callout],
    after: Mapping[str, Callout],
    *,
    now: datetime,
) -> None:
    """Store what has moved and do what follows from it, in the transaction that holds the rows."""
    moved = [callout for id_, callout in after.items() if callout != before[id_]]
    if not moved:
        return
    await store.save(conn, moved)
    await _set_timers(conn, before, moved)
    ended = [c for c in moved if not c.is_open and before[c.id].is_open]
    for owner, callouts in owners.split(c for c in ended if _went_on(c)):
        await owner.resumed(conn, callouts, now=now)
    for owner, callouts in owners.split(c for c in ended if _gave_up(c)):
        await owner.gave_up(conn, callouts, now=now)


def sending(
    callout: Callout, *, due_at: datetime, payload: Mapping[str, Any] | None = None
) -> NewWork:
    """Give the work that sends a callout; the calls to each extension have a lane of their own."""
    return NewWork(
        kind=CALLOUT,
        key=callout.id,
        due_at=due_at,
        lane=callout.extension_id,
        payload=payload or {},
    )


def timers(before: Mapping[str, Callout], moved: Iterable[Callout]) -> list[NewWork]:
    """Give the timers of the callouts that wait from now on."""
    return [
        NewWork(kind=TIMEOUT, key=c.id, due_at=c.deadline)
        for c in moved
        if c.status is CalloutStatus.WAITING_FOR_CALLBACK
        and before[c.id].is_unsent
        and c.deadline is not None
    ]


async def _set_timers(
    conn: AsyncConnection, before: Mapping[str, Callout], moved: list[Callout]
) -> None:
    await queue.put(conn, timers(before, moved))
    await queue.withdraw(conn, TIMEOUT, [c.id for c in moved if _has_timer(c, before[c.id])])
    canceled = [c.id for c in moved if c.outcome is Outcome.CANCELED and c.answer is None]
    await queue.withdraw(conn, CALLOUT, canceled)


def _has_timer(callout: Callout, before: Callout) -> bool:
    """Whether a timer is left over; the one that ends the wait itself is the worker's to remove."""
    waited = before.is_open and before.status is CalloutStatus.WAITING_FOR_CALLBACK
    return waited and callout.outcome not in (None, Outcome.TIMED_OUT)


def _went_on(callout: Callout) -> bool:
    return callout.answer is not None or callout.outcome is Outcome.SENT


def _gave_up(callout: Callout) -> bool:
    return callout.answer is None and callout.outcome in _SILENT

"""The timers of assignments: what is due at and before their ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import reminders
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.process import kinds
from ostiary.entitlement.reminders import Reminder
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.graph.values import write_instant

_OF_ENDS: Final = (kinds.ASSIGNMENT_EXPIRES, kinds.ASSIGNMENT_REMINDS)


async def arm(conn: AsyncConnection, started: Sequence[Assignment], *, now: datetime) -> None:
    """Set the timers of assignments that have just got their ends."""
    await queue.put(conn, [timer for one in started for timer in _timers(one, now)])


async def rearm(conn: AsyncConnection, changed: Sequence[Assignment], *, now: datetime) -> None:
    """Set the timers of assignments whose ends have changed, in place of those that they had.

    The caller has stored the assignments. One that ends later than within a day is no longer shown
    as one that ends soon.
    """
    await _withdraw(conn, _OF_ENDS, [one.id for one in changed])
    await arm(conn, changed, now=now)
    await assignment_store.end_later(conn, [one.id for one in changed], now=now)


async def disarm(conn: AsyncConnection, assignment_ids: Collection[str]) -> None:
    """Take back the timers of assignments that have ended."""
    await _withdraw(conn, (*_OF_ENDS, kinds.ASSIGNMENT_LEAVES), assignment_ids)


async def _withdraw(
    conn: AsyncConnection, timers: Iterable[str], assignment_ids: Collection[str]
) -> None:
    for kind in timers:
        await queue.withdraw(conn, kind, assignment_ids)


def _timers(one: Assignment, now: datetime) -> Iterable[NewWork]:
    if one.ends_at is not None:
        yield NewWork(kind=kinds.ASSIGNMENT_EXPIRES, key=one.id, due_at=one.ends_at)
    for reminder in reminders.ahead(one, now=now):
        yield _work(reminder)


def _work(reminder: Reminder) -> NewWork:
    """Name stage and end in the item, so that an item of an end that was moved says so."""
    return NewWork(
        kind=kinds.ASSIGNMENT_REMINDS,
        key=reminder.assignment_id,
        due_at=reminder.due_at,
        payload={"stage": reminder.stage.value, "endsAt": write_instant(reminder.ends_at)},
    )

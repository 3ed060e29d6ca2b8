"""The timers of assignments: what is due at and before their ends."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.process import kinds


async def arm(conn: AsyncConnection, started: Sequence[Assignment]) -> None:
    """Set the timers of assignments that have just got their ends."""
    await queue.put(conn, [timer for one in started for timer in _timers(one)])


async def rearm(conn: AsyncConnection, changed: Sequence[Assignment]) -> None:
    """Set the timers of assignments whose ends have changed, in place of those that they had."""
    await disarm(conn, [one.id for one in changed])
    await arm(conn, changed)


async def disarm(conn: AsyncConnection, assignment_ids: Collection[str]) -> None:
    """Take back the timers of assignments that have ended."""
    await queue.withdraw(conn, kinds.ASSIGNMENT_EXPIRES, assignment_ids)


def _timers(one: Assignment) -> Iterable[NewWork]:
    if one.ends_at is not None:
        yield NewWork(kind=kinds.ASSIGNMENT_EXPIRES, key=one.id, due_at=one.ends_at)

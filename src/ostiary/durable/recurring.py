"""Work that comes back: one item for the whole cluster, however many nodes start.

The handler of such work answers with ``Again`` and the instant of the next round. Each start of a
node makes the item due at once, so that changed settings count from then on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.durable.tables import work
from ostiary.storage.database import announce
from ostiary.storage.facts import write_fact

KEY: Final = "recurring"
"""The key of the one item of a kind."""


async def ensure(conn: AsyncConnection, kind: str, *, due_at: datetime) -> None:
    """See to it that a kind of work is on the queue, once, and due at this instant."""
    # Whoever writes the fact holds its row: nodes that start together come one after the other.
    await write_fact(conn, f"{KEY}.{kind}", True)
    alive = work.c.dead_at.is_(None)
    same = (work.c.kind == kind) & (work.c.key == KEY) & alive
    moved = await conn.execute(update(work).where(same).values(due_at=due_at))
    if moved.rowcount:
        announce(conn)
    else:
        await queue.put(conn, [NewWork(kind=kind, key=KEY, due_at=due_at)])


async def keep_going(
    conn: AsyncConnection, kind: str, *, is_wanted: bool, due_at: datetime
) -> None:
    """See to it that a kind of work is on the queue, or that it is not."""
    if is_wanted:
        await ensure(conn, kind, due_at=due_at)
    else:
        await stop(conn, kind)


def next_round(
    oldest: datetime | None, *, keep: timedelta, pause: timedelta, now: datetime
) -> datetime:
    """Say when what is kept for so long next runs out, but for a pause between two rounds.

    ``oldest`` is the instant of the oldest that is kept; None: nothing is.
    """
    return max((oldest or now) + keep, now + pause)


async def stop(conn: AsyncConnection, kind: str) -> None:
    """Take a kind of work off the queue."""
    await queue.withdraw(conn, kind, [KEY])

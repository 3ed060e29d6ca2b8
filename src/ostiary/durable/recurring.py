"""Work that comes back: one item for the whole cluster, however many nodes start.

The handler of such work answers with ``Again`` and the instant of the next round. Each start of a
node makes the item due at once, so that changed settings count from then on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.handlers import Again, InTransaction, Outcome
from ostiary.durable.items import WorkItem
from ostiary.durable.queue import NewWork
from ostiary.durable.tables import work
from ostiary.storage.archive import ArchiveUnavailable
from ostiary.storage.database import announce
from ostiary.storage.facts import write_fact

KEY: Final = "recurring"
"""The key of the one item of a kind."""

BREATH: Final = timedelta(milliseconds=100)
"""The pause between two portions, in which whoever waits for the database gets it."""

_PATIENCE: Final = timedelta(minutes=10)
"""How long an archive that cannot be written is left alone; nothing is deleted meanwhile."""

Portion = Callable[[AsyncConnection, datetime], Awaitable[datetime | None]]
"""Does a portion of the work; says when the next round is, or None where more is left of this."""

_MOVE: Final = (
    update(work)
    .where(work.c.kind == bindparam("of_kind"), work.c.key == KEY, work.c.dead_at.is_(None))
    .values(due_at=bindparam("then"))
)

_log: Final = structlog.get_logger(__name__)


def handler(kind: str, portion: Portion) -> InTransaction:
    """Give the handler of work that is done portion by portion, each in a transaction."""

    async def handle(
        conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome]:
        try:
            async with conn.begin_nested():
                at = await portion(conn, now)
        except ArchiveUnavailable as error:
            at = put_off(kind, error, now=now)
        return {items[0].id: Again(at or now + BREATH)}

    return InTransaction(kind, handle, batch=1, is_bulk=True)


def put_off(kind: str, error: ArchiveUnavailable, *, now: datetime) -> datetime:
    """Tell that work waits for its archive; say when to look again."""
    _log.error("archive.unavailable", kind=kind, error=str(error))
    return now + _PATIENCE


async def ensure(conn: AsyncConnection, kind: str, *, due_at: datetime) -> None:
    """See to it that a kind of work is on the queue, once, and due at this instant."""
    # Whoever writes the fact holds its row: nodes that start together come one after the other.
    await write_fact(conn, f"{KEY}.{kind}", True)
    moved = await conn.execute(_MOVE, {"of_kind": kind, "then": due_at})
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

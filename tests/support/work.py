"""Work for tests, and a handler that writes down what it was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.handlers import Outcome
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.durable.tables import work
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact
from tests.support.clocks import MONDAY

_FACT = "diary"


def make_work(key: str = "one", *, kind: str = "mail", **after: float) -> NewWork:
    """Make work that is due so long after the clock's first instant."""
    return NewWork(kind=kind, key=key, due_at=MONDAY + timedelta(**after))


async def put(database: Database, *items: NewWork) -> None:
    """Put work in a transaction of its own."""
    async with database.transaction() as conn:
        await queue.put(conn, items)


async def rows(database: Database) -> Sequence[Row[Any]]:
    """Read every item, dead ones too, in the order in which they are due."""
    async with database.reading() as conn:
        return (await conn.execute(select(work).order_by(work.c.due_at, work.c.id))).all()


async def open_items(database: Database) -> list[str]:
    """Read the keys of the items that are still to be done."""
    return [row.key for row in await rows(database) if row.dead_at is None]


class Diary:
    """A handler that notes the keys it handled, in the transaction that handles them.

    ``decide`` says what becomes of an item, or raises.
    """

    def __init__(self, decide: Callable[[WorkItem], Outcome | None] = lambda _item: None) -> None:
        self._decide = decide

    async def handle(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome]:
        """Note the items and decide about each."""
        noted = await read_fact(conn, _FACT) or []
        await write_fact(conn, _FACT, noted + [item.key for item in items])
        decided = ((item.id, self._decide(item)) for item in items)
        return {id_: outcome for id_, outcome in decided if outcome is not None}

    async def entries(self, database: Database) -> list[str]:
        """Read what was noted in transactions that were committed."""
        async with database.reading() as conn:
            return await read_fact(conn, _FACT) or []

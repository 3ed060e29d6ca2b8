"""Tables that an operator has split as the manual says: no row is lost, no index is another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from ostiary.audit.events import SYSTEM, AuditEvent
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from tests.support.clocks import MONDAY
from tests.support.databases import PostgreSQL, opened
from tests.support.partitions import SPLIT, split

_NAMES = """
    SELECT indexrelid::regclass::text, indisprimary, indisunique,
           replace(pg_get_indexdef(indexrelid), 'ON ONLY', 'ON') AS definition
    FROM pg_index WHERE indrelid = ANY($1::regclass[]) ORDER BY 1
"""
_KINDS = "SELECT relkind::text FROM pg_class WHERE oid = ANY($1::regclass[])"
_OPTIONS = "SELECT reloptions FROM pg_class WHERE relname = $1"
_COLUMNS = """
    SELECT table_name, column_name, data_type, is_nullable, column_default
    FROM information_schema.columns WHERE table_name = ANY($1) ORDER BY 1, ordinal_position
"""


@pytest.fixture
async def url(postgresql: PostgreSQL) -> AsyncIterator[str]:
    """A database with every table."""
    async with postgresql.fresh() as url:
        yield url


async def test_split_tables_have_the_same_columns_and_indexes(url: str) -> None:
    before = await look(url, _NAMES, SPLIT), await look(url, _COLUMNS, SPLIT)
    await split(url)

    assert (await look(url, _NAMES, SPLIT), await look(url, _COLUMNS, SPLIT)) == before
    assert len(before[0]) > len(SPLIT)
    kinds = await look(url, _KINDS, SPLIT)
    assert kinds == [("p",)] * len(SPLIT)


async def test_pieces_are_stored_as_the_whole_was(url: str) -> None:
    ((before,),) = await look(url, _OPTIONS, "callouts")
    await split(url)

    assert before == ["fillfactor=50"]
    assert await look(url, _OPTIONS, "callouts_0") == [(before,)]


async def test_what_is_stored_is_kept_and_spread(url: str) -> None:
    orders = [NewWork(kind="timer", key=f"{n}", due_at=MONDAY) for n in range(200)]
    events = [
        AuditEvent(activity=f"{n}", category="c", service="s", actor=SYSTEM) for n in range(50)
    ]
    async with opened(url) as database, database.transaction() as conn:
        await queue.put(conn, orders)
        await record(conn, events, now=MONDAY)

    await split(url)

    async with opened(url) as database, database.transaction() as conn:
        taken = await queue.pick(conn, kind="timer", limit=500, now=MONDAY + timedelta(hours=1))
        assert {item.key for item in taken} == {order.key for order in orders}
        await queue.done(conn, taken)
    assert await look(url, "SELECT count(*) FROM work") == [(0,)]
    ((pieces,),) = await look(url, "SELECT count(DISTINCT tableoid) FROM audit_records")
    assert pieces > 1


async def look(url: str, question: str, *values: Any) -> list[tuple[Any, ...]]:
    """Ask the database about the split tables."""
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(question, *values)]
    finally:
        await connection.close()

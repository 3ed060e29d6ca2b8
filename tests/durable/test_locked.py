"""What a forgotten session of PostgreSQL holds: who wants it is told, and the rest goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.batchrun import AFTER_OUTAGE
from ostiary.durable.group import GroupCommit
from ostiary.durable.queue import WorkItem
from ostiary.durable.worker import InTransaction
from ostiary.graph.errors import Unavailable
from ostiary.server.composition import translate
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact
from ostiary.storage.failures import is_locked, is_outage
from tests.durable.test_worker import MakeWorker
from tests.support.clocks import MONDAY, FixedClock
from tests.support.databases import opened
from tests.support.work import make_work, open_items, put, rows

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

SOON = "SET LOCAL lock_timeout = 50"
"""Milliseconds; ours are half a minute."""


@pytest.fixture
async def hasty(database_url: str) -> AsyncIterator[Database]:
    """The database for somebody who waits but a moment for a lock."""
    async with opened(database_url) as database:

        @event.listens_for(database._engines.writer.sync_engine, "begin")
        def hurry(conn: Any) -> None:
            conn.exec_driver_sql(SOON)

        yield database


@asynccontextmanager
async def held(database: Database, name: str) -> AsyncIterator[None]:
    """Hold a fact as a session does that somebody forgot to end."""
    async with database.transaction() as conn:
        await conn.execute(
            text("SELECT * FROM facts WHERE name = :name FOR UPDATE"), {"name": name}
        )
        yield


async def write(conn: AsyncConnection, name: str) -> None:
    await write_fact(conn, name, (await read_fact(conn, name) or 0) + 1)


async def facts_of(database: Database, *names: str) -> list[Any]:
    async with database.reading() as conn:
        return [await read_fact(conn, name) for name in names]


@pytest.fixture(autouse=True)
async def begun(database: Database) -> None:
    async with database.transaction() as conn:
        for name in ("a", "b", "c"):
            await write_fact(conn, name, 0)


async def test_a_lock_is_waited_for_half_a_minute(database: Database) -> None:
    async with database.transaction() as conn:
        assert await conn.scalar(text("SHOW lock_timeout")) == "30s"


async def test_who_wants_what_is_held_is_told_to_come_again(
    database: Database, hasty: Database
) -> None:
    async with held(database, "a"):
        with pytest.raises(DBAPIError) as caught:
            async with hasty.transaction() as conn:
                await write(conn, "a")

    assert is_locked(caught.value)
    assert is_outage(caught.value)
    answer = translate(caught.value)
    assert isinstance(answer, Unavailable)
    assert answer.context["retry_after"] == 5
    assert "holds the database" in str(answer)


async def test_those_of_one_commit_wait_once(database: Database, hasty: Database) -> None:
    batches: list[Sequence[str]] = []

    async def apply(conn: AsyncConnection, names: Sequence[str]) -> list[None]:
        batches.append(names)
        for name in names:
            await write(conn, name)
        return [None for _ in names]

    group = GroupCommit(hasty, apply, of="numbers")
    async with held(database, "b"):
        answers = await asyncio.gather(*map(group.submit, "abc"), return_exceptions=True)
        assert all(isinstance(answer, DBAPIError) for answer in answers)
        assert batches == [["a", "b", "c"]]
        await group.submit("c")

    await asyncio.gather(*map(group.submit, "ab"))
    assert await facts_of(database, "a", "b", "c") == [1, 1, 1]


async def test_work_on_what_is_held_is_put_off_and_has_not_failed(
    database: Database, hasty: Database, make_worker: MakeWorker, clock: FixedClock
) -> None:
    async def handle(conn: AsyncConnection, items: Sequence[WorkItem], _now: datetime) -> None:
        for item in items:
            await write(conn, item.key)

    await put(database, *(make_work(name) for name in ("a", "b", "c")))
    worker = make_worker(InTransaction("mail", handle), on=hasty)

    async with held(database, "b"):
        await worker.settle()
        (row,) = await rows(database)
        assert (row.key, row.attempts) == ("b", 0)
        assert row.due_at == MONDAY + AFTER_OUTAGE
        assert "lock" in row.last_error

    clock.advance(seconds=10)
    await worker.settle()
    assert await open_items(database) == []
    assert await facts_of(database, "a", "b", "c") == [1, 1, 1]

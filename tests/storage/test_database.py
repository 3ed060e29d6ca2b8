"""The database: what a transaction and a reading promise, on every kind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage import postgresql
from ostiary.storage.database import Database, NestedTransaction, announce
from ostiary.storage.facts import facts, read_fact, write_fact
from ostiary.storage.failures import DatabaseUnavailable, is_outage
from tests.support.databases import SQLiteFiles, opened, opened_in_memory

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def names(conn: AsyncConnection) -> list[str]:
    return sorted(await conn.scalars(select(facts.c.name)))


async def add(conn: AsyncConnection, name: str) -> None:
    await conn.execute(insert(facts).values(name=name, value=1))


async def test_a_transaction_is_seen_after_its_commit(database: Database) -> None:
    async with database.transaction() as conn:
        await add(conn, "a")
        async with database.reading() as reader:
            assert await names(reader) == []

    async with database.reading() as reader:
        assert await names(reader) == ["a"]


async def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as conn:
            await add(conn, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()

    async with database.reading() as reader:
        assert await names(reader) == []


async def test_a_reading_stays_with_its_snapshot(database: Database) -> None:
    async with database.reading() as reader:
        before = await names(reader)
        async with database.transaction() as conn:
            await add(conn, "a")

        assert await names(reader) == before


async def test_a_reading_refuses_to_write(database: Database) -> None:
    async with database.reading() as reader:
        with pytest.raises(DBAPIError):
            await add(reader, "a")


async def test_writers_that_come_together_all_succeed(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.transaction() as conn:
            await add(conn, f"name-{number}")

    await asyncio.gather(*(write(number) for number in range(30)))

    async with database.reading() as reader:
        assert len(await names(reader)) == 30


@only_sqlite
async def test_another_process_is_waited_for(database: Database, database_url: str) -> None:
    async with opened(database_url) as other:

        async def count_up(target: Database) -> None:
            async with target.transaction() as conn:
                await write_fact(conn, "n", (await read_fact(conn, "n") or 0) + 1)

        await asyncio.gather(*(count_up(target) for target in [database, other] * 10))

        async with other.reading() as reader:
            assert await read_fact(reader, "n") == 20


async def test_a_task_may_not_wait_for_itself(database: Database) -> None:
    async with database.transaction():
        with pytest.raises(NestedTransaction):
            async with database.transaction():
                pass

    async with database.transaction() as conn:
        assert await names(conn) == []


async def test_a_cancelled_writer_does_not_hold_up_the_next(database: Database) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with database.transaction() as conn:
            await add(conn, "a")
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    await asyncio.wait([task])

    async with database.transaction() as conn:
        assert await names(conn) == []


async def test_listeners_are_told_after_a_commit_that_announced(database: Database) -> None:
    told: list[str] = []
    database.on_commit(lambda: told.append("told"))

    async with database.transaction() as conn:
        announce(conn)
        assert told == []

    assert told == ["told"]


async def test_listeners_are_not_told_of_other_commits_or_of_none(database: Database) -> None:
    told: list[str] = []
    database.on_commit(lambda: told.append("told"))

    async def fail() -> None:
        async with database.transaction() as conn:
            announce(conn)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as conn:
        await add(conn, "a")

    assert told == []


@only_postgresql
async def test_nodes_that_joined_wake_each_other(database: Database, database_url: str) -> None:
    async with opened(database_url) as other:
        told, own = asyncio.Event(), asyncio.Event()
        other.on_commit(told.set)
        database.on_commit(own.set)
        await asyncio.gather(database.join(), other.join())

        async with database.transaction() as conn:
            announce(conn)

        await asyncio.wait_for(told.wait(), 60)
        assert own.is_set()


@only_postgresql
async def test_the_database_goes_on_after_its_connections_were_cut(database: Database) -> None:
    async def be_cut_off() -> None:
        async with database.transaction() as conn, database.reading() as other:
            pid = await conn.scalar(text("SELECT pg_backend_pid()"))
            await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await names(conn)

    with pytest.raises(DBAPIError) as caught:
        await be_cut_off()

    assert is_outage(caught.value)
    async with database.transaction() as conn:
        assert await names(conn) == []


@only_postgresql
async def test_a_connection_that_rested_is_tried_before_it_is_used(database_url: str) -> None:
    engine = postgresql.writer(postgresql.Server.of(make_url(database_url)), rested=0)
    async with engine.connect() as conn, engine.connect() as other:
        pid = await conn.scalar(text("SELECT pg_backend_pid()"))
        await conn.close()
        await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})

    async with engine.connect() as conn:
        assert await conn.scalar(text("SELECT pg_backend_pid()")) != pid
    await engine.dispose()


async def test_databases_in_memory_are_apart() -> None:
    async with opened_in_memory() as one, opened_in_memory() as other:
        async with one.transaction() as conn:
            await add(conn, "a")

        async with one.reading() as reader, other.reading() as other_reader:
            assert await names(reader) == ["a"]
            assert await names(other_reader) == []


async def test_a_database_that_cannot_be_reached_says_so(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/folder/x.db", f"postgresql:///x?host={tmp_path}"):
        with pytest.raises(DatabaseUnavailable) as caught:
            await Database.open(url)
        assert is_outage(caught.value)


async def test_only_two_kinds_of_database_are_supported() -> None:
    with pytest.raises(ValueError, match="'mysql' is not supported"):
        await Database.open("mysql://localhost/x")


async def test_a_file_is_written_ahead_and_synced(sqlite_files: SQLiteFiles) -> None:
    async with opened(sqlite_files.fresh()) as database, database.transaction() as conn:
        settings = [
            await conn.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert settings == ["wal", 2, 1]

"""Networks that swallow everything, and servers that do not answer, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage import postgresql
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact
from ostiary.storage.failures import DatabaseUnavailable, is_outage
from ostiary.storage.heartbeats import Heartbeat
from ostiary.storage.names import Name
from ostiary.storage.wakeups import Wakeups
from tests.support.databases import opened
from tests.support.relay import Relay, behind, relayed, through
from tests.support.waiting import eventually

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

QUICK = Heartbeat(interval=0.05, patience=0.2)


@pytest.fixture
async def relay(database_url: str) -> AsyncIterator[Relay]:
    async with relayed(behind(database_url)) as relay:
        yield relay


@pytest.fixture
async def far(database_url: str, relay: Relay) -> AsyncIterator[Database]:
    """The database through the relay, of which one second of silence is enough."""
    async with opened(through(database_url, relay, connect_timeout="1")) as database:
        yield database


async def refused(work: Awaitable[object]) -> None:
    with pytest.raises((DBAPIError, DatabaseUnavailable)) as caught:
        await work
    assert is_outage(caught.value)


async def ask(database: Database) -> int:
    async with database.transaction() as conn:
        return int(await conn.scalar(text("SELECT 1")) or 0)


async def test_a_statement_that_nobody_answers_is_given_up(far: Database, relay: Relay) -> None:
    async def hang() -> None:
        async with far.transaction() as conn:
            await conn.execute(text("SELECT 1"))
            relay.silence()
            await conn.execute(text("SELECT 1"))

    await refused(hang())


async def test_a_commit_that_nobody_answers_is_given_up(far: Database, relay: Relay) -> None:
    async def hang() -> None:
        async with far.transaction() as conn:
            await conn.execute(text("SELECT 1"))
            relay.silence()

    await refused(hang())


async def test_a_commit_of_which_the_answer_was_lost_is_an_outage_and_has_happened(
    far: Database, relay: Relay, database: Database
) -> None:
    async def commit() -> None:
        async with far.transaction() as conn:
            await write_fact(conn, "a", 1)
            relay.forget(only_back=True)

    await refused(commit())
    async with database.reading() as conn:
        assert await read_fact(conn, "a") == 1


async def test_who_waits_for_a_session_that_is_no_more_is_told_although_the_server_is_there(
    far: Database, relay: Relay, database: Database
) -> None:
    async def hang() -> None:
        async with far.transaction() as conn:
            pid = await conn.scalar(text("SELECT pg_backend_pid()"))
            relay.forget()
            async with database.transaction() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
            await conn.execute(text("SELECT 1"))

    await refused(hang())


async def test_a_statement_that_is_only_slow_is_left_alone(far: Database) -> None:
    async with far.transaction() as conn:
        assert await conn.scalar(text("SELECT 1 FROM pg_sleep(2.5)")) == 1


async def test_who_asks_a_silent_server_is_told_and_served_once_it_is_heard_again(
    far: Database, relay: Relay
) -> None:
    relay.silence()
    await asyncio.gather(*(refused(ask(far)) for _ in range(3)))

    relay.heal()
    assert await ask(far) == 1


async def test_a_server_that_falls_silent_while_a_connection_is_made_is_an_outage(
    far: Database, relay: Relay
) -> None:
    def hang(dbapi_connection: Any, _record: Any) -> None:
        relay.silence()
        dbapi_connection.run_async(lambda driver: driver.fetchval("SELECT 1"))

    event.listen(far._engines.writer.sync_engine, "connect", hang)
    async with far.reading():
        await refused(ask(far))


async def test_what_a_vanished_node_had_locked_is_soon_free(
    database: Database, database_url: str
) -> None:
    async def limit(conn: AsyncConnection) -> str:
        return str(await conn.scalar(text("SHOW idle_in_transaction_session_timeout")))

    async with database.transaction() as conn:
        assert await limit(conn) == "10s"
    migrating = postgresql.apart(postgresql.Server.of(postgresql.parsed(database_url)))
    async with migrating.connect() as conn:
        assert await limit(conn) == "0"


async def test_a_transaction_that_the_server_ended_for_being_idle_is_an_outage(
    database: Database,
) -> None:
    async def idle() -> None:
        async with database.transaction() as conn:
            await conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
            raw = await conn.get_raw_connection()
            ended = asyncio.Event()
            driver = raw.driver_connection
            assert driver is not None
            driver.add_termination_listener(lambda _driver: ended.set())
            await ended.wait()
            await conn.execute(text("SELECT 1"))

    await refused(idle())
    assert await ask(database) == 1


async def test_a_name_is_not_held_behind_a_silent_network(far: Database, relay: Relay) -> None:
    name = Name(far._engines.apart, "a", lambda: None, heartbeat=QUICK)
    await name.take()

    relay.silence()
    await eventually(partial(_is, name, held=False))
    relay.heal()
    await eventually(partial(_is, name, held=True))

    await name.give_back()


async def test_wake_ups_come_again_after_a_silence(
    far: Database, relay: Relay, database: Database
) -> None:
    heard = asyncio.Event()
    listening = Wakeups(far._engines.apart, heard.set, heartbeat=QUICK, reconnect=0.05)
    telling = Wakeups(database._engines.apart, lambda: None)
    await asyncio.gather(listening.start(), telling.start())

    async def is_heard() -> bool:
        telling.tell()
        return heard.is_set()

    relay.forget()
    await eventually(is_heard)
    await asyncio.gather(listening.stop(), telling.stop())


async def _is(name: Name, *, held: bool) -> bool:
    return name.is_held is held

"""Failures of PostgreSQL: which end a connection, or a server's turn, or are a collision."""

from __future__ import annotations

import socket

import pytest
from sqlalchemy import insert, make_url, text
from sqlalchemy.exc import DBAPIError

from ostiary.storage import postgresql
from ostiary.storage.database import Database
from ostiary.storage.facts import facts
from ostiary.storage.failures import DatabaseUnavailable, is_collision, is_outage

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

_SAY = "DO $$ BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = '{}'; END $$"


async def told(database: Database, state: str) -> DBAPIError:
    """Have the server tell a state in the middle of a transaction."""
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as conn:
            await conn.execute(text(_SAY.format(state)))
    return caught.value


@only_postgresql
async def test_states_of_the_server_are_told_from_those_of_a_statement(database: Database) -> None:
    outages = ["57P01", "57P02", "57P03", "25P03", "08006", "53100", "53200", "58030"]
    for state in [*outages, "25006", "55P03"]:
        assert is_outage(await told(database, state)), state
    for state in ("40001", "40P01"):
        error = await told(database, state)
        assert is_collision(error)
        assert not is_outage(error)
    assert not is_outage(await told(database, "23505"))


@only_postgresql
async def test_a_server_that_takes_no_changes_any_more_is_left(database: Database) -> None:
    async with database.transaction() as conn:
        before = await conn.scalar(text("SELECT pg_backend_pid()"))
        await conn.execute(text("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"))

    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as conn:
            await conn.execute(insert(facts).values(name="a", value=1))

    assert is_outage(caught.value)
    async with database.transaction() as conn:
        await conn.execute(insert(facts).values(name="a", value=1))
        assert await conn.scalar(text("SELECT pg_backend_pid()")) != before


async def test_a_connection_that_breaks_in_the_drivers_words_is_an_outage(memory: Database) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with memory.transaction():
            raise ConnectionResetError("Connection reset by peer")


def test_several_hosts_are_read_as_libpq_writes_them() -> None:
    url = postgresql.parsed("postgresql://o:p@one,two:6432/db?target_session_attrs=read-write")

    assert url.query == {
        "host": ("one:5432", "two:6432"),
        "target_session_attrs": "read-write",
    }
    assert (url.username, url.password, url.database) == ("o", "p", "db")
    plain = "postgresql://o:p@one/db?options=a,b"
    assert postgresql.parsed(plain) == make_url(plain)


def test_a_server_that_vanishes_is_noticed() -> None:
    class Connected:
        def __init__(self, sock: socket.socket) -> None:
            self.driver_connection = self._transport = self
            self._socket = sock

        def get_extra_info(self, _name: str) -> socket.socket:
            return self._socket

    with socket.socket(socket.AF_INET) as one:
        postgresql._watch(Connected(one), None)

        assert one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert one.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 20_000

"""URLs that name several servers, of which one may be dead, silent, or a standby."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest

from ostiary.storage import postgresql
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.hosts import Hosts
from tests.support.relay import Relay, behind, relayed, through

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

PATIENCE = 0.5


@pytest.fixture
async def relays(database_url: str) -> AsyncIterator[tuple[Relay, Relay]]:
    """Two ways to one server, which look like two servers."""
    async with AsyncExitStack() as stack:
        target = behind(database_url)
        one = await stack.enter_async_context(relayed(target))
        yield one, await stack.enter_async_context(relayed(target))


async def where(hosts: Hosts, *relays: Relay, **options: str) -> int:
    """Connect, and give the port at which somebody answered."""
    connection = await hosts.connect(
        host=["127.0.0.1"] * len(relays),
        port=[relay.port for relay in relays],
        user="postgres",
        database="postgres",
        **options,
    )
    try:
        return int(connection._addr[1])
    finally:
        await connection.close()


@only_postgresql
async def test_a_server_that_says_nothing_leaves_time_for_the_next(
    relays: tuple[Relay, Relay],
) -> None:
    silent, good = relays
    silent.silence()

    assert await where(Hosts(PATIENCE), silent, good) == good.port


@only_postgresql
async def test_a_dead_server_is_passed_over(relays: tuple[Relay, Relay]) -> None:
    dead, good = relays
    await dead.stop()

    assert await where(Hosts(PATIENCE), dead, good) == good.port


@only_postgresql
async def test_the_server_that_was_good_last_is_asked_first(relays: tuple[Relay, Relay]) -> None:
    silent, good = relays
    silent.silence()
    hosts = Hosts(PATIENCE)
    await where(hosts, silent, good)
    silent.heal()

    assert await where(hosts, silent, good) == good.port


@only_postgresql
async def test_servers_of_which_none_is_what_is_asked_for_are_an_outage(
    relays: tuple[Relay, Relay], database_url: str
) -> None:
    with pytest.raises(DatabaseUnavailable, match=r"is not standby; .* is not standby"):
        await Database.open(through(database_url, *relays, target_session_attrs="standby"))


async def test_who_is_refused_by_all_is_told_why_by_each() -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))  # and never listens
        port = one.getsockname()[1]

        with pytest.raises(ConnectionError, match=f"127.0.0.1:{port} cannot be used: .*failed"):
            await Hosts().connect(host="127.0.0.1", port=port, user="o", database="o")


@only_postgresql
async def test_a_refusal_is_final(relays: tuple[Relay, Relay]) -> None:
    one, other = relays

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await Hosts().connect(
            host=["127.0.0.1"] * 2, port=[one.port, other.port], user="postgres", database="none"
        )


def test_the_url_says_how_long_a_server_has() -> None:
    def patience(parameters: str) -> float:
        return postgresql.Server.of(postgresql.parsed(f"postgresql://o@h/d{parameters}")).patience

    assert patience("?connect_timeout=12") == 12
    assert patience("") == patience("?connect_timeout=0") == 5
    with pytest.raises(ValueError, match="connect_timeout is a number of seconds, not 'soon'"):
        patience("?connect_timeout=soon")

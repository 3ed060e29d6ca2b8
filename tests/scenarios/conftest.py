"""Fixtures of the stories: one composed server for a module on each database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ostiary.directory import seed
from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.settings import ClockKind, ConnectivityTest, Settings
from tests.extensions.endpoints import ScriptedEndpoint
from tests.scenarios.house import BASE, House
from tests.scenarios.parking import ParkedRequest, ParkedTask
from tests.support.databases import opened
from tests.support.partitions import split

MONDAY = "2026-01-05T09:00:00Z"


@pytest.fixture(scope="module")
def more_settings() -> dict[str, Any]:
    """What a module sets for its server, beside the usual."""
    return {}


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["sqlite", "postgresql"])
async def server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    more_settings: dict[str, Any],
) -> AsyncIterator[Server]:
    """A server with the small organisation, as ``ostiary serve`` composes it, without a worker.

    The stories of a module share it: each makes a catalog, a group and workflows of its own. What
    does not depend on the database asks for ``memory``; ``partitioned`` is a PostgreSQL whose large
    tables are split.
    """
    data_dir: Path = tmp_path_factory.mktemp("house")
    async with AsyncExitStack() as stack:
        url = "sqlite://" if request.param == "memory" else None
        if request.param in ("postgresql", "partitioned"):
            fresh = request.getfixturevalue("postgresql").fresh(tables=False)
            url = await stack.enter_async_context(fresh)
        if request.param == "partitioned":
            await _partition(url)
        settings = Settings(
            data_dir=data_dir,
            database_url=url,
            clock=ClockKind.SIMULATED,
            clock_start=MONDAY,
            connectivity_test=ConnectivityTest.OFF,
            **more_settings,
        )
        server = await stack.enter_async_context(composition.opened(settings, base_urls=[BASE]))
        async with server.database.transaction() as conn:
            await seed.small_organisation(conn, server.clock.now())
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def http(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the server's application, without a network between them."""
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="module")
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """An extension's endpoint on loopback, which answers 202."""
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def house(server: Server, http: httpx.AsyncClient, endpoint: ScriptedEndpoint) -> House:
    """The server, everybody who calls it, and an endpoint of this test's own."""
    return House(server, http, endpoint)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parked_request(server: Server, http: httpx.AsyncClient) -> AsyncIterator[ParkedRequest]:
    """A request that waits, for a module whose tests leave it alone or park the next."""
    async with ScriptedEndpoint() as endpoint:
        parked = ParkedRequest(House(server, http, endpoint))
        await parked.park()
        yield parked


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def parked_task(server: Server, http: httpx.AsyncClient) -> AsyncIterator[ParkedTask]:
    """A task that waits, for a module whose tests leave it alone or park the next."""
    async with ScriptedEndpoint() as endpoint:
        parked = ParkedTask(House(server, http, endpoint))
        await parked.park()
        yield parked


async def _partition(url: str | None) -> None:
    assert url is not None
    async with opened(url) as database:
        await database.upgrade()
    await split(url)

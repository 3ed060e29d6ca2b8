"""A server in this process, on both databases, with the settings that a test module asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ostiary.directory import seed
from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.settings import ClockKind, ConnectivityTest, Settings
from tests.scenarios.house import BASE
from tests.support.databases import PostgreSQL

Opening = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture(params=["sqlite", "postgresql"])
def opening(request: pytest.FixtureRequest, tmp_path: Path) -> Opening:
    """Open a server with some settings, a simulated clock and the small organisation."""

    @asynccontextmanager
    async def opened(**chosen: Any) -> AsyncIterator[Server]:
        async with AsyncExitStack() as stack:
            url = None
            if request.param == "postgresql":
                postgresql: PostgreSQL = request.getfixturevalue("postgresql")
                url = await stack.enter_async_context(postgresql.fresh(tables=False))
            settings = Settings(
                data_dir=tmp_path,
                database_url=url,
                clock=ClockKind.SIMULATED,
                connectivity_test=ConnectivityTest.OFF,
                **chosen,
            )
            server = await stack.enter_async_context(composition.opened(settings, base_urls=[BASE]))
            async with server.database.transaction() as conn:
                await seed.small_organisation(conn, server.clock.now())
            yield server

    return opened

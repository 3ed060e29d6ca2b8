"""A request that takes too long: its caller is told in time, and what it asked for goes on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn

from ostiary.cli.connections import Connection
from ostiary.graph.app import GraphApp
from ostiary.graph.incoming import Incoming
from ostiary.graph.replies import Reply
from ostiary.server.metrics import Measured
from tests.support.numbers import risen, sample
from tests.support.waiting import eventually


class Slow:
    """An engine that answers when it is let go; what is not slow it answers at once."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.done: list[str] = []

    async def answer(self, incoming: Incoming) -> Reply:
        if "slow" in incoming.path:
            await self.go.wait()
        self.done.append(incoming.path)
        return Reply(200, {"value": incoming.path})

    async def is_done(self) -> bool:
        return "/v1.0/slow" in self.done


@asynccontextmanager
async def served(engine: Slow, within: timedelta) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an engine on loopback, as the server does."""
    graph: Any = GraphApp(engine=engine, answers_within=within)  # type: ignore[arg-type]
    config = uvicorn.Config(
        Measured(graph), port=0, http=Connection, lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        await server.shutdown()


async def test_who_waits_too_long_is_told_and_the_work_goes_on() -> None:
    engine = Slow()
    async with served(engine, timedelta(milliseconds=50)) as client:
        headers = {"client-request-id": "mine"}
        with risen() as numbers:
            late = await client.post("/v1.0/slow", json={}, headers=headers)

        error = late.json()["error"]
        assert (late.status_code, error["code"]) == (504, "GatewayTimeout")
        assert late.headers["Retry-After"] == "10"
        assert late.headers["client-request-id"] == "mine"
        assert error["innerError"]["request-id"] == late.headers["request-id"]
        assert engine.done == []

        other = await client.get("/v1.0/quick")  # on the same connection
        assert other.json() == {"value": "/v1.0/quick"}
        engine.go.set()
        await eventually(engine.is_done)
        assert (await client.get("/v1.0/quick")).status_code == 200

    told = sample("ostiary_http_requests_total", root="v1.0", method="POST", status="504")
    assert numbers.get(told, 0) == 0  # it is counted when it has ended


async def test_who_is_answered_in_time_hears_of_no_limit() -> None:
    engine = Slow()
    async with served(engine, timedelta(minutes=1)) as client:
        asked = asyncio.create_task(client.get("/v1.0/slow"))
        await asyncio.sleep(0)
        engine.go.set()

        assert (await asked).status_code == 200


@pytest.mark.parametrize("within", [timedelta(0), timedelta(milliseconds=1)])
async def test_exactly_one_reply_is_sent_however_close_it_is(within: timedelta) -> None:
    engine = Slow()
    engine.go.set()
    async with served(engine, within) as client:
        for _ in range(50):
            reply = await client.get("/v1.0/slow")
            assert reply.status_code in (200, 504)
    assert len(engine.done) == 50

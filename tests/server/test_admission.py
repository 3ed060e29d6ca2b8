"""More than a node can take is turned away at once, by status and header, and nothing hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from ostiary.extensions import store
from ostiary.graph.errors import DomainError
from ostiary.server.admission import Admission
from ostiary.server.composition import Server
from ostiary.server.front import refusal
from tests.extensions.endpoints import ScriptedEndpoint
from tests.scenarios.bodies import answer
from tests.scenarios.house import BASE, House
from tests.scenarios.parking import ParkedRequest
from tests.server.conftest import Opening


@pytest.fixture
async def server(opening: Opening) -> AsyncIterator[Server]:
    """A server that works on nine requests at a time; four answers may wait for their commit."""
    async with opening(max_requests=9) as server:
        yield server


@pytest.fixture
async def parked(server: Server) -> AsyncIterator[ParkedRequest]:
    """A request that waits for an answer."""
    transport = httpx.ASGITransport(server.app)
    async with (
        ScriptedEndpoint() as endpoint,
        httpx.AsyncClient(transport=transport, base_url=BASE) as http,
    ):
        parked = ParkedRequest(House(server, http, endpoint))
        await parked.park()
        yield parked


@asynccontextmanager
async def held(server: Server, request: str) -> AsyncIterator[None]:
    """Hold the callouts of a request in a transaction, so that no answer can be stored."""
    inside, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with server.database.transaction() as conn:
            await store.lock_of_owners(conn, [request])
            inside.set()
            await go.wait()

    holding = asyncio.create_task(hold())
    await inside.wait()
    yield
    go.set()
    await holding


async def test_answers_that_are_too_many_are_told_when_to_come_again(
    server: Server, parked: ParkedRequest
) -> None:
    admin, body = parked.house.admin, answer(parked.call)
    async with held(server, parked.path.split("/")[-2]):
        sent = [asyncio.create_task(admin.send("POST", parked.path, body)) for _ in range(9)]
        (first, *_), rest = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        refused = first.result()

        ready = await parked.house.http.get("/health/ready")
        assert (await admin.send("GET", parked.path.removesuffix("/resume"))).status_code == 200

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.json()["error"]["code"] == "serviceNotAvailable"
    assert ready.status_code == 200
    assert {(await task).status_code for task in rest} <= {204, 503}
    assert 204 in {(await task).status_code for task in rest}
    again = await admin.send("POST", parked.path, body)
    assert again.status_code == 204


class Waiting:
    """An application that reads a body and answers when it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.inside = asyncio.Semaphore(0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            await request.body()
        except DomainError as error:
            await refusal(request, error)(scope, receive, send)
            return
        self.inside.release()
        await self.go.wait()
        await Response(status_code=204)(scope, receive, send)


@asynccontextmanager
async def admitting(app: Waiting, **bounds: int) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Admission(app=app, **bounds))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def test_no_more_requests_are_worked_on_than_there_are_places() -> None:
    app = Waiting()
    async with admitting(app, requests=2, bytes=100) as client:
        sent = [asyncio.create_task(client.get("/v1.0/users")) for _ in range(2)]
        for _ in sent:
            await app.inside.acquire()

        refused = await client.get("/v1.0/users")
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        app.go.set()
        assert [(await task).status_code for task in sent] == [204, 204]
        assert (await client.get("/v1.0/users")).status_code == 204


async def test_bodies_are_counted_until_their_requests_are_answered() -> None:
    app = Waiting()
    async with admitting(app, requests=10, bytes=100) as client:
        first = asyncio.create_task(client.post("/v1.0/users", content=b"x" * 60))
        await app.inside.acquire()

        refused = await client.post("/v1.0/users", content=b"x" * 41)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        app.go.set()
        assert (await first).status_code == 204
        assert (await client.post("/v1.0/users", content=b"x" * 100)).status_code == 204

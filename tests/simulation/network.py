"""What lies between the servers and everybody else: messages that are late, lost, or sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from random import Random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
import httpx

from tests.simulation.loop import SimulatedLoop

if TYPE_CHECKING:
    from tests.simulation.nodes import Node

PATIENCE = 30.0  # seconds that a caller of the server waits


class Lost(Exception):
    """Nobody knows whether the request arrived: no connection, or no reply."""


class Endpoint(Protocol):
    """Whoever takes the callouts."""

    async def take(self, body: Mapping[str, Any]) -> int | None:
        """Take a callout; give the status of the reply, None for none."""
        ...


@dataclass
class Network:
    """Every message takes a random time; ``loss`` is the chance that one never arrives."""

    loop: SimulatedLoop
    random: Random
    loss: float = 0.0
    slowest: float = 0.3
    endpoint: Endpoint | None = None
    counts: dict[str, int] = field(default_factory=dict)

    async def carry(self) -> None:
        """Take a message to the other side.

        :raises Lost: it did not arrive.
        """
        await asyncio.sleep(self.random.random() ** 3 * self.slowest)
        if self.loss and self.random.random() < self.loss:
            self.counts["messages lost"] = self.counts.get("messages lost", 0) + 1
            raise Lost

    async def ask(self, node: Node, request: Incoming) -> Answered:
        """Send a request to a server, and give its reply.

        :raises Lost: what became of it is not known.
        """
        await self.carry()
        if not node.is_serving:
            raise Lost
        reply = self.loop.create_future()
        node.life.at_death.append(partial(_break_off, reply))
        self.loop.live(node.life, _serve(node, request, reply))
        try:
            async with asyncio.timeout(PATIENCE):
                answered: Answered = await reply
        except TimeoutError:
            raise Lost from None
        await self.carry()
        return answered

    @asynccontextmanager
    async def post(
        self,
        url: Any,
        *,
        data: bytes,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  # as the client calls it
        **rest: Any,
    ) -> AsyncIterator[Any]:
        """Call the endpoint, as the pool of connections of the product does."""
        assert self.endpoint is not None
        try:
            async with asyncio.timeout(timeout.total):
                await self.carry()
                # What the endpoint does goes on, whatever becomes of the caller.
                taken = self.loop.apart(self.endpoint.take(json.loads(data)))
                status = await asyncio.shield(taken)
                await self.carry()
                if status is None:
                    await asyncio.sleep(timeout.total or 0)
        except Lost:
            raise aiohttp.ServerDisconnectedError from None
        yield SimpleNamespace(status=status, headers={}, content=_Nothing())

    async def close(self) -> None:
        """Close the pool, of which there is nothing to close."""


class _Nothing:
    async def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """Give the body of the reply: there is none."""
        nothing: tuple[bytes, ...] = ()
        for chunk in nothing:
            yield chunk


def _break_off(reply: asyncio.Future[Answered]) -> None:
    if not reply.done():
        reply.set_exception(Lost())


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request to a server."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The reply of a server."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return json.loads(self.body) if self.body else None


async def _serve(node: Node, request: Incoming, reply: asyncio.Future[Answered]) -> None:
    """Run the application for one request, as the listener of a server does."""
    path, _, query = request.path.partition("?")
    told: dict[str, Any] = {"body": b""}

    async def receive() -> Any:
        return {"type": "http.request", "body": request.body, "more_body": False}

    async def send(message: Any) -> None:
        told["body"] += message.get("body", b"")
        told.update({k: v for k, v in message.items() if k in ("status", "headers")})

    scope = {
        "type": "http",
        "method": request.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(n.lower().encode(), v.encode()) for n, v in request.headers.items()],
        "server": ("127.0.0.1", 8080),
    }
    try:
        await node.server.app(scope, receive, send)
    except Exception as error:
        if not reply.done():
            reply.set_exception(error)
        return
    if not reply.done():
        reply.set_result(
            Answered(status=told["status"], headers=tuple(told["headers"]), body=told["body"])
        )


class Transport(httpx.AsyncBaseTransport):
    """Lets a client of the tests, who is believed to be ``who``, talk to one node."""

    def __init__(self, network: Network, node: Node, who: Mapping[str, str]) -> None:
        self._network = network
        self._node = node
        self._who = who

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; give the reply."""
        asked = Incoming(
            method=request.method,
            path=request.url.raw_path.decode(),
            headers={**request.headers, "authorization": self._who["Authorization"]},
            body=await request.aread(),
        )
        reply = await self._network.ask(self._node, asked)
        return httpx.Response(reply.status, headers=list(reply.headers), content=reply.body)

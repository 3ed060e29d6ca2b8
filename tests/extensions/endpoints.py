"""A real HTTP endpoint on loopback that does what a test tells it, and remembers what it got.

async with ScriptedEndpoint() as endpoint:
    endpoint.replies(503).then(202)
    ...
    assert endpoint.calls[0].json()["Stage"] == "assignmentRequestCreated"
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from aiohttp import web

from ostiary.extensions.receiver import Received
from tests.support.waiting import PATIENCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it arrived; header names in lower case."""

    method: str
    path: str
    """With the query, as it was spelled."""
    url: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Give the body as JSON."""
        return msgspec.json.decode(self.body)

    def received(self) -> Received:
        """Give the call as ``receiver.verify`` wants it."""
        return Received(method=self.method, url=self.url, headers=self.headers, body=self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the endpoint answers; ``None`` as status breaks the connection off."""

    status: int | None = 202
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ScriptedEndpoint:
    """Answers 202 to everything, until it is told otherwise."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.on_call: Callable[[Call], Awaitable[None]] | None = None
        """Awaited before the reply: an extension that calls back at once."""
        self._replies: deque[Reply] = deque()
        self._usual = Reply()
        self._open = asyncio.Event()
        self._open.set()
        self._arrived = asyncio.Condition()
        self._port = 0

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open.set()
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}/hook"

    def replies(
        self,
        status: int | None = 202,
        headers: Mapping[str, str] | None = None,
        *,
        body: bytes = b"",
    ) -> Self:
        """Answer the next call like this; ``None`` as status breaks the connection off."""
        self._replies.append(Reply(status=status, headers=headers or {}, body=body))
        return self

    then = replies

    def always(self, status: int | None) -> Self:
        """Answer every further call like this."""
        self._usual = Reply(status=status)
        return self

    def holds_its_replies(self) -> Self:
        """Take calls and say nothing until ``releases``."""
        self._open.clear()
        return self

    def releases(self) -> None:
        """Answer what was held, and from now on at once."""
        self._open.set()

    async def got(self, number: int = 1) -> list[Call]:
        """Wait until so many calls have arrived."""
        async with asyncio.timeout(PATIENCE), self._arrived:
            await self._arrived.wait_for(lambda: len(self.calls) >= number)
        return self.calls

    async def goes_away(self) -> None:
        """Stop listening: connections are refused from now on."""
        await self._site.stop()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        call = Call(
            method=request.method,
            path=request.raw_path,
            url=f"http://{request.host}{request.raw_path}",
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.read(),
        )
        reply = self._replies.popleft() if self._replies else self._usual
        async with self._arrived:
            self.calls.append(call)
            self._arrived.notify_all()
        if self.on_call is not None:
            await self.on_call(call)
        await self._open.wait()
        if reply.status is None and request.transport is not None:
            request.transport.abort()
        return web.Response(status=reply.status or 500, headers=reply.headers, body=reply.body)

"""What a client may send beside bodies is bounded, and so is how long it is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from ostiary.cli.connections import LARGEST_HEAD, PATIENCE, Connection

HEAD = b"POST /v1.0/groups HTTP/1.1\r\nhost: x\r\n"


class Timer:
    """A timer that runs out when a test says so."""

    def __init__(self, seconds: float, act: Callable[[], None]) -> None:
        self.seconds, self.act = seconds, act
        self.is_canceled = False

    def cancel(self) -> None:
        self.is_canceled = True


class Loop:
    """The loop as a connection uses it."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []
        self.tasks: list[Any] = []

    def call_later(self, seconds: float, act: Callable[[], None]) -> Timer:
        self.timers.append(Timer(seconds, act))
        return self.timers[-1]

    def create_task(self, work: Any) -> Any:
        self.tasks.append(asyncio.get_running_loop().create_task(work))
        return self.tasks[-1]

    @property
    def waits(self) -> bool:
        return any(not t.is_canceled and t.seconds == PATIENCE for t in self.timers)

    def let_time_pass(self) -> None:
        for timer in self.timers:
            if not timer.is_canceled:
                timer.act()


class Transport:
    """The other side of a connection: what was written to it, and whether it was ended."""

    def __init__(self) -> None:
        self.written, self.is_ended = b"", False

    def get_extra_info(self, _: str, default: Any = None) -> Any:
        return default

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_ended

    def close(self) -> None:
        self.is_ended = True

    abort = close

    def pause_reading(self) -> None:
        """Nothing arrives by itself."""

    resume_reading = pause_reading


class Client:
    """A client that has connected to an application which answers when it is let go."""

    def __init__(self) -> None:
        self.loop, self.transport, self.go = Loop(), Transport(), asyncio.Event()
        loop: Any = self.loop
        config = uvicorn.Config(
            self._app,
            interface="asgi3",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
        )
        self.connection = Connection(config, ServerState(), {}, loop)
        transport: Any = self.transport
        self.connection.connection_made(transport)

    def send(self, data: bytes) -> None:
        self.connection.data_received(data)

    async def answered(self) -> None:
        self.go.set()
        await asyncio.gather(*self.loop.tasks)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        await self.go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """A client; at the end it has gone, and the application knows."""
    client = Client()
    yield client
    client.connection.connection_lost(None)
    await client.answered()


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"GET /v1.0/groups HT",
        HEAD + b"content-length: 9\r\n\r\n{",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
    ],
    ids=["nothing", "half a line", "half a body", "a chunk"],
)
async def test_a_request_that_does_not_arrive_is_not_waited_for_for_ever(
    client: Client, part: bytes
) -> None:
    if part:
        client.send(part)
    assert client.loop.waits
    assert not client.transport.is_ended

    client.loop.let_time_pass()

    assert client.transport.is_ended


async def test_a_request_that_has_arrived_may_take_its_time(client: Client) -> None:
    client.send(HEAD + b"content-length: 2\r\n\r\n{")
    client.send(b"}")

    assert not client.loop.waits


async def test_a_client_that_sends_blank_lines_between_requests_is_waited_for_no_longer(
    client: Client,
) -> None:
    client.send(HEAD + b"content-length: 0\r\n\r\n")
    await client.answered()

    client.send(b"\r\n")
    client.loop.let_time_pass()

    assert client.transport.is_ended


async def test_a_client_that_does_not_read_is_not_waited_for_for_ever(client: Client) -> None:
    client.send(HEAD + b"content-length: 0\r\n\r\n")
    client.connection.pause_writing()
    client.connection.resume_writing()
    assert not client.loop.waits

    client.connection.pause_writing()
    client.loop.let_time_pass()

    assert client.transport.is_ended


@pytest.mark.parametrize(
    "start",
    [
        b"GET /",
        HEAD + b"x: ",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nx: ",
        HEAD + b"transfer-encoding: chunked\r\n\r\n1;",
    ],
    ids=["path", "header", "trailer", "extension of a chunk"],
)
async def test_what_never_ends_is_cut_off(client: Client, start: bytes) -> None:
    client.send(start)
    sent = 0
    while not client.transport.is_ended:
        client.send(b"a" * 4096)
        sent += 4096

    assert sent <= LARGEST_HEAD + 4096
    assert b"HTTP/1.1 4" in client.transport.written


async def test_headers_that_are_too_large_together_are_refused(client: Client) -> None:
    client.send(HEAD + b"".join(b"x%d: %b\r\n" % (n, b"a" * 1000) for n in range(70)))

    assert client.transport.written.startswith(b"HTTP/1.1 431 ")
    assert client.transport.is_ended
    assert not client.loop.tasks


async def test_who_asks_for_another_protocol_is_answered_in_this_one_without_advice_in_the_log(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.send(HEAD + b"connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 0\r\n\r\n")
    await client.answered()

    assert client.transport.written.startswith(b"HTTP/1.1 204")
    assert caplog.text == ""


async def test_a_body_may_come_in_many_small_chunks(client: Client) -> None:
    client.send(HEAD + b"transfer-encoding: chunked\r\n\r\n")
    for _ in range(LARGEST_HEAD):
        client.send(b"1\r\n \r\n")

    assert not client.transport.is_ended

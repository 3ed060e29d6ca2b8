"""An HTTP server inside this process that leaves signals to whoever started it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from ostiary.cli.connections import Connection
from ostiary.cli.problems import Failed
from ostiary.server.front import ASGI


class Listener(uvicorn.Server):
    """uvicorn without its own handling of signals, and with a word when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listens = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and say so."""
        await super().startup(sockets=sockets)
        self.listens.set()

    def stop(self) -> None:
        """Accept nothing more; at a second call, drop the requests that are still open."""
        self.force_exit = self.should_exit
        self.should_exit = True

    def stop_once(self) -> None:
        """Accept nothing more, and leave the open requests alone."""
        self.should_exit = True


def quiet(app: ASGI, *, patience: int, **more: Any) -> uvicorn.Config:
    """Configure a listener that logs nothing itself, tells nothing of itself and believes no proxy.

    What clients may send, and how long they are waited for, is bounded. ``patience`` is how many
    seconds open requests may take once it stops.
    """
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=patience,
        **more,
    )


async def until(event: asyncio.Event, task: asyncio.Task[Any]) -> None:
    """Return when something has happened, or a task has ended.

    :raises Exception: what the task raised.
    """
    happens = asyncio.create_task(event.wait())
    try:
        await asyncio.wait({happens, task}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happens.cancel()
    if task.done():
        task.result()


@asynccontextmanager
async def listening(
    listener: Listener, sockets: Sequence[socket.socket]
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve on bound sockets while the block runs; the task ends when the listener is stopped.

    :raises Failed: it ended before it listened.
    """
    serving = asyncio.create_task(listener.serve(list(sockets)), name="http")
    try:
        await _started(listener, serving)
        yield serving
    finally:
        listener.should_exit = True
        await serving


async def _started(listener: Listener, serving: asyncio.Task[Any]) -> None:
    await until(listener.listens, serving)
    if serving.done():
        raise Failed("The server ended before it listened; the log says why.")

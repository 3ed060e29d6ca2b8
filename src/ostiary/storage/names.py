"""A name that one process at a time has, for as long as it lives.

On PostgreSQL it is an advisory lock of a connection that does nothing else: it ends with the
process, however that ends, and nothing has to grow old before a successor may have the name. A
connection can also be lost while the process lives. Then the name is not held until it is taken
again, and another may have taken it meanwhile.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ostiary.storage.heartbeats import Heartbeat

_log: Final = structlog.get_logger(__name__)

PATIENCE: Final = timedelta(seconds=40)
"""Longer than PostgreSQL takes to notice that the machine of a predecessor has vanished."""

_AGAIN: Final = 0.2
_REMIND: Final = 60.0

# A standby knows nothing of the locks of others.
_TAKE: Final = "SELECT CASE WHEN pg_is_in_recovery() THEN false ELSE pg_try_advisory_lock($1) END"

_HELD: Final = text(
    "SELECT classid::bigint << 32 | objid::bigint FROM pg_locks WHERE locktype = 'advisory' "
    "AND granted AND objsubid = 1 AND database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)


class NameTaken(Exception):
    """Another process that runs has the name."""


class Name:
    """Holds one name; ``changed`` is called when it is taken again after a loss."""

    def __init__(
        self,
        engine: AsyncEngine,
        name: str,
        changed: Callable[[], None],
        *,
        heartbeat: Heartbeat | None = None,
    ) -> None:
        self.is_held = False
        self._engine = engine
        self._heartbeat = heartbeat or Heartbeat()
        self._name = name
        self._key = _key(name)
        self._changed = changed
        self._settled = asyncio.Event()
        self._was_held = False
        self._reminded: float | None = None
        self._task: asyncio.Task[None] | None = None

    async def take(self, patience: timedelta = PATIENCE) -> None:
        """Take the name, and hold it until :meth:`give_back`; more than once does no harm.

        A predecessor that has just died may hold it for a moment. An outage is not waited out here:
        ``is_held`` tells.

        :raises NameTaken: another process still has it after so long.
        """
        if self._task is None:
            self._task = asyncio.create_task(self._keep(), name=f"name {self._name}")
        try:
            async with asyncio.timeout(patience.total_seconds()):
                await self._settled.wait()
        except TimeoutError:
            await self.give_back()
            raise NameTaken(
                f"Another process on this database runs under the name {self._name!r}: stop it, "
                "or give this one a name of its own (OSTIARY_NODE, or --node of a worker)."
            ) from None
        except BaseException:
            await self.give_back()
            raise

    async def give_back(self) -> None:
        """Let others have the name."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    async def _keep(self) -> None:
        while True:
            try:
                await self._hold()
            except Exception as error:
                _log.warning("node.name_lost", node=self._name, exc_info=error)
                self._settled.set()
            await asyncio.sleep(_AGAIN)

    async def _hold(self) -> None:
        """Take the name, wait for it if need be, and return when the connection is lost."""
        async with self._engine.connect() as conn:
            driver: Any = (await conn.get_raw_connection()).driver_connection
            lost = asyncio.Event()
            driver.add_termination_listener(lambda _driver: lost.set())
            try:
                while not await driver.fetchval(_TAKE, self._key, timeout=self._heartbeat.patience):
                    self._refused()
                    await asyncio.sleep(_AGAIN)
                self._taken()
                await self._heartbeat.until(lost, driver)
                _log.warning("node.name_lost", node=self._name)
            finally:
                self.is_held = False
                await conn.invalidate()  # with the connection ends the lock

    def _taken(self) -> None:
        self.is_held, self._was_held, self._reminded = True, True, None
        self._settled.set()
        _log.info("node.name_held", node=self._name)
        self._changed()

    def _refused(self) -> None:
        """Tell once that somebody else has it, and then now and again."""
        now = asyncio.get_running_loop().time()
        if self._reminded is None or now - self._reminded >= _REMIND:
            self._reminded = now
            tell = _log.error if self._was_held else _log.warning
            tell("node.name_taken", node=self._name)


async def held(conn: AsyncConnection, names: Collection[str]) -> frozenset[str] | None:
    """Say which of these names a process holds now; None: nobody can tell (SQLite)."""
    if conn.dialect.name == "sqlite":
        return None
    keys = set((await conn.execute(_HELD)).scalars())
    return frozenset(name for name in names if _key(name) in keys)


def _key(name: str) -> int:
    """Give the number of the lock for a name: 64 bits, which no two names of a cluster share."""
    digest = hashlib.sha256(f"ostiary node {name}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)

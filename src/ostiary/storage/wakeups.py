"""Wake-ups between the nodes on one PostgreSQL, by ``LISTEN`` and ``NOTIFY``.

They are hints: one that is lost costs a poll interval. So they are sent after the commit instead of
inside the transaction, where they would make commits wait for each other, and many become one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from ostiary.storage.heartbeats import Heartbeat

_log: Final = structlog.get_logger(__name__)

_CHANNEL: Final = "ostiary_work"
_BETWEEN: Final = 0.05  # seconds that one notification stands for all that follow
_RECONNECT: Final = 5.0


class Wakeups:
    """One connection that tells other nodes of commits and hears of theirs."""

    def __init__(
        self,
        engine: AsyncEngine,
        heard: Callable[[], None],
        *,
        heartbeat: Heartbeat | None = None,
        reconnect: float = _RECONNECT,
    ) -> None:
        self._engine = engine
        self._heartbeat = heartbeat or Heartbeat()
        self._reconnect = reconnect
        self._heard = heard
        self._ask = asyncio.Event()
        self._listening = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and listen; when the connection is lost, another is made."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="wake-ups")
        await self._listening.wait()

    def tell(self) -> None:
        """Have the other nodes woken soon."""
        self._ask.set()

    async def stop(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            try:
                await self._exchange()
            except Exception as error:
                _log.warning("wakeups.lost", exc_info=error)
            self._listening.set()  # nobody has to wait for what only saves time
            await asyncio.sleep(self._reconnect)

    async def _exchange(self) -> None:
        async with self._engine.connect() as conn:
            raw = await conn.get_raw_connection()
            driver: Any = raw.driver_connection
            try:
                driver.add_termination_listener(lambda _driver: self._ask.set())
                async with asyncio.timeout(self._heartbeat.patience):
                    await driver.add_listener(_CHANNEL, self._hear)
                    await driver.execute("SET synchronous_commit = off")
                self._listening.set()
                while True:
                    await self._heartbeat.until(self._ask, driver)
                    self._ask.clear()
                    await driver.execute(f"NOTIFY {_CHANNEL}", timeout=self._heartbeat.patience)
                    await asyncio.sleep(_BETWEEN)
            finally:
                await conn.invalidate()  # it listens: no one else should get it

    def _hear(self, driver: Any, sender: int, _channel: str, _payload: str) -> None:
        if sender != driver.get_server_pid():
            self._heard()

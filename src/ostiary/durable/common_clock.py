"""One time for all nodes on a PostgreSQL: that of the database.

A node whose machine is minutes ahead would take work from others before their leases end, and end
waits before their time. So each node compares its clock with the database's, at the start and every
few seconds, and goes by the latter.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.clock import Clock, RealClock
from ostiary.durable.errors import describe
from ostiary.storage.database import Database

_log: Final = structlog.get_logger(__name__)

_TELL: Final = select(func.clock_timestamp())
_TRIPS: Final = 3
"""Times that the database is asked; the quickest answer says it most exactly."""
_EVERY: Final = 10.0
"""Seconds between two comparisons."""
_SAME: Final = timedelta(milliseconds=100)
"""Clocks that differ by no more are left alone: time should not jump to and fro."""
_REMARKABLE: Final = timedelta(seconds=1)
_NONE: Final = timedelta()


class _Comparison(NamedTuple):
    ahead: timedelta
    """How far the database is ahead of the machine."""
    doubt: timedelta
    """By how much that may be wrong, since the answer was on its way for a while."""


class CommonClock:
    """The machine's clock, set by the database's; see :meth:`kept`."""

    def __init__(self, database: Database, machine: Clock) -> None:
        self._database = database
        self._machine = machine
        self.ahead = _NONE
        """How far the database is ahead of the machine, where that matters."""

    @classmethod
    @asynccontextmanager
    async def kept(
        cls, database: Database, machine: Clock | None = None, *, every: float = _EVERY
    ) -> AsyncIterator[CommonClock]:
        """Give a clock that is compared now and after so many seconds each, until the exit.

        :raises DatabaseUnavailable: the database cannot be asked now.
        """
        clock = cls(database, machine or RealClock())
        await clock.compare()
        keeping = asyncio.create_task(clock._keep(every), name="clock")
        try:
            yield clock
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])

    def now(self) -> datetime:
        """Give the database's present instant, aware UTC, as far as it is known here."""
        return self._machine.now() + self.ahead

    async def compare(self) -> None:
        """Ask the database for the time, and go by it if that is another than ours.

        :raises DatabaseUnavailable: it cannot be asked.
        """
        async with self._database.reading() as conn:
            found = min([await self._asked(conn) for _ in range(_TRIPS)], key=lambda c: c.doubt)
        if abs(found.ahead - self.ahead) <= found.doubt + _SAME:
            return
        self.ahead = found.ahead
        if abs(found.ahead) >= _REMARKABLE:
            _log.warning("clock.differs", database_ahead=round(found.ahead.total_seconds(), 1))

    async def _asked(self, conn: AsyncConnection) -> _Comparison:
        before = self._machine.now()
        told: datetime = (await conn.execute(_TELL)).scalar_one()
        doubt = abs(self._machine.now() - before) / 2
        return _Comparison(told - (before + doubt), doubt)

    async def _keep(self, every: float) -> None:
        while True:
            await asyncio.sleep(every)
            try:
                await self.compare()
            except Exception as error:  # the last comparison holds until the next
                _log.info("clock.not_compared", error=describe(error))

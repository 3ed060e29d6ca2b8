"""Time as the product sees it: real, or simulated and moved by command.

Only services and workers read a clock; rules get ``now``.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final, Protocol

from ostiary.storage.database import Database
from ostiary.storage.facts import fact_or, read_fact, write_fact

_FACT: Final = "simulated_clock"


class Clock(Protocol):
    """Whoever knows what time it is."""

    def now(self) -> datetime:
        """Give the present instant, aware UTC."""
        ...


class RealClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """Give the machine's present instant, aware UTC."""
        return datetime.now(UTC)


class SimulatedClock:
    """A clock that stands still until it is moved, and whose instant outlives a restart.

    The instant is kept in the database and read once, at :meth:`open`; one process moves it.
    ``travel`` is held by whoever moves it through several instants.
    """

    def __init__(self, database: Database, now: datetime) -> None:
        self._database = database
        self._now = now
        self.travel = asyncio.Lock()

    @classmethod
    async def open(cls, database: Database, *, start: datetime | None = None) -> SimulatedClock:
        """Go on where the stored clock stands; a new one stands at ``start``, or at real time."""
        first = start or RealClock().now()
        async with database.transaction() as conn:
            stored = await fact_or(conn, _FACT, first.astimezone(UTC).isoformat)
        return cls(database, datetime.fromisoformat(stored))

    def now(self) -> datetime:
        """Give the instant at which the clock stands."""
        return self._now

    async def move_to(self, instant: datetime) -> None:
        """Store ``instant`` as the present; what becomes due is run by ``timetravel.advance``.

        :raises ValueError: the instant lies before the present one.
        """
        if instant < self._now:
            raise ValueError(f"The clock stands at {self._now.isoformat()} and never goes back.")
        moment = instant.astimezone(UTC)
        async with self._database.transaction() as conn:
            await write_fact(conn, _FACT, moment.isoformat())
        self._now = moment

    async def refresh(self) -> None:
        """Take the instant that another process has stored meanwhile."""
        async with self._database.reading() as conn:
            stored = await read_fact(conn, _FACT)
        if stored is not None:
            self._now = max(self._now, datetime.fromisoformat(stored))

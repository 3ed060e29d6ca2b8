"""``directory.forget``: the journal of changes goes when it is old, portion by portion.

One item stands for the whole journal, however many nodes there are. It comes back when the oldest
entry will be old enough, so that it neither polls nor holds up a clock that is moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.store import journal
from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction

FORGET: Final = "directory.forget"

PORTION: Final = 5_000
"""Entries that one transaction removes."""

_PAUSE: Final = timedelta(hours=1)
"""The shortest time between two runs that leave nothing undone."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Keeps the journal as long as ``retention``; tokens from before that begin anew."""

    retention: timedelta
    portion: int = PORTION

    def handlers(self) -> list[InTransaction]:
        """Give the handler for the worker."""
        return [recurring.handler(FORGET, self.forget)]

    async def ensure(self, conn: AsyncConnection, *, now: datetime) -> None:
        """Have the journal looked through from now on; this retention counts from this start on."""
        await recurring.ensure(conn, FORGET, due_at=now)

    async def forget(self, conn: AsyncConnection, now: datetime) -> datetime | None:
        """Remove the next portion of what is too old, and come again for the rest."""
        gone = await journal.forget(conn, until=now - self.retention, limit=self.portion)
        return None if gone == self.portion else await self._next(conn, now)

    async def _next(self, conn: AsyncConnection, now: datetime) -> datetime:
        oldest = await journal.oldest(conn)
        return recurring.next_round(oldest, keep=self.retention, pause=_PAUSE, now=now)

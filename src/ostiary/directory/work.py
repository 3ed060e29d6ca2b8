"""``directory.forget``: the journal of changes goes when it is old, portion by portion.

One item stands for the whole journal, however many nodes there are. It is due when the oldest
entry will be old enough, so that it neither polls nor holds up a clock that is moved. Every start
makes sure that it is there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.store import journal
from ostiary.durable import queue
from ostiary.durable.handlers import InTransaction
from ostiary.durable.queue import NewWork, WorkItem

FORGET: Final = "directory.forget"

PORTION: Final = 5_000
"""Entries that one transaction removes."""

_KEY: Final = "journal"
_PAUSE: Final = timedelta(hours=1)
"""The shortest time between two runs that leave nothing undone."""

_EVER: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Keeps the journal as long as ``retention``; tokens from before that begin anew."""

    retention: timedelta
    portion: int = PORTION

    def handlers(self) -> list[InTransaction]:
        """Give the handler for the worker."""
        return [InTransaction(FORGET, self.forget)]

    async def ensure(self, conn: AsyncConnection, *, now: datetime) -> None:
        """Put the work on the queue, unless it is there and due early enough."""
        due = await self._next(conn, earliest=now, now=now)
        if await queue.next_due(conn, [FORGET], after=_EVER, until=due) is None:
            await self._put(conn, due)

    async def forget(self, conn: AsyncConnection, _: Sequence[WorkItem], now: datetime) -> None:
        """Remove the next portion of what is too old, and come again for the rest."""
        gone = await journal.forget(conn, until=now - self.retention, limit=self.portion)
        if gone == self.portion:
            await self._put(conn, now)
        else:
            await self._put(conn, await self._next(conn, earliest=now + _PAUSE, now=now))

    async def _next(self, conn: AsyncConnection, *, earliest: datetime, now: datetime) -> datetime:
        oldest = await journal.oldest(conn)
        return max(earliest, (oldest or now) + self.retention)

    async def _put(self, conn: AsyncConnection, due: datetime) -> None:
        """Put the one item, in the place of any other."""
        await queue.withdraw(conn, FORGET, [_KEY])
        await queue.put(conn, [NewWork(kind=FORGET, key=_KEY, due_at=due)])

"""The worker: runs the work of one node, fairly and until it is stopped.

Each round asks once which kinds have something due, and starts one batch of each in the order of
the handlers, bulk after all else. So the first kinds come first, and none waits for more than one
batch of every other.
A round follows a commit that put work, the end of a batch, and at the latest the poll interval.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from ostiary.durable import due, queue
from ostiary.durable.batchrun import BatchRun
from ostiary.durable.clock import Clock
from ostiary.durable.handlers import Again, Dead, Done, Handler, InTransaction, Outcome, Outside
from ostiary.durable.pace import Pace
from ostiary.durable.retry import Retry
from ostiary.durable.rounds import Rounds
from ostiary.storage.database import Database
from ostiary.storage.names import PATIENCE

__all__ = ["Again", "Dead", "Done", "Handler", "InTransaction", "Outcome", "Outside", "Worker"]

_log: Final = structlog.get_logger(__name__)

_SHORTEST_REST: Final = 0.05


class Worker:
    """Runs the work of the node that ``node`` names; no two that run may share a name.

    On PostgreSQL the name is held while :meth:`run` runs, and nothing is begun without it: a second
    node of the name would take back, and do again, what the first is doing.

    ``handlers`` come in the order of their urgency. ``poll`` is how late work may start that
    another process has put, or whose time has come. ``lease`` is how long a node may be silent
    before another takes over what it does outside. ``slots`` bounds the transactions at a time.

    :raises ValueError: two handlers are for the same kind.
    """

    _stood_at: datetime | None = None
    """Where the clock has stood still while the worker slept."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Sequence[Handler],
        *,
        node: str,
        poll: timedelta = timedelta(seconds=1),
        lease: timedelta = timedelta(minutes=2),
        slots: int = 4,
        retry: Retry | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
        name_patience: timedelta = PATIENCE,
    ) -> None:
        self.kinds = tuple(handler.kind for handler in handlers)
        """The kinds of work that it runs."""
        if len(set(self.kinds)) < len(self.kinds):
            raise ValueError("Two handlers are for the same kind of work.")
        outside = [handler for handler in handlers if isinstance(handler, Outside)]
        self._leased = [handler.kind for handler in outside]
        self._begins = [handler.begin for handler in outside if handler.begin is not None]
        self._leave = [handler.leave for handler in outside if handler.leave is not None]
        self._database = database
        self._clock = clock
        self._node = node
        self._poll = poll.total_seconds()
        self.retry = retry or Retry()
        batches = BatchRun(
            database=database, clock=clock, node=node, lease=lease, retry=self.retry, pause=pause
        )
        self._rounds = Rounds(database, clock, handlers, batches, slots=slots)
        self._name = database.name(node, self.wake)
        self._name_patience = name_patience
        self._pace = Pace()
        self.named = asyncio.Event()
        """Set by :meth:`run` once no other node of the name runs."""
        self._beginning = asyncio.Lock()
        self._has_begun = False
        self._stopping = False
        self._running: asyncio.Task[Any] | None = None
        database.on_commit(self.wake)

    def wake(self) -> None:
        """Look for due work now rather than at the next poll."""
        self._rounds.changed()

    async def run(self) -> None:
        """Run due work until :meth:`stop`; what this node had leased in an earlier life comes back.

        An outage of the database is logged and waited out. When the task is cancelled, running
        batches are broken off.

        :raises NameTaken: another node of the name runs already.
        """
        self._running = asyncio.current_task()
        try:
            await self._database.join()
            if self._name is not None:
                await self._name.take(self._name_patience)
            self.named.set()
            while await self._goes_on():
                news = self._rounds.news
                await self._round()
                await self._rest(news)
            await self._rounds.drain()
        except asyncio.CancelledError:
            await self._rounds.cancel()
            raise
        finally:
            if self._name is not None:
                await self._name.give_back()

    async def stop(self) -> None:
        """Start no more batches, and return when those that run have ended.

        Handlers that can give back what they have not begun. A node that waits for its name has
        begun nothing: it is broken off, as if its task were cancelled.
        """
        self._stopping = True
        for leave in self._leave:
            leave()
        self._rounds.tell()
        if self._running is not None:
            if not self.named.is_set():
                self._running.cancel()
            await asyncio.wait([self._running])

    async def settle(self) -> int:
        """Run everything due now, and what that makes due, until nothing is due and nothing runs.

        Gives the number of items that were handled meanwhile. May be called while :meth:`run` runs.
        What other nodes hold is not waited for.

        :raises Exception: a batch could not be run, which is no failure of an item.
        """
        await self._begin()
        before, self._rounds.error = self._rounds.handled, None
        self.wake()
        news = self._rounds.news
        while not await self._rounds.start_due():
            await news.wait()
            news = self._rounds.news
        if self._rounds.error is not None:
            raise self._rounds.error
        return self._rounds.handled - before

    async def next_due(self, until: datetime) -> datetime | None:
        """Find the first instant after now, and not after ``until``, at which work becomes due."""
        now = self._clock.now()
        opening = self._rounds.next_opening(after=now)
        if opening is not None and opening <= until:
            until = opening
        async with self._database.reading() as conn:
            first = await due.next_due(conn, self.kinds, after=now, until=until)
        return first or (opening if opening is not None and opening <= until else None)

    async def _begin(self) -> None:
        async with self._beginning:
            if self._has_begun:
                return
            async with self._database.transaction() as conn:
                taken = await queue.take_back(conn, kinds=self._leased, node=self._node)
                for begin in self._begins:
                    await begin(conn, self._clock.now())
            self._has_begun = True
        if taken:
            _log.info("work.taken_back", node=self._node, items=taken)

    async def _goes_on(self) -> bool:
        """Keep the pace; say whether there is to be another round, or it was stopped meanwhile."""
        delay = self._pace.delay(asyncio.get_running_loop().time(), time.process_time())
        if delay and not self._stopping:
            await asyncio.sleep(delay)
        return not self._stopping

    async def _round(self) -> None:
        if self._name is not None and not self._name.is_held:
            return
        try:
            await self._begin()
            await self._rounds.start_due()
        except Exception:
            _log.exception("work.round_impossible", node=self._node)

    async def _rest(self, news: asyncio.Event) -> None:
        """Sleep until something has happened; after the poll interval, something may have.

        Where work is held back until an instant that comes before, it is looked for then. Nobody
        waits for an instant on a clock that stands still: whoever moves it has the work done.
        """
        now = self._clock.now()
        opening = self._rounds.next_opening(after=now) if now != self._stood_at else None
        left = self._poll if opening is None else (opening - now).total_seconds()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(self._poll, max(left, _SHORTEST_REST))):
                await news.wait()
            return
        if self._clock.now() == now:
            self._stood_at = now
        self.wake()

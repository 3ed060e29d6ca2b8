"""Which batches run: one round looks at what is due and starts a batch of each such kind."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence, Set
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from ostiary.durable import metrics
from ostiary.durable.batchrun import BatchRun
from ostiary.durable.clock import Clock
from ostiary.durable.due import due
from ostiary.durable.handlers import Handler, InTransaction, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.lanes import Lanes, Share
from ostiary.storage.database import Database

_log: Final = structlog.get_logger(__name__)


class Rounds:
    """The running batches of one worker, and what is known about the kinds of work.

    ``news`` is set by whatever happens after it was read, so nobody who reads it before a round and
    waits for it afterwards misses anything. A kind, or a lane of it, is barren when a batch of it
    came back empty although something looked due: another node holds it. It is left alone until
    something changes, so that nobody turns in circles.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Sequence[Handler],
        batches: BatchRun,
        *,
        slots: int,
    ) -> None:
        self.news = asyncio.Event()
        self.handled = 0
        self.error: Exception | None = None
        self._database = database
        self._clock = clock
        self._handlers = tuple(sorted(handlers, key=_is_bulk))
        self._batches = batches
        self._slots = asyncio.Semaphore(slots)
        self._bulk_slots = asyncio.Semaphore(max(1, slots - 1))
        self._one_round = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._active: Counter[str] = Counter()
        self._barren: set[tuple[str, str]] = set()
        self._changes = 0
        for lanes in self._lanes():
            lanes.news = self.changed

    def changed(self) -> None:
        """Note that something may be due now."""
        self._changes += 1
        self._barren.clear()
        self.tell()

    def tell(self) -> None:
        """Wake whoever waits for news."""
        self.news.set()
        self.news = asyncio.Event()

    async def start_due(self) -> bool:
        """Start a batch of every kind that has something due; say whether all is quiet.

        Quiet means exactly that: nothing ran, nothing was due, and nothing has changed meanwhile.
        Only a round starts batches, and there is one at a time: what does not run when a round
        begins does not run when its query answers.
        """
        async with self._one_round:
            changes, idle = self._changes, not self._tasks
            await self._batches.release_dropped()
            due = await self._due()
            for handler, shares in due:
                self._start(handler, shares)
            return idle and not due and changes == self._changes

    async def drain(self) -> None:
        """Wait until every running batch has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def cancel(self) -> None:
        """Break off the running batches: transactions roll back, leases stay until taken back."""
        for task in self._tasks:
            task.cancel()
        await self.drain()

    def next_opening(self, *, after: datetime) -> datetime | None:
        """Say when next something may start that was due and held back when it was last looked."""
        openings = (lanes.next_opening(after=after) for lanes in self._lanes())
        return min((at for at in openings if at is not None), default=None)

    async def _due(self) -> list[tuple[Handler, Sequence[Share]]]:
        """Find the handlers that may start a batch and have something due, the urgent first."""
        free = [handler for handler in self._handlers if self._is_free(handler)]
        plain = [handler.kind for handler in free if _lanes_of(handler) is None]
        laned = [handler.kind for handler in free if _lanes_of(handler) is not None]
        now = self._clock.now()
        found: dict[str, dict[str, datetime]] = defaultdict(dict)
        async with self._database.reading() as conn:
            for one in await due(conn, plain, laned=laned, now=now):
                if (one.kind, one.lane) not in self._barren:
                    found[one.kind][one.lane] = one.since or now
        starts = ((handler, self._shares(handler, found[handler.kind], now)) for handler in free)
        return [(handler, shares) for handler, shares in starts if shares]

    def _shares(
        self, handler: Handler, since: Mapping[str, datetime], now: datetime
    ) -> Sequence[Share]:
        """Say how much a batch may take of what is due; nothing: there is to be no batch."""
        lanes = _lanes_of(handler)
        if lanes is not None:
            return lanes.shares(since, now=now)
        return [Share("", handler.batch, now)] if since else []

    def _is_free(self, handler: Handler) -> bool:
        if _lanes_of(handler) is not None:
            return True
        kind = handler.kind
        return (kind, "") not in self._barren and self._active[kind] < handler.parallel

    def _start(self, handler: Handler, shares: Sequence[Share]) -> None:
        self._active[handler.kind] += 1
        task = asyncio.create_task(self._batch(handler, shares), name=f"work {handler.kind}")
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, handler.kind))

    async def _batch(self, handler: Handler, shares: Sequence[Share]) -> None:
        changes = self._changes
        asked = {(handler.kind, share.lane) for share in shares}
        try:
            async with self._place(handler):
                began = time.perf_counter()
                taken = await self._batches.run(handler, shares, more=self.changed)
            _measure(handler.kind, taken, seconds=time.perf_counter() - began)
            self._note(asked, taken, unchanged=changes == self._changes)
        except Exception as error:
            _log.exception("work.batch_impossible", kind=handler.kind)
            metrics.IMPOSSIBLE.labels(handler.kind).inc()
            self.error = error
            self._barren |= asked

    def _ended(self, kind: str, task: asyncio.Task[None]) -> None:
        self._active[kind] -= 1
        self._tasks.discard(task)
        self.tell()

    @asynccontextmanager
    async def _place(self, handler: Handler) -> AsyncIterator[None]:
        """Share the slots among transactions; who waits for the network needs none."""
        if not isinstance(handler, InTransaction):
            yield
            return
        behind = self._bulk_slots if handler.is_bulk else nullcontext()
        async with behind, self._slots:
            yield

    def _note(
        self, asked: Set[tuple[str, str]], taken: Sequence[WorkItem], *, unchanged: bool
    ) -> None:
        self.handled += len(taken)
        if taken:
            self.changed()
        elif unchanged:
            self._barren |= asked

    def _lanes(self) -> Iterator[Lanes]:
        found = (_lanes_of(handler) for handler in self._handlers)
        return (lanes for lanes in found if lanes is not None)


def _measure(kind: str, taken: Sequence[WorkItem], *, seconds: float) -> None:
    """Count a batch that has ended; one that found nothing was none."""
    if taken:
        metrics.HANDLED.labels(kind).inc(len(taken))
        metrics.BATCH_SECONDS.labels(kind).observe(seconds)


def _is_bulk(handler: Handler) -> bool:
    return isinstance(handler, InTransaction) and handler.is_bulk


def _lanes_of(handler: Handler) -> Lanes | None:
    return handler.lanes if isinstance(handler, Outside) else None

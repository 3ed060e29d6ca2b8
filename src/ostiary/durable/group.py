"""Group commit: small writes that arrive together share one transaction.

A request that finds nothing under way is committed at once. Those that arrive during its commit
form the next batch, so batches grow with the load and nobody waits for a timer. Only when a batch
would be much smaller than the last one, whose callers are about to come back, is it held for a
moment.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Generic, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import metrics
from ostiary.durable.errors import Busy
from ostiary.storage.database import Database
from ostiary.storage.failures import is_outage

Q = TypeVar("Q")
R = TypeVar("R")

MAX_WAITING: Final = 1_000
"""How many may wait for their commit; a crowd that is larger is turned away."""

_COME_AGAIN: Final = timedelta(seconds=1)
_LONG: Final = 5.0
"""Seconds after which nobody waits for another batch, when one has met with an outage."""


@dataclass(slots=True)
class _Waiting(Generic[Q, R]):
    request: Q
    reply: asyncio.Future[R]
    since: float

    def answer(self, result: R | Exception) -> None:
        if self.reply.done():
            return  # the caller has gone
        if isinstance(result, Exception):
            self.reply.set_exception(result)
        else:
            self.reply.set_result(result)


class GroupCommit(Generic[Q, R]):
    """Gathers requests and applies them together.

    ``apply`` gets the transaction and the requests in the order in which they came, and gives a
    result or an exception for each. It is called again with fewer requests if it raises, so it must
    have no effect but those in the transaction. ``of`` names in the metrics what is committed.
    """

    def __init__(
        self,
        database: Database,
        apply: Callable[[AsyncConnection, Sequence[Q]], Awaitable[Sequence[R | Exception]]],
        *,
        of: str,
        max_batch: int = 500,
        max_wait: float = 0.002,
        max_waiting: int = MAX_WAITING,
        patience: float = _LONG,
    ) -> None:
        self._database = database
        self._patience = patience
        self._apply = apply
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._max_waiting = max_waiting
        self._queue: deque[_Waiting[Q, R]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._last = 0
        self._enough = asyncio.Event()
        self._closed = False
        self._turned_away = metrics.TURNED_AWAY.labels(of)
        self._seconds = metrics.COMMIT_SECONDS.labels(of)
        self._sizes = metrics.COMMITTED.labels(of)
        metrics.QUEUED.labels(of).set_function(self._queue.__len__)

    async def submit(self, request: Q) -> R:
        """Give the result of ``request`` once it is committed.

        :raises Busy: too many requests are waiting.
        :raises NestedTransaction: the caller holds a transaction, which the commit may wait for.
        :raises Exception: what ``apply`` gave or raised for this request.
        """
        self._database.refuse_nesting()
        if self._closed:
            raise RuntimeError("This group commit is closed.")
        if len(self._queue) >= self._max_waiting:
            self._turned_away.inc()
            raise Busy(_COME_AGAIN)
        loop = asyncio.get_running_loop()
        waiting: _Waiting[Q, R] = _Waiting(request, loop.create_future(), loop.time())
        self._queue.append(waiting)
        if len(self._queue) >= self._last:
            self._enough.set()
        if self._flushing is None:
            self._flushing = asyncio.create_task(self._flush())
        return await waiting.reply

    async def close(self) -> None:
        """Take no more requests, and return when all that came are answered."""
        self._closed = True
        self._enough.set()
        if self._flushing is not None:
            await asyncio.wait([self._flushing])

    async def _flush(self) -> None:
        batch: list[_Waiting[Q, R]] = []
        try:
            while self._queue:
                await self._gather()
                batch = self._take()
                await self._commit(batch)
                self._last = len(batch)
        finally:
            self._flushing, self._last = None, 0
            for waiting in (*batch, *self._queue):
                waiting.reply.cancel()  # without effect unless this task was cancelled

    async def _gather(self) -> None:
        """Hold a batch for a moment if the callers of the last one are likely to join it."""
        if len(self._queue) * 2 >= self._last or self._closed:
            return
        self._enough.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._max_wait):
                await self._enough.wait()

    def _take(self) -> list[_Waiting[Q, R]]:
        count = min(len(self._queue), self._max_batch)
        taken = [self._queue.popleft() for _ in range(count)]
        return [waiting for waiting in taken if not waiting.reply.done()]

    async def _commit(self, batch: Sequence[_Waiting[Q, R]]) -> None:
        """Apply a batch and answer after its commit; halve it until the one that fails is alone."""
        if not batch:
            return
        try:
            results = await self._applied([waiting.request for waiting in batch])
        except Exception as error:
            if len(batch) > 1 and not is_outage(error):
                middle = len(batch) // 2
                await self._commit(batch[:middle])
                await self._commit(batch[middle:])
                return
            results = [error] * len(batch)
            if is_outage(error):
                self._give_up(error)
        for waiting, result in zip(batch, results, strict=True):
            waiting.answer(result)

    def _give_up(self, error: Exception) -> None:
        """Tell of an outage also who has waited for long, and might do so again."""
        before = asyncio.get_running_loop().time() - self._patience
        while self._queue and self._queue[0].since <= before:
            self._queue.popleft().answer(error)

    async def _applied(self, requests: Sequence[Q]) -> Sequence[R | Exception]:
        with self._seconds.time():
            async with self._opened() as conn:
                results = await self._apply(conn, requests)
                if len(results) != len(requests):
                    raise RuntimeError(f"{len(results)} results for {len(requests)} requests.")
        self._sizes.observe(len(requests))
        return results

    def _opened(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.transaction()


class GroupRead(GroupCommit[Q, R]):
    """Gathers reads in the same way: those that arrive together share one snapshot."""

    def _opened(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.reading()

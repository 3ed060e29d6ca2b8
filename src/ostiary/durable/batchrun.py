"""How a batch is handled: taken, given to its handler, and every item brought to an outcome.

A failed batch is tried again item by item, so that one bad item never holds up the others; what
fails alone comes back later, and in the end it is a dead letter. Only an outage of the database is
nobody's failure: it is raised, and the items stay as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from msgspec import structs
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import metrics, queue
from ostiary.durable.clock import Clock
from ostiary.durable.errors import Unfinished, describe
from ostiary.durable.handlers import Again, Dead, Done, Handler, InTransaction, Outcome, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.lanes import Lanes, Share
from ostiary.durable.retry import Retry
from ostiary.storage.database import Database
from ostiary.storage.failures import is_locked, is_outage
from ostiary.storage.ids import new_id

_log: Final = structlog.get_logger(__name__)

_RENEWALS_IN_A_LEASE: Final = 3

AFTER_OUTAGE: Final = timedelta(seconds=5)
"""How much later is tried again what an outage interrupted.

What makes an outage may come back with the very work, such as a disk that is full.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRun:
    """Runs batches for one node; ``pause`` waits for seconds of real time."""

    database: Database
    clock: Clock
    node: str
    lease: timedelta
    retry: Retry
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    dropped: dict[str, str] = field(default_factory=dict)
    """Leases that an outage kept from their outcome, with their kind: nobody works on them."""

    async def run(
        self, handler: Handler, shares: Sequence[Share] = (), *, more: Callable[[], None]
    ) -> Sequence[WorkItem]:
        """Handle one batch of what is due; give the items that were taken.

        ``shares`` says how much of which lanes, where the handler has lanes. ``more`` is called as
        soon as a full batch was taken, since there may be more of it.
        """
        match handler:
            case InTransaction():
                return await self._in_transaction(handler, more)
            case Outside(lanes=Lanes() as lanes):
                with self._lease(handler) as lease_id:
                    return await self._in_lanes(handler, lanes, shares, lease_id)
            case Outside():
                with self._lease(handler) as lease_id:
                    return await self._outside(handler, more, lease_id)

    async def _in_transaction(
        self, handler: InTransaction, more: Callable[[], None]
    ) -> Sequence[WorkItem]:
        items: list[WorkItem] = []
        try:
            await self._handle_due(handler, items, more=more)
        except Exception as error:
            if not items or (is_outage(error) and not is_locked(error)):
                raise
            _log.info("work.batch_failed", kind=handler.kind, items=len(items), exc_info=error)
            for item in items:
                await self._alone(handler, item)
        return items

    async def _alone(self, handler: InTransaction, item: WorkItem) -> None:
        try:
            await self._handle_due(handler, [], only=item)
        except Exception as error:
            if is_locked(error):
                await self._put_off(item, error)
            elif is_outage(error):
                raise
            else:
                await self._fail([item], error)

    async def _put_off(self, item: WorkItem, error: Exception) -> None:
        """Leave for later what somebody else holds, which is no failure of the item's."""
        later = self.clock.now() + AFTER_OUTAGE
        untried = structs.replace(item, attempts=item.attempts - 1)
        async with self.database.transaction() as conn:
            await queue.again(conn, [(untried, later, describe(error))])
        _log.warning("work.locked", kind=item.kind, key=item.key, error=describe(error))

    async def _handle_due(
        self,
        handler: InTransaction,
        taken: list[WorkItem],
        *,
        only: WorkItem | None = None,
        more: Callable[[], None] | None = None,
    ) -> None:
        """Pick, handle and record in one transaction; ``taken`` then says what was picked."""
        now = self.clock.now()
        async with self.database.transaction() as conn:
            taken += await queue.pick(
                conn,
                kind=handler.kind,
                limit=handler.batch,
                now=now,
                only=None if only is None else [only.id],
            )
            if not taken:
                return
            if more is not None and len(taken) == handler.batch:
                more()
            outcomes = await handler.handle(conn, taken, now) or {}
            dead = await _record(conn, taken, outcomes, now)
        _report_dead(dead)

    @contextmanager
    def _lease(self, handler: Outside) -> Iterator[str]:
        """Name a lease; one that an outage interrupts is remembered, even if it may not exist."""
        lease_id = new_id()
        try:
            yield lease_id
        except Exception:
            self.dropped[lease_id] = handler.kind
            raise

    async def release_dropped(self) -> None:
        """Free what an outage interrupted, rather than let its lease run out."""
        leases = self.dropped.copy()
        if not leases:
            return
        async with self.database.transaction() as conn:
            later = self.clock.now() + AFTER_OUTAGE
            freed = await queue.release(conn, leases, due_at=later)
        for lease_id in leases:
            del self.dropped[lease_id]
        if freed:
            _log.info("work.released", node=self.node, items=freed)

    async def _outside(
        self, handler: Outside, more: Callable[[], None], lease_id: str
    ) -> Sequence[WorkItem]:
        async with self.database.transaction() as conn:
            items = await queue.claim(
                conn,
                kinds=[handler.kind],
                limit=handler.batch,
                now=self.clock.now(),
                lease=self.lease,
                node=self.node,
                lease_id=lease_id,
            )
        if len(items) == handler.batch:
            more()
        await self._held(handler, items)
        return items

    async def _in_lanes(
        self, handler: Outside, lanes: Lanes, shares: Sequence[Share], lease_id: str
    ) -> Sequence[WorkItem]:
        items: Sequence[WorkItem] = []
        try:
            items = await self._claimed(handler, shares, lease_id)
        finally:
            lanes.took(shares, items)  # none where nobody knows whether the claim was committed
        try:
            await self._held(handler, items)
        finally:
            lanes.finished(items)
        return items

    async def _claimed(
        self, handler: Outside, shares: Sequence[Share], lease_id: str
    ) -> Sequence[WorkItem]:
        async with self.database.transaction() as conn:
            return await queue.claim_shares(
                conn,
                kind=handler.kind,
                shares=shares,
                now=self.clock.now(),
                lease=self.lease,
                node=self.node,
                lease_id=lease_id,
            )

    async def _held(self, handler: Outside, items: Sequence[WorkItem]) -> None:
        """Handle items that are leased, and keep the lease meanwhile."""
        if items:
            async with self._renewed(items):
                await self._attempt(handler, items)

    async def _attempt(self, handler: Outside, items: Sequence[WorkItem]) -> None:
        error = await self._call(handler, items)
        async with self.database.reading() as conn:
            left = await queue.held(conn, items)
        if not left:
            return
        if error is None or len(items) == 1:
            await self._fail(left, error or Unfinished("The handler left the item open."))
            return
        _log.info("work.batch_failed", kind=handler.kind, items=len(items), exc_info=error)
        async with asyncio.TaskGroup() as group:
            for item in left:
                group.create_task(self._attempt(handler, [item]))

    async def _call(self, handler: Outside, items: Sequence[WorkItem]) -> Exception | None:
        try:
            await handler.handle(items, self.clock.now())
        except Exception as error:
            if is_outage(error):
                raise
            return error
        return None

    @asynccontextmanager
    async def _renewed(self, items: Sequence[WorkItem]) -> AsyncIterator[None]:
        """Renew the lease of what is still open, for as long as the handler takes."""
        renewal = asyncio.create_task(self._renew(items))
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _renew(self, items: Sequence[WorkItem]) -> None:
        while True:
            await self.pause(self.lease.total_seconds() / _RENEWALS_IN_A_LEASE)
            try:
                async with self.database.transaction() as conn:
                    await queue.renew(conn, items, until=self.clock.now() + self.lease)
            except Exception as error:
                _log.warning("work.lease_not_renewed", kind=items[0].kind, exc_info=error)

    async def _fail(self, items: Sequence[WorkItem], error: Exception) -> None:
        """Give failed items back for later, and bury those that have failed often enough."""
        now, text = self.clock.now(), describe(error)
        outcomes: dict[str, Outcome] = {}
        for item in items:
            at = self.retry.after(item.attempts, now=now)
            outcomes[item.id] = Dead(text) if at is None else Again(at, text)
        async with self.database.transaction() as conn:
            dead = await _record(conn, items, outcomes, now)
        metrics.FAILED.labels(items[0].kind).inc(len(items) - len(dead))
        _log.warning("work.failed", kind=items[0].kind, items=len(items), exc_info=error)
        _report_dead(dead)


async def _record(
    conn: AsyncConnection,
    items: Sequence[WorkItem],
    outcomes: Mapping[str, Outcome],
    now: datetime,
) -> list[tuple[WorkItem, str, datetime]]:
    """Store the outcome of every item; give the dead ones, to be reported after the commit."""
    done: list[WorkItem] = []
    again: list[tuple[WorkItem, datetime, str]] = []
    dead: list[tuple[WorkItem, str, datetime]] = []
    for item in items:
        match outcomes.get(item.id, Done()):
            case Done():
                done.append(item)
            case Again(at, error):
                again.append((item, at, error))
            case Dead(error):
                dead.append((item, error, now))
    await queue.done(conn, done)
    await queue.again(conn, again)
    await queue.bury(conn, dead)
    return dead


def _report_dead(dead: Sequence[tuple[WorkItem, str, datetime]]) -> None:
    for item, error, _ in dead:
        metrics.BURIED.labels(item.kind).inc()
        _log.error(
            "work.dead",
            id=item.id,
            kind=item.kind,
            key=item.key,
            attempts=item.attempts,
            error=error,
        )

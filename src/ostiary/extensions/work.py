"""The worker's part: send what is due, record how it went, end the waits whose time is up.

A callout is prepared in one transaction, called outside of any, and its result is stored at once
through a group commit. So a crash repeats only calls that were in flight, under the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.clock import Clock
from ostiary.durable.group import GroupCommit
from ostiary.durable.handlers import Again, Handler, InTransaction, Outcome, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.lanes import Lanes
from ostiary.extensions import circuit_store, deliveries, effects, metrics, store
from ostiary.extensions.admission import Admission
from ostiary.extensions.caller import Caller, HeldBack
from ostiary.extensions.callouts import Callout, canceled, dispatched, expired, refused
from ostiary.extensions.calls import Attempt, CallResult, Outgoing
from ostiary.extensions.circuits import Terms
from ostiary.extensions.deliveries import Delivery, PutBack
from ostiary.extensions.health import Health
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses, Drop, Fail, Plan, Send, plan
from ostiary.extensions.rates import Rate
from ostiary.storage.database import Database

_NEVER_BUSY: Final = 1_000_000
"""What is known of a call is never turned away; the lanes bound how many there are."""

_log: Final = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Watch:
    """Asks and tells about the call of one item."""

    item: WorkItem
    extension_id: str
    admission: Admission
    health: Health
    lanes: Lanes
    has_begun: bool = False

    def begins(self) -> bool:
        self.has_begun = self.admission.admits(self.extension_id, due_at=self.item.due_at)
        if self.has_begun and self.admission.counts:
            self.lanes.began(self.item)
        return self.has_begun

    def repeats(self) -> bool:
        return self.admission.repeats(self.extension_id)

    def heard(self, attempt: Attempt) -> None:
        self.health.heard(self.extension_id, attempt)


class CalloutWork:
    """The handlers of the work that callouts make; ``close`` it when the worker has stopped."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        owners: Owners,
        caller: Caller,
        *,
        addresses: Addresses,
        node: str,
        terms: Terms | None = None,
        rate: Rate | None = None,
        at_once: int = 16,
    ) -> None:
        self._database = database
        self._clock = clock
        self._owners = owners
        self._caller = caller
        self._addresses = addresses
        self._node = node
        self._health = Health(clock, terms)
        self._admission = Admission(clock, self._health, rate)
        self._lanes = Lanes(at_once=at_once, gate=self._admission)
        self._leaving = asyncio.Event()
        self._unbegun: dict[asyncio.Task[Any], _Watch] = {}
        self._results: GroupCommit[Delivery | PutBack, None] = GroupCommit(
            database, self._record, of="call_results", max_waiting=_NEVER_BUSY
        )

    def handlers(self) -> list[Handler]:
        """Give the handlers for the worker."""
        return [
            InTransaction(effects.TIMEOUT, self.expire),
            Outside(
                effects.CALLOUT,
                self.send,
                lanes=self._lanes,
                begin=self.begin,
                leave=self.leave,
            ),
        ]

    async def begin(self, conn: AsyncConnection, now: datetime) -> None:
        """Forget the circuits of this node's earlier life: all begin closed."""
        await circuit_store.forget(conn, self._node, now=now)

    def leave(self) -> None:
        """Give back every callout that is not on the wire, now and from now on."""
        self._leaving.set()
        for task, watch in self._unbegun.items():
            if not watch.has_begun:
                task.cancel()

    async def close(self) -> None:
        """Store the results that are known, and close the connections."""
        await self._results.close()
        await self._caller.close()

    async def send(self, items: Sequence[WorkItem], now: datetime) -> None:
        """Send what is still to be sent, all at the same time within the caller's limits.

        What cannot be recorded stays open, and the worker tries it again later.
        """
        ready = await self._prepare(items, now)
        called = {item.id for item, _ in ready}
        self._lanes.finished(item for item in items if item.id not in called)
        calls = [self._deliver(item, outgoing) for item, outgoing in ready]
        for (item, _), error in zip(
            ready, await asyncio.gather(*calls, return_exceptions=True), strict=True
        ):
            if error is None:
                continue
            if len(items) == 1:
                raise error
            _log.warning("callout.not_recorded", callout=item.key, exc_info=error)

    async def expire(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome]:
        """End the waits whose deadline has come; what was answered meanwhile stays answered."""
        before = await store.lock(conn, [item.key for item in items])
        after = {id_: expired(callout, now=now) for id_, callout in before.items()}
        await effects.apply(conn, self._owners, before, after, now=now)
        outcomes: dict[str, Outcome] = {}
        for item in items:
            callout = after.get(item.key)
            if callout is not None and callout.awaits and callout.deadline is not None:
                outcomes[item.id] = Again(callout.deadline)
        timed_out = [id_ for id_ in after if after[id_] != before[id_]]
        if timed_out:
            metrics.TIMED_OUT.inc(len(timed_out))
            _log.info("callout.timed_out", callouts=timed_out)
        return outcomes

    async def _prepare(
        self, items: Sequence[WorkItem], now: datetime
    ) -> list[tuple[WorkItem, Outgoing]]:
        """Load what the batch needs and note that it is about to be sent.

        What needs no call is finished here: callouts that have ended or whose owner is gone, and
        those that nobody can be called for.
        """
        async with self._database.transaction() as conn:
            before = await store.lock(conn, [item.key for item in items])
            wanted = [item for item in items if _is_wanted(item, before.get(item.key))]
            callouts = [before[item.key] for item in wanted]
            plans = await plan(conn, self._owners, callouts, addresses=self._addresses)
            after = {c.id: _planned(c, plans[c.id], now) for c in callouts}
            await effects.apply(conn, self._owners, before, after, now=now)
            ready = [(item, plans[item.key]) for item in wanted]
            calls = [
                (item, deliveries.resumed(what.outgoing, item))
                for item, what in ready
                if isinstance(what, Send)
            ]
            called = {item.id for item, _ in calls}
            await queue.done(conn, [item for item in items if item.id not in called])
        for id_, what in plans.items():
            if isinstance(what, Fail):
                _log.warning("callout.not_sent", callout=id_, reason=what.reason)
        return calls

    async def _deliver(self, item: WorkItem, outgoing: Outgoing) -> None:
        """Call, record how it went, and make room in the lane."""
        try:
            await self._call(item, outgoing)
        finally:
            self._lanes.finished([item])

    async def _call(self, item: WorkItem, outgoing: Outgoing) -> None:
        event = {"callout": item.key, "extension": outgoing.extension_id}
        result = await self._called(item, outgoing)
        if isinstance(result, PutBack):
            await self._results.submit(result)
            if result.attempts:
                _log.info("callout.repeated_later", **event)
            return
        await self._store(item, outgoing, result)
        if result.label is None:
            _log.info("callout.taken", **event, run=result.correlation)
        else:
            _log.warning("callout.not_taken", **event, reason=result.reason)

    async def _store(self, item: WorkItem, outgoing: Outgoing, result: CallResult) -> None:
        """Store how a call went, and what that says of the endpoint if it is news."""
        turned = self._health.turned(outgoing.extension_id)
        delivery = Delivery(item, outgoing, result, self._clock.now(), turned)
        try:
            await self._results.submit(delivery)
        except BaseException:
            if turned is not None:
                self._health.not_noted(outgoing.extension_id)
            raise

    async def _called(self, item: WorkItem, outgoing: Outgoing) -> CallResult | PutBack:
        """Call; put the item back where it is not its turn, or the node is about to stop."""
        id_ = outgoing.extension_id
        watch = _Watch(item, id_, self._admission, self._health, self._lanes)
        try:
            with self._may_leave(watch):
                result = await self._caller.call(outgoing, watch)
        except HeldBack as held_back:
            if watch.has_begun:  # of a call that goes on later nothing is known yet
                self._health.ended(id_, None)
            return PutBack(item, held_back.attempts)
        except BaseException:
            self._health.ended(id_, None)
            raise
        self._health.ended(id_, result)
        return result

    @contextmanager
    def _may_leave(self, watch: _Watch) -> Iterator[None]:
        """Let :meth:`leave` break off the block as long as the call has not begun.

        :raises HeldBack: it did.
        """
        if self._leaving.is_set():
            raise HeldBack
        task = asyncio.current_task()
        assert task is not None
        self._unbegun[task] = watch
        try:
            yield
        except asyncio.CancelledError:
            if self._leaving.is_set() and not watch.has_begun and task.uncancel() == 0:
                raise HeldBack from None
            raise
        finally:
            del self._unbegun[task]

    async def _record(
        self, conn: AsyncConnection, ended: Sequence[Delivery | PutBack]
    ) -> Sequence[None]:
        now = self._clock.now()
        await deliveries.record(conn, self._owners, ended, node=self._node, now=now)
        return [None] * len(ended)


def _is_wanted(item: WorkItem, callout: Callout | None) -> bool:
    """Whether the callout is still to be sent, or open and asked to be sent once more."""
    if callout is None:
        return False
    return callout.is_unsent or (callout.is_open and bool(item.payload.get("replay")))


def _planned(callout: Callout, what: Plan, now: datetime) -> Callout:
    match what:
        case Send():
            return dispatched(callout, now=now)
        case Fail(reason):
            return refused(callout, reason=reason)
        case Drop():
            return canceled(callout, reason="What called out no longer exists.")

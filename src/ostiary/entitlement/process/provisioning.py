"""Rights elsewhere: the worker's part. An origin is called outside of any transaction.

That a right is being called about is noted before the call, so that no second call about it runs
beside the first: a late ``give`` would otherwise undo a ``take``. Whatever was decided meanwhile is
seen when the call is over, and then called for. A crash repeats the call, which is harmless.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.directory.objects import Reference
from ostiary.durable import queue
from ostiary.durable.clock import Clock
from ostiary.durable.handlers import Handler, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.lanes import Lanes
from ostiary.entitlement import records
from ostiary.entitlement.process import delivery, kinds
from ostiary.entitlement.providers.port import Refusals, RemoteProvider
from ostiary.entitlement.rights import Held, Refusal, RightState
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import rights as store
from ostiary.storage.database import Database

_AT_ONCE: Final = 200
"""Rights of one origin that are called about at a time, in as many calls as its batches ask for."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Call:
    """One right, and the work item that asks for a call about it."""

    item: WorkItem
    held: Held


class Provisioning:
    """The handlers of what is ordered of origins elsewhere; ``providers`` by origin system."""

    def __init__(
        self, database: Database, clock: Clock, providers: Mapping[str, RemoteProvider]
    ) -> None:
        self._database = database
        self._clock = clock
        self._providers = providers
        self._lanes = Lanes(at_once=_AT_ONCE)

    def handlers(self) -> list[Handler]:
        """Give the handlers for the worker."""
        return [Outside(kinds.CALL_ORIGIN, self.call, lanes=self._lanes)]

    async def call(self, items: Sequence[WorkItem], now: datetime) -> None:
        """Give and take what is ordered, each origin in batches of its own."""
        calls, people = await self._prepare(items)
        called = {call.item.id for call in calls}
        self._lanes.finished(item for item in items if item.id not in called)
        portions = list(self._portions(calls))
        done = [self._make_room(system, some, people) for system, some in portions]
        for error in await asyncio.gather(*done, return_exceptions=True):
            if isinstance(error, BaseException):
                raise error

    async def _prepare(
        self, items: Sequence[WorkItem]
    ) -> tuple[list[_Call], Mapping[str, Reference]]:
        """Note which rights are called about; what needs no call is finished here."""
        async with self._database.transaction() as conn:
            keys = {item.key for item in items}
            await assignment_store.lock_targets(conn, await store.people_of(conn, keys))
            held = await store.read(conn, keys)
            busy = await store.alive(conn, {h.call_id for h in held.values() if h.call_id})
            calls: dict[str, _Call] = {}
            for item in items:
                right = held.get(item.key)
                if right is not None and item.key not in calls and _is_wanted(item, right, busy):
                    calls[item.key] = _Call(item, replace(right, call_id=item.id))
            await store.save(conn, [call.held for call in calls.values()])
            called = {call.item.id for call in calls.values()}
            await queue.done(conn, [item for item in items if item.id not in called])
            people = {call.held.right.principal for call in calls.values()}
            return list(calls.values()), await directory.references(conn, people)

    def _portions(self, calls: Iterable[_Call]) -> Iterator[tuple[str, list[_Call]]]:
        by_system: dict[str, list[_Call]] = defaultdict(list)
        for call in calls:
            by_system[call.held.right.system].append(call)
        for system, some in sorted(by_system.items()):
            provider = self._providers.get(system)
            size = provider.batch if provider else len(some)
            for start in range(0, len(some), size):
                yield system, some[start : start + size]

    async def _make_room(
        self, system: str, calls: Sequence[_Call], people: Mapping[str, Reference]
    ) -> None:
        """Carry out, and make room in the lane, whatever the other origins of the batch do."""
        try:
            await self._carry_out(system, calls, people)
        finally:
            self._lanes.finished(call.item for call in calls)

    async def _carry_out(
        self, system: str, calls: Sequence[_Call], people: Mapping[str, Reference]
    ) -> None:
        give = [call.held.right for call in calls if call.held.state.is_wanted]
        take = [call.held.right for call in calls if not call.held.state.is_wanted]
        provider = self._providers.get(system)
        if provider is None:
            nobody = Refusal(f"No provider of the origin system '{system}' is set up.")
            refusals: Refusals = dict.fromkeys((*give, *take), nobody)
        else:
            refusals = await provider.change(give, take, people=people)
        if refusals:
            reasons = sorted({refusal.reason for refusal in refusals.values()})
            _log.warning(
                "rights.not_changed", system=system, number=len(refusals), reasons=reasons[:3]
            )
        async with self._database.transaction() as conn:
            await self._note(conn, calls, refusals, people)

    async def _note(
        self,
        conn: AsyncConnection,
        calls: Sequence[_Call],
        refusals: Refusals,
        people: Mapping[str, Reference],
    ) -> None:
        """Store how calls went; what was decided otherwise meanwhile is called for anew."""
        now = self._clock.now()
        sent = {call.held.id: call.held for call in calls}
        await assignment_store.lock_targets(conn, {h.right.principal for h in sent.values()})
        before = await store.read(conn, sent.keys())
        free = {key: replace(held, call_id=None) for key, held in before.items()}
        same = {k: h for k, h in free.items() if h.state.is_wanted is sent[k].state.is_wanted}
        after: dict[str, Held | None] = {**free}
        after |= await delivery.settle(conn, same, refusals, now=now)
        turned = [held for key, held in free.items() if key not in same]
        await queue.put(conn, [delivery.order(held, now) for held in turned])
        await delivery.keep(conn, before, after, own=(), now=now)
        await queue.done(conn, [call.item for call in calls])
        events = [
            records.of_right(held, people.get(held.right.principal), refusals.get(held.right))
            for held in sent.values()
        ]
        await record(conn, events, now=now)


def _is_wanted(item: WorkItem, held: Held, busy: set[str]) -> bool:
    """Whether a call is to be made now: nobody else makes one, and this attempt is still due."""
    if held.call_id in busy and held.call_id != item.id:
        return False
    if held.state in (RightState.GIVEN, RightState.REFUSED):
        return False
    return held.call_id == item.id or held.attempts == int(item.payload.get("attempt", 0))

"""What becomes of governed guests as their assignments come and go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, AuditEvent, Target
from ostiary.audit.store import record
from ostiary.directory import changes
from ostiary.directory.objects import Kind
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import lifecycles, records
from ostiary.entitlement.lifecycles import Effect, Guest
from ostiary.entitlement.model.settings import EntitlementManagementSettings
from ostiary.entitlement.process import kinds
from ostiary.entitlement.store import guests as store
from ostiary.entitlement.store import settings as settings_store

Decide = Callable[..., tuple[Guest, Effect | None]]

_ACTIVITIES: Mapping[Effect, tuple[str, str]] = {
    Effect.BLOCK: ("Block sign-in of external user without access package assignments", "Update"),
    Effect.UNBLOCK: ("Unblock sign-in of external user with access package assignment", "Update"),
    Effect.DELETE: ("Delete external user without access package assignments", "Delete"),
}


async def watch(conn: AsyncConnection, subject_ids: Collection[str], *, now: datetime) -> None:
    """Have the governed ones among these looked at: their assignments have changed."""
    if subject_ids:
        keys = await store.governed(conn, set(subject_ids))
        await queue.put(conn, [NewWork(kind=kinds.GUEST, key=key, due_at=now) for key in keys])


async def review(conn: AsyncConnection, subject_ids: Collection[str], *, now: datetime) -> None:
    """Block guests who have lost their last assignment, and let in again those who have one."""
    await _decide(conn, subject_ids, lifecycles.reviewed, now=now)


async def clean(conn: AsyncConnection, subject_ids: Collection[str], *, now: datetime) -> None:
    """Delete guests whose time is up."""
    await _decide(conn, subject_ids, lifecycles.cleaned, now=now)


async def _decide(
    conn: AsyncConnection, subject_ids: Collection[str], decide: Decide, *, now: datetime
) -> None:
    before = await store.lock(conn, subject_ids)
    settings: EntitlementManagementSettings = await settings_store.settings(conn)
    decided = {key: decide(guest, settings, now=now) for key, guest in before.items()}
    moved = [guest for key, (guest, _) in decided.items() if guest != before[key]]
    await store.save(conn, moved)
    await _set_timers(conn, before, moved)
    for effect in Effect:
        await _apply(conn, effect, [k for k, (_, what) in decided.items() if what is effect], now)


async def _set_timers(
    conn: AsyncConnection, before: Mapping[str, Guest], moved: Collection[Guest]
) -> None:
    changed = [one for one in moved if one.cleanup_at != before[one.id].cleanup_at]
    await queue.withdraw(conn, kinds.CLEANUP, [one.id for one in changed])
    timers = [
        NewWork(kind=kinds.CLEANUP, key=one.id, due_at=one.cleanup_at)
        for one in changed
        if one.cleanup_at is not None
    ]
    await queue.put(conn, timers)


async def _apply(
    conn: AsyncConnection, effect: Effect, keys: Collection[str], now: datetime
) -> None:
    if not keys:
        return
    if effect is Effect.DELETE:
        await changes.delete_objects(conn, Kind.USER, keys, now=now, actor=SYSTEM)
    else:
        enabled = effect is Effect.UNBLOCK
        await changes.set_account_enabled(conn, keys, enabled, now=now, actor=SYSTEM)
    await record(conn, [_event(effect, key) for key in sorted(keys)], now=now)


def _event(effect: Effect, key: str) -> AuditEvent:
    activity, operation = _ACTIVITIES[effect]
    return records.event(activity, operation, SYSTEM, Target(id=key, type="User"))

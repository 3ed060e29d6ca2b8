"""Forgetting requests that ended long ago, with their callouts, a small batch at a time.

Finished requests are looked through from the oldest on; how far a round has come is kept, so that
the many that assignments still rest on are passed once a round and not once a batch. What was
recorded in the audit log stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction
from ostiary.entitlement.process import kinds
from ostiary.entitlement.store import forgetting as store
from ostiary.entitlement.store.forgetting import Ended
from ostiary.extensions import store as callout_store
from ostiary.graph.values import read_instant, write_instant
from ostiary.storage.archive import Archive, Outgoing, outgoing
from ostiary.storage.facts import read_fact, write_fact

BATCH: Final = 500
"""How many requests are looked at in one transaction."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_ARCHIVED: Final = "requests"
_PLACE: Final = "requests.looked_through_to"
_START: Final = ""

_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta, archive: Archive | None = None) -> InTransaction:
    """Give the handler of a deployment that keeps finished requests for so long."""

    async def forget(conn: AsyncConnection, now: datetime) -> datetime | None:
        before = now - keep
        place = await _place(conn)
        page = await store.page(conn, before=before, after=place, limit=BATCH)
        async with outgoing(conn, _ARCHIVED, archive=archive, now=now) as out:
            await _forget(conn, out, [one.id for one in page], before=before)
        is_over = len(page) < BATCH
        if page and not is_over:
            await _note(conn, page[-1])
        elif place is not None:
            await _note(conn, None)
        return await _next(conn, keep, now) if is_over else None

    return recurring.handler(kinds.FORGET, forget)


async def _forget(
    conn: AsyncConnection, out: Outgoing, keys: Sequence[str], *, before: datetime
) -> None:
    """Forget those of these requests that nothing rests on.

    Callouts are locked before requests, as everywhere.
    """
    open_ = await _lock_callouts(conn, keys)
    gone = await store.lock_forgettable(conn, set(keys) - open_, before=before)
    if not gone:
        return
    over = {assignment for assignment in gone.values() if assignment is not None}
    await callout_store.forget_of_owners(out, gone.keys() | over)
    await store.forget(out, gone.keys(), over)
    _log.info("requests.forgotten", requests=len(gone))


async def _lock_callouts(conn: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Lock the callouts of requests; give the requests that have one without an outcome."""
    held = await callout_store.lock_of_owners(conn, keys) if keys else []
    return {one.owner_id for one in held if one.outcome is None}


async def _next(conn: AsyncConnection, keep: timedelta, now: datetime) -> datetime:
    """Say when there may be something to forget again."""
    oldest = await store.oldest(conn)
    return recurring.next_round(oldest, keep=keep, pause=PAUSE, now=now)


async def _place(conn: AsyncConnection) -> Ended | None:
    text = await read_fact(conn, _PLACE) or _START
    if text == _START:
        return None
    at, _, key = str(text).partition(" ")
    return Ended(read_instant(at), key)


async def _note(conn: AsyncConnection, place: Ended | None) -> None:
    text = f"{write_instant(place.completed_at)} {place.id}" if place else _START
    await write_fact(conn, _PLACE, text)

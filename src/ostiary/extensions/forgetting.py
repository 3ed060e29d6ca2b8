"""``callout.forget``: answers that belong to nothing are forgotten, a small batch at a time.

The lines of a callout go when its owner does. What is left is what somebody sent for an owner that
never called out, or is gone. The ledger is looked through once, in the order in which it grew.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction
from ostiary.extensions.tables import callout_attempts, callouts
from ostiary.storage.archive import Archive, outgoing
from ostiary.storage.facts import read_fact, write_fact

FORGET: Final = "callout.forget"
"""The kind of work; there is one item of it."""

BATCH: Final = 1_000
"""How many lines are looked at in one transaction."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_ARCHIVED: Final = "answers"
_PLACE: Final = "ledger.looked_through_to"

_lines = callout_attempts.c
_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta, archive: Archive | None = None) -> InTransaction:
    """Give the handler of a deployment that keeps such answers for so long."""

    async def forget(conn: AsyncConnection, now: datetime) -> datetime | None:
        place = int(await read_fact(conn, _PLACE) or 0)
        page = await _page(conn, place)
        old = [number for number, at in page if at <= now - keep]
        if old:
            span = (_lines.id > place) & (_lines.id <= old[-1])
            async with outgoing(conn, _ARCHIVED, archive=archive, now=now) as out:
                gone = await out.delete(callout_attempts, span & ~_BELONGS)
            await write_fact(conn, _PLACE, old[-1])
            _log.info("answers.forgotten", looked_at=len(old), answers=gone)
        if len(old) == BATCH:
            return None
        oldest = page[len(old)][1] if len(page) > len(old) else None
        return recurring.next_round(oldest, keep=keep, pause=PAUSE, now=now)

    return recurring.handler(FORGET, forget)


_BELONGS: Final = exists(select(callouts.c.id).where(callouts.c.owner_id == _lines.owner_id))


async def _page(conn: AsyncConnection, place: int) -> list[tuple[int, datetime]]:
    query = select(_lines.id, _lines.at).where(_lines.id > place).order_by(_lines.id).limit(BATCH)
    return [(number, at) for number, at in await conn.execute(query)]

"""Forgetting mails whose time is up, a small batch at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction
from ostiary.mail import store
from ostiary.storage.archive import Archive, outgoing

PURGE: Final = "mail.purge"
"""The kind of work that forgets mails; there is one item of it."""

BATCH: Final = 500
"""How many mails are forgotten in one transaction."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_ARCHIVED: Final = "mails"

_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta, archive: Archive | None = None) -> InTransaction:
    """Give the handler of a deployment that keeps mails for so long."""

    async def purge(conn: AsyncConnection, now: datetime) -> datetime | None:
        async with outgoing(conn, _ARCHIVED, archive=archive, now=now) as out:
            gone = await store.delete_old(conn, out, before=now - keep, limit=BATCH)
        if gone:
            _log.info("mail.forgotten", mails=gone)
        return None if gone == BATCH else await _next(conn, keep, now)

    return recurring.handler(PURGE, purge)


async def _next(conn: AsyncConnection, keep: timedelta, now: datetime) -> datetime:
    """Say when there is something to forget again: never sooner than what is kept now runs out."""
    oldest = await store.oldest(conn)
    return recurring.next_round(oldest, keep=keep, pause=PAUSE, now=now)

"""Forgetting mails whose time is up, a small batch at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import recurring
from ostiary.durable.handlers import Again, InTransaction, Outcome
from ostiary.durable.items import WorkItem
from ostiary.mail import store

PURGE: Final = "mail.purge"
"""The kind of work that forgets mails; there is one item of it."""

BATCH: Final = 500
"""How many mails are forgotten in one transaction."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta) -> InTransaction:
    """Give the handler of a deployment that keeps mails for so long."""

    async def purge(
        conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome]:
        gone = await store.delete_old(conn, before=now - keep, limit=BATCH)
        if gone:
            _log.info("mail.forgotten", mails=gone)
        at = now if gone == BATCH else await _next(conn, keep, now)
        return {items[0].id: Again(at)}

    return InTransaction(PURGE, purge, batch=1)


async def _next(conn: AsyncConnection, keep: timedelta, now: datetime) -> datetime:
    """Say when there is something to forget again: never sooner than what is kept now runs out."""
    oldest = await store.oldest(conn)
    return recurring.next_round(oldest, keep=keep, pause=PAUSE, now=now)

"""Forgetting audit records whose time is up, a small batch at a time; by default none ever is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.tables import audit_records
from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction
from ostiary.storage.archive import Archive, outgoing
from ostiary.storage.batches import among

FORGET: Final = "audit.forget"
"""The kind of work; there is one item of it."""

BATCH: Final = 1_000
"""How many records are forgotten in one transaction."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_ARCHIVED: Final = "audit"

_columns = audit_records.c
_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta, archive: Archive | None = None) -> InTransaction:
    """Give the handler of a deployment that keeps audit records for so long."""

    async def forget(conn: AsyncConnection, now: datetime) -> datetime | None:
        ordered = select(_columns.id).order_by(_columns.activity_date_time, _columns.id)
        old = ordered.where(_columns.activity_date_time <= now - keep).limit(BATCH)
        ids = list((await conn.execute(old)).scalars())
        if ids:
            async with outgoing(conn, _ARCHIVED, archive=archive, now=now) as out:
                await out.delete(audit_records, among(_columns.id, ids))
            _log.info("audit.forgotten", records=len(ids))
        return None if len(ids) == BATCH else await _next(conn, keep, now)

    return recurring.handler(FORGET, forget)


async def _next(conn: AsyncConnection, keep: timedelta, now: datetime) -> datetime:
    oldest = select(_columns.activity_date_time).order_by(_columns.activity_date_time).limit(1)
    at: datetime | None = await conn.scalar(oldest)
    return recurring.next_round(at, keep=keep, pause=PAUSE, now=now)

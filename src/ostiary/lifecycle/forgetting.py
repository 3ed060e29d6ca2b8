"""``run.forget``: runs that ended long ago go, with their results and callouts, portion by portion.

Whose turn it was keeps what became of them in ``executionScope``. The audit log stays.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import recurring
from ostiary.durable.handlers import InTransaction
from ostiary.lifecycle import names
from ostiary.lifecycle.store import forgetting as store
from ostiary.storage.archive import Archive, outgoing

RETENTION: Final = timedelta(days=365)
"""How long runs are kept where nothing else is said."""

PORTION: Final = 500
"""Results of tasks, or of people, that one transaction deletes."""

PAUSE: Final = timedelta(days=1)
"""How long at least there is nothing to do after a round."""

_ARCHIVED: Final = "runs"

_log: Final = structlog.get_logger(__name__)


def handler(keep: timedelta, archive: Archive | None = None) -> InTransaction:
    """Give the handler of a deployment that keeps runs for so long after their end."""

    async def forget(conn: AsyncConnection, now: datetime) -> datetime | None:
        over = await store.lock_over(conn, before=now - keep)
        if not over:
            oldest = await store.oldest(conn)
            return recurring.next_round(oldest, keep=keep, pause=PAUSE, now=now)
        async with outgoing(conn, _ARCHIVED, archive=archive, now=now) as out:
            are_gone = await store.forget_some(conn, out, over, limit=PORTION, now=now)
        if are_gone:
            _log.info("runs.forgotten", runs=len(over))
        return None

    return recurring.handler(names.RUN_FORGET, forget)

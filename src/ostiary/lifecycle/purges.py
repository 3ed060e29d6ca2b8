"""``workflow.purge``: what was deleted goes for good, portion by portion.

The item of a deletion is due when the retention ends. It decides by the row: a workflow that was
restored meanwhile, and perhaps deleted again, is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.store import purging
from ostiary.lifecycle.store import runs as run_store

RETENTION: Final = timedelta(days=30)
"""How long a deleted workflow can be restored."""

PORTION: Final = 5_000
"""Rows of one table that one transaction deletes."""

_LATER: Final = timedelta(minutes=1)


def purge_at(id: str, due_at: datetime) -> NewWork:
    """Make the work that deletes a workflow for good."""
    return NewWork(kind=names.WORKFLOW_PURGE, key=id, due_at=due_at)


async def purge_workflows(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
    """Delete the next portion of each workflow; one whose runs are still being stopped waits."""
    for id in sorted({item.key for item in items}):
        row = await purging.lock_deleted(conn, id)
        if row is None:
            continue
        if row["purged_date_time"] is None:
            if now < row["deleted_date_time"] + RETENTION:
                continue
            await purging.mark_purged(conn, id, now=now)
            name = row["display_name"]
            activity = "Hard delete workflow"
            event = audits.workflow_event(activity, names.ACTOR, id, name, "Delete")
            await record(conn, [event], now=now)
        if await run_store.open_runs(conn, id):
            await queue.put(conn, [purge_at(id, now + _LATER)])
        elif not await purging.delete_portion(conn, id, PORTION):
            await queue.put(conn, [purge_at(id, now)])

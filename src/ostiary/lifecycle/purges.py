"""``workflow.purge``: what was deleted goes for good, portion by portion.

The item of a deletion is due when the retention ends. It decides by the row: a workflow that was
restored meanwhile, and perhaps deleted again, is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.durable import recurring
from ostiary.durable.handlers import Again, Outcome
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.store import purging
from ostiary.lifecycle.store import runs as run_store
from ostiary.lifecycle.store.rows import Row
from ostiary.storage.archive import Archive, ArchiveUnavailable, outgoing

RETENTION: Final = timedelta(days=30)
"""How long a deleted workflow can be restored."""

PORTION: Final = 500
"""Rows of one table that one transaction deletes."""

_LATER: Final = timedelta(minutes=1)
_ARCHIVED: Final = "workflows"


def purge_at(id: str, due_at: datetime) -> NewWork:
    """Make the work that deletes a workflow for good."""
    return NewWork(kind=names.WORKFLOW_PURGE, key=id, due_at=due_at)


@dataclass(frozen=True, slots=True)
class Purge:
    """Deletes workflows for good, into the archive if there is one."""

    archive: Archive | None

    async def run(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome]:
        """Delete the next portion of a workflow; one whose runs are still being stopped waits."""
        (item,) = items
        try:
            async with conn.begin_nested():
                at = await self._purge(conn, item.key, now)
        except ArchiveUnavailable as error:
            at = recurring.put_off(item.kind, error, now=now)
        return {} if at is None else {item.id: Again(at)}

    async def _purge(self, conn: AsyncConnection, id: str, now: datetime) -> datetime | None:
        """Say when to go on; None: there is nothing more to do."""
        row = await purging.lock_deleted(conn, id)
        if row is None:
            return None
        if row["purged_date_time"] is None:
            if now < row["deleted_date_time"] + RETENTION:
                return None
            await _begin(conn, row, now)
        if await run_store.open_runs(conn, id):
            return now + _LATER
        async with outgoing(conn, _ARCHIVED, archive=self.archive, now=now) as out:
            is_gone = await purging.delete_portion(conn, out, id, limit=PORTION, now=now)
        return None if is_gone else now + recurring.BREATH


async def _begin(conn: AsyncConnection, row: Row, now: datetime) -> None:
    """Let nobody see the workflow any more."""
    await purging.mark_purged(conn, row["id"], now=now)
    event = audits.workflow_event(
        "Hard delete workflow", names.ACTOR, row["id"], row["display_name"], "Delete"
    )
    await record(conn, [event], now=now)

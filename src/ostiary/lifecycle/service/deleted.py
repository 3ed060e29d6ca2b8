"""Deleted workflows: bring one back, or delete it for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.graph.errors import NotFound
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.model.workflows import Workflow
from ostiary.lifecycle.purges import purge_at
from ostiary.lifecycle.service.workflows import Workflows, check_name, read_workflow
from ostiary.lifecycle.store import purging
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.rows import Row


@dataclass(frozen=True, slots=True)
class DeletedWorkflows:
    """Workflows that were deleted and not purged. What lives is the business of ``workflows``."""

    workflows: Workflows

    async def restore(self, id: str, *, now: datetime, actor: Actor) -> Workflow:
        """Bring a workflow back, with everything that belongs to it, and without its schedule.

        :raises NotFound: there is no such deleted workflow.
        :raises NameTaken: a live workflow has its displayName.
        :raises LimitExceeded: there are as many workflows as there may be.
        """
        async with self.workflows.writing() as conn:
            row = await _find(conn, id)
            await self.workflows.check_room(conn)
            await check_name(conn, row["display_name"], besides=None)
            back = {"last_modified_date_time": now, "last_modified_by": actor.id}
            await store.mark_restored(conn, id, back)
            await queue.withdraw(conn, names.WORKFLOW_PURGE, [id])
            event = audits.workflow_event("Restore workflow", actor, id, row["display_name"])
            await record(conn, [event], now=now)
            return await read_workflow(conn, id)

    async def purge(self, id: str, *, now: datetime, actor: Actor) -> None:
        """Delete a workflow for good: at once nobody sees it, and soon it is gone.

        :raises NotFound: there is no such deleted workflow.
        """
        async with self.workflows.writing() as conn:
            row = await _find(conn, id)
            await purging.mark_purged(conn, id, now=now)
            await queue.withdraw(conn, names.WORKFLOW_PURGE, [id])
            await queue.put(conn, [purge_at(id, now)])
            name = row["display_name"]
            event = audits.workflow_event("Hard delete workflow", actor, id, name, "Delete")
            await record(conn, [event], now=now)


async def _find(conn: AsyncConnection, id: str) -> Row:
    row = await purging.lock_deleted(conn, id)
    if row is None or row["purged_date_time"] is not None:
        raise NotFound(f"The deleted workflow '{id}' could not be found.", target="workflows")
    return row

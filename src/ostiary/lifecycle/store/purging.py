"""Statements that delete a workflow for good: the workflow last, what hangs on it before."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.store import forgetting
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tables import (
    execution_scopes,
    runs,
    workflow_tasks,
    workflow_versions,
    workflows,
)
from ostiary.storage.archive import Outgoing

_CHILDREN: Final = (execution_scopes, workflow_tasks, workflow_versions)
"""In the order in which they may go, after the runs."""


async def lock_deleted(conn: AsyncConnection, id: str) -> Row | None:
    """Read a deleted workflow, locked; one that is being deleted for good included."""
    query = (
        select(workflows)
        .where(workflows.c.id == id, workflows.c.deleted_date_time.is_not(None))
        .with_for_update()
    )
    return (await conn.execute(query)).mappings().first()


async def mark_purged(conn: AsyncConnection, id: str, *, now: datetime) -> None:
    """Let nobody see a deleted workflow any more."""
    await conn.execute(update(workflows).where(workflows.c.id == id).values(purged_date_time=now))


async def delete_portion(
    conn: AsyncConnection, out: Outgoing, id: str, *, limit: int, now: datetime
) -> bool:
    """Delete some rows that belong to a workflow; with nothing left, the workflow. Tell of that."""
    own = select(runs.c.id).where(runs.c.workflow_id == id).limit(forgetting.RUNS)
    run_ids = list((await conn.execute(own)).scalars())
    if run_ids:
        await forgetting.forget_some(conn, out, run_ids, limit=limit, now=now)
        return False
    for table in _CHILDREN:
        some = select(table.c.id).where(table.c.workflow_id == id).limit(limit)
        if await out.delete(table, table.c.id.in_(some)) == limit:
            return False
    await out.delete(workflows, workflows.c.id == id)
    return True

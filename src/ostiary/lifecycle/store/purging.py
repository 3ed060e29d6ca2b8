"""Statements that delete a workflow for good: the workflow last, what hangs on it before."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Table, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tables import (
    execution_scopes,
    run_reprocessings,
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflow_subjects,
    workflow_tasks,
    workflow_versions,
    workflows,
)

_CHILDREN: Final = (
    execution_scopes,
    task_processing_results,
    user_processing_results,
    task_reports,
    runs,
    workflow_tasks,
    workflow_versions,
)
"""In the order in which they may go."""


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


async def delete_portion(conn: AsyncConnection, id: str, limit: int) -> bool:
    """Delete some rows that belong to a workflow; with nothing left, the workflow. Tell of that."""
    for table in _CHILDREN:
        if table is user_processing_results:
            await _forget_subjects(conn, id)
        if table is runs:
            await _forget_reprocessings(conn, id)
        if await _delete_some(conn, table, id, limit) == limit:
            return False
    await conn.execute(delete(workflows).where(workflows.c.id == id))
    return True


async def _delete_some(conn: AsyncConnection, table: Table, id: str, limit: int) -> int:
    some = select(table.c.id).where(table.c.workflow_id == id).limit(limit)
    return (await conn.execute(delete(table).where(table.c.id.in_(some)))).rowcount


async def _forget_subjects(conn: AsyncConnection, id: str) -> None:
    """They are single ones, each of a call that waited."""
    people = user_processing_results.c
    own = select(people.id).where(people.workflow_id == id)
    await conn.execute(delete(workflow_subjects).where(workflow_subjects.c.result_id.in_(own)))


async def _forget_reprocessings(conn: AsyncConnection, id: str) -> None:
    own = select(runs.c.id).where(runs.c.workflow_id == id)
    links = run_reprocessings.c
    await conn.execute(
        delete(run_reprocessings).where(
            or_(links.run_id.in_(own), links.reprocessed_run_id.in_(own))
        )
    )

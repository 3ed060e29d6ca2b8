"""Rows by the ids of a request, or the refusal that there are none."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph.errors import NotFound
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.rows import Row


async def workflow(conn: AsyncConnection, id: str, *, lock: bool = False) -> Row:
    """Read a live workflow.

    :raises NotFound: there is none.
    """
    row = await store.workflow_row(conn, id, lock=lock)
    if row is None:
        raise NotFound(f"The workflow '{id}' could not be found.", target="workflows")
    return row


async def current_task(conn: AsyncConnection, workflow_id: str, task_id: str) -> Row:
    """Read a task of the current version of a workflow.

    :raises NotFound: there is none.
    """
    row = await store.current_task_row(conn, workflow_id, task_id)
    if row is None:
        raise NotFound(f"The task '{task_id}' could not be found.", target="tasks")
    return row

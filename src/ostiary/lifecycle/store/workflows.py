"""Queries about workflows, their versions and tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model import workflows as wire
from ostiary.lifecycle.model.enums import QuarantineType
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.store.shown import wire_task
from ostiary.lifecycle.tables import workflow_tasks, workflow_versions, workflows
from ostiary.storage.batches import among

NOT_QUARANTINED: Final = {
    "quarantined_date_time": None,
    "quarantine_reason": None,
    "quarantine_type": QuarantineType.NOT_QUARANTINED.value,
}
"""What a workflow shows that no limit holds back."""

_LIVE = workflows.c.deleted_date_time.is_(None)


async def insert_workflow(conn: AsyncConnection, values: Mapping[str, Any]) -> None:
    """Add a workflow."""
    await conn.execute(insert(workflows).values(**values))


async def insert_version(
    conn: AsyncConnection, values: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]
) -> None:
    """Add a version with its tasks."""
    await conn.execute(insert(workflow_versions).values(**values))
    await conn.execute(insert(workflow_tasks), list(tasks))


async def workflow_row(conn: AsyncConnection, id: str, *, lock: bool = False) -> Row | None:
    """Read a live workflow; ``lock`` before changing it."""
    query = select(workflows).where(workflows.c.id == id, _LIVE)
    if lock:
        query = query.with_for_update()
    return (await conn.execute(query)).mappings().first()


async def workflow_rows(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Row]:
    """Read workflows, deleted ones included."""
    rows = await conn.execute(select(workflows).where(among(workflows.c.id, ids)))
    return {row["id"]: row for row in rows.mappings()}


async def version_rows(
    conn: AsyncConnection, workflow_id: str, numbers: Collection[int]
) -> dict[int, Row]:
    """Read versions of one workflow by their numbers."""
    query = select(workflow_versions).where(
        workflow_versions.c.workflow_id == workflow_id,
        workflow_versions.c.version_number.in_(numbers),
    )
    return {row["version_number"]: row for row in (await conn.execute(query)).mappings()}


async def update_workflow(
    conn: AsyncConnection, id: str, version_id: str, values: Mapping[str, Any]
) -> None:
    """Change a workflow, and its current version as far as that shows the same properties."""
    await conn.execute(update(workflows).where(workflows.c.id == id).values(**values))
    shared = {name: value for name, value in values.items() if name in workflow_versions.c}
    version = workflow_versions.c.id == version_id
    await conn.execute(update(workflow_versions).where(version).values(**shared))


async def close_version(conn: AsyncConnection, version_id: str, *, now: datetime, by: str) -> None:
    """Note when and by whom a version was replaced."""
    await conn.execute(
        update(workflow_versions)
        .where(workflow_versions.c.id == version_id)
        .values(last_modified_date_time=now, last_modified_by=by)
    )


async def move_to_version(conn: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Let a workflow show another version, which may be about to be added."""
    await conn.execute(update(workflows).where(workflows.c.id == id).values(**values))


async def set_quarantine(conn: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Note that an execution limit holds a workflow back, or that it no longer does."""
    await conn.execute(update(workflows).where(workflows.c.id == id).values(**values))


async def mark_restored(conn: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Take a workflow back from the deleted items; ``values`` say when, and by whom."""
    live = {"deleted_date_time": None, "is_scheduling_enabled": False, **values}
    await conn.execute(update(workflows).where(workflows.c.id == id).values(**live))


async def mark_deleted(conn: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Put a workflow among the deleted items; ``values`` say when, and by whom."""
    await conn.execute(update(workflows).where(workflows.c.id == id).values(**values))


async def count_workflows(conn: AsyncConnection) -> int:
    """Count the live workflows."""
    query = select(func.count()).select_from(workflows).where(_LIVE)
    return int((await conn.execute(query)).scalar_one())


async def name_owner(conn: AsyncConnection, key: str) -> str | None:
    """Give the id of the live workflow that has a name."""
    query = select(workflows.c.id).where(workflows.c.name_key == key, _LIVE)
    return (await conn.execute(query)).scalar()


async def version_tasks(
    conn: AsyncConnection, version_ids: Collection[str]
) -> dict[str, list[wire.Task]]:
    """Read the tasks of versions in the order in which they run."""
    query = (
        select(workflow_tasks)
        .where(among(workflow_tasks.c.version_id, version_ids))
        .order_by(workflow_tasks.c.version_id, workflow_tasks.c.execution_sequence)
    )
    found: dict[str, list[wire.Task]] = defaultdict(list)
    for row in (await conn.execute(query)).mappings():
        found[row["version_id"]].append(wire_task(row))
    return found


async def tasks(conn: AsyncConnection, ids: Collection[str]) -> dict[str, wire.Task]:
    """Read tasks of any version by their ids."""
    query = select(workflow_tasks).where(among(workflow_tasks.c.id, ids))
    return {row["id"]: wire_task(row) for row in (await conn.execute(query)).mappings()}


async def current_task_row(conn: AsyncConnection, workflow_id: str, task_id: str) -> Row | None:
    """Read a task of the current version of a live workflow."""
    query = (
        select(workflow_tasks)
        .join(workflows, workflows.c.version_id == workflow_tasks.c.version_id)
        .where(workflows.c.id == workflow_id, workflow_tasks.c.id == task_id, _LIVE)
    )
    return (await conn.execute(query)).mappings().first()


async def update_task(conn: AsyncConnection, id: str, values: Mapping[str, Any]) -> None:
    """Change what PATCH may change of a task."""
    await conn.execute(update(workflow_tasks).where(workflow_tasks.c.id == id).values(**values))


async def extensions_of(conn: AsyncConnection, task_ids: Collection[str]) -> dict[str, str | None]:
    """Give the custom task extension that each task runs, or None."""
    columns = (workflow_tasks.c.id, workflow_tasks.c.extension_id)
    query = select(*columns).where(among(workflow_tasks.c.id, task_ids))
    return {id: extension_id for id, extension_id in await conn.execute(query)}


async def users_of_extension(conn: AsyncConnection, extension_id: str) -> list[str]:
    """Name the workflows, deleted ones included, whose current tasks run an extension."""
    query = (
        select(workflows.c.display_name)
        .join(workflow_tasks, workflow_tasks.c.version_id == workflows.c.version_id)
        .where(
            workflow_tasks.c.extension_id == extension_id, workflows.c.purged_date_time.is_(None)
        )
        .distinct()
        .order_by(workflows.c.display_name)
    )
    return list((await conn.execute(query)).scalars())

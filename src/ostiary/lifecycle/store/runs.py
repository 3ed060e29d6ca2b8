"""Statements that make runs and stop them: the run, its reports and its people, level by level.

Every statement is about a whole set, so that a run of a hundred thousand people takes as many of
them as a run of one.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.runs import Run
from ostiary.lifecycle.store.ids import RandomId
from ostiary.lifecycle.store.rows import run_of, tally_columns
from ostiary.lifecycle.tables import (
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflow_tasks,
    workflows,
)
from ostiary.lifecycle.tallies import Status, Tally
from ostiary.storage.batches import among
from ostiary.storage.tables import Instant, new_id

_people = user_processing_results.c
_results = task_processing_results.c
_OPEN = (Status.QUEUED.value, Status.IN_PROGRESS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run, and what its workflow says of it now."""

    run: Run
    version_id: str
    stopping: bool
    current_version_id: str
    current_version: int
    workflow_enabled: bool
    """Whether the workflow is there, and enabled."""


@dataclass(frozen=True, slots=True)
class Title:
    """What a run is called in the audit log."""

    workflow_id: str
    workflow: str
    kind: str


async def insert_run(
    conn: AsyncConnection,
    *,
    id: str,
    workflow_id: str,
    version_id: str,
    execution_type: ExecutionType,
    people: int,
    tasks: int,
    now: datetime,
) -> None:
    """Add a queued run of so many people with so many tasks each."""
    values = {
        "id": id,
        "workflow_id": workflow_id,
        "version_id": version_id,
        "workflow_execution_type": execution_type.value,
        "processing_status": Status.QUEUED.value,
        "stopping": False,
        "scheduled_date_time": now,
        "last_updated_date_time": now,
        **tally_columns(Tally(queued=people), "people"),
        **tally_columns(Tally(queued=people * tasks), "tasks"),
    }
    await conn.execute(insert(runs).values(**values))


async def insert_people(
    conn: AsyncConnection, run_id: str, subject_ids: Sequence[str], *, version: int, tasks: int
) -> None:
    """Add the people of a run, each with so many tasks that wait."""
    run = (await conn.execute(select(runs).where(runs.c.id == run_id))).mappings().one()
    shared = {
        "run_id": run_id,
        "workflow_id": run["workflow_id"],
        "workflow_version": version,
        "workflow_execution_type": run["workflow_execution_type"],
        "processing_status": Status.QUEUED.value,
        "laid_out": False,
        "scheduled_date_time": run["scheduled_date_time"],
        **tally_columns(Tally(queued=tasks), "tasks"),
    }
    rows = [{"id": new_id(), "subject_id": subject_id, **shared} for subject_id in subject_ids]
    await conn.execute(insert(user_processing_results), rows)


async def insert_reports(conn: AsyncConnection, run_ids: Collection[str], *, now: datetime) -> None:
    """Add a queued report for each enabled task of these runs."""
    no_people = {name: literal(0) for name in tally_columns(Tally(), "people")}
    values = {
        "id": RandomId(),
        "run_id": runs.c.id,
        "workflow_id": runs.c.workflow_id,
        "task_id": workflow_tasks.c.id,
        "task_definition_id": workflow_tasks.c.task_definition_id,
        "processing_status": literal(Status.QUEUED.value),
        "last_updated_date_time": literal(now, Instant()),
        **no_people,
        "people_queued": runs.c.people_queued,
    }
    made = (
        select(*(value.label(name) for name, value in values.items()))
        .join_from(runs, workflow_tasks, workflow_tasks.c.version_id == runs.c.version_id)
        .where(among(runs.c.id, run_ids), workflow_tasks.c.is_enabled)
    )
    await conn.execute(insert(task_reports).from_select(list(values), made))


async def run_facts(conn: AsyncConnection, ids: Collection[str]) -> dict[str, RunFacts]:
    """Read runs with their workflows, deleted ones included."""
    query = (
        select(
            runs,
            workflows.c.version_id.label("current_version_id"),
            workflows.c.version.label("current_version"),
            (workflows.c.is_enabled & workflows.c.deleted_date_time.is_(None)).label("enabled"),
        )
        .join(workflows, workflows.c.id == runs.c.workflow_id)
        .where(among(runs.c.id, ids))
    )
    return {
        row["id"]: RunFacts(
            run=run_of(row),
            version_id=row["version_id"],
            stopping=row["stopping"],
            current_version_id=row["current_version_id"],
            current_version=row["current_version"],
            workflow_enabled=bool(row["enabled"]),
        )
        for row in (await conn.execute(query)).mappings()
    }


async def rebase(
    conn: AsyncConnection, run_id: str, *, version_id: str, version: int, now: datetime
) -> None:
    """Put a run of which nobody has started onto another version of its workflow."""
    tasks = await enabled_tasks(conn, version_id)
    waiting = (_people.run_id == run_id) & (_people.processing_status == Status.QUEUED.value)
    await conn.execute(
        update(user_processing_results)
        .where(waiting)
        .values(workflow_version=version, tasks_queued=tasks)
    )
    await conn.execute(
        update(runs)
        .where(runs.c.id == run_id)
        .values(version_id=version_id, tasks_queued=runs.c.people_queued * tasks)
    )
    await conn.execute(delete(task_reports).where(task_reports.c.run_id == run_id))
    await insert_reports(conn, [run_id], now=now)


async def enabled_tasks(conn: AsyncConnection, version_id: str) -> int:
    """Count the tasks of a version that are not disabled."""
    query = (
        select(func.count())
        .select_from(workflow_tasks)
        .where(workflow_tasks.c.version_id == version_id, workflow_tasks.c.is_enabled)
    )
    return int((await conn.execute(query)).scalar_one())


async def open_runs(conn: AsyncConnection, workflow_id: str) -> list[str]:
    """Give the runs of a workflow that have not ended."""
    query = select(runs.c.id).where(
        runs.c.workflow_id == workflow_id,
        runs.c.processing_status.in_([*_OPEN, Status.CANCELING.value]),
    )
    return list((await conn.execute(query)).scalars())


async def stop_runs(conn: AsyncConnection, ids: Collection[str]) -> None:
    """Let nothing new begin in these runs."""
    await conn.execute(update(runs).where(among(runs.c.id, ids)).values(stopping=True))


async def titles(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Title]:
    """Say what runs are called."""
    if not ids:
        return {}
    query = (
        select(
            runs.c.id, runs.c.workflow_id, workflows.c.display_name, runs.c.workflow_execution_type
        )
        .join(workflows, workflows.c.id == runs.c.workflow_id)
        .where(among(runs.c.id, ids))
    )
    scheduled = ExecutionType.SCHEDULED.value
    return {
        id: Title(workflow_id, name, "Schedule" if kind == scheduled else "On-demand")
        for id, workflow_id, name, kind in await conn.execute(query)
    }

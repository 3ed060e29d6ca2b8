"""Statements that make runs and stop them: the run, its reports and its people, level by level.

Every statement is about a whole set, so that a run of a hundred thousand people takes as many of
them as a run of one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import case, delete, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.workflows import ActivationScope
from ostiary.lifecycle.runs import Run
from ostiary.lifecycle.store import choices
from ostiary.lifecycle.store.choices import People
from ostiary.lifecycle.store.rows import run_of, scope_json, tally_columns
from ostiary.lifecycle.tables import (
    run_reprocessings,
    runs,
    task_reports,
    user_processing_results,
    workflow_tasks,
    workflows,
)
from ostiary.lifecycle.tallies import Status, Tally
from ostiary.storage.batches import among
from ostiary.storage.ids import NewId
from ostiary.storage.tables import Instant

_people = user_processing_results.c
_OPEN = (Status.QUEUED.value, Status.IN_PROGRESS.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """A run that is to be stored."""

    id: str
    workflow_id: str
    version_id: str
    version: int
    execution_type: ExecutionType
    scheduled_at: datetime
    scope: ActivationScope | None = None
    failures_only: bool = False
    only_task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """A run, and what its workflow says of it now."""

    run: Run
    execution_type: ExecutionType
    version_id: str
    stopping: bool
    only_task_id: str | None
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


async def insert_run(conn: AsyncConnection, run: NewRun, *, status: Status = Status.QUEUED) -> None:
    """Add a run without people."""
    values = {
        "id": run.id,
        "workflow_id": run.workflow_id,
        "version_id": run.version_id,
        "workflow_execution_type": run.execution_type.value,
        "processing_status": status.value,
        "activated_on_scope": scope_json(run.scope),
        "failed_tasks_only": run.failures_only,
        "only_task_id": run.only_task_id,
        "stopping": False,
        "scheduled_date_time": run.scheduled_at,
        "last_updated_date_time": run.scheduled_at,
    }
    await conn.execute(insert(runs).values(**values))


async def insert_people(conn: AsyncConnection, run: NewRun, people: People) -> None:
    """Add the people of a run that wait, each with their tasks, and add them up."""
    tasks = await enabled_tasks(conn, run.version_id, only=run.only_task_id)
    await _add_people(conn, run, people, Status.QUEUED, Tally(queued=tasks))
    if run.failures_only:
        await _count_repeated(conn, run.id)
    sums = {"people_queued": func.count(), "tasks_queued": func.sum(_people.tasks_queued)}
    await _add_up(conn, run.id, sums)


async def insert_held(conn: AsyncConnection, run: NewRun, people: People) -> None:
    """Add a run that a limit holds back: its people are known, and nothing is done for them."""
    await insert_run(conn, run, status=Status.QUARANTINED)
    await _add_people(
        conn, run, people, Status.CANCELED, Tally(), laid_out=True, ended_at=run.scheduled_at
    )
    await _add_up(conn, run.id, {"people_canceled": func.count()})
    ended = update(runs).where(runs.c.id == run.id)
    await conn.execute(ended.values(completed_date_time=run.scheduled_at))


async def link_reprocessing(
    conn: AsyncConnection, run_ids: Collection[str], reprocessed_id: str
) -> None:
    """Note that a run repeats others, or parts of them."""
    rows = [{"run_id": id, "reprocessed_run_id": reprocessed_id} for id in sorted(run_ids)]
    await conn.execute(insert(run_reprocessings), rows)


async def unlink_reprocessing(conn: AsyncConnection, run_id: str, reprocessed_id: str) -> bool:
    """Forget that a run repeats another; tell whether it was known."""
    links = run_reprocessings.c
    gone = delete(run_reprocessings).where(
        links.run_id == run_id, links.reprocessed_run_id == reprocessed_id
    )
    return bool((await conn.execute(gone)).rowcount)


async def _add_people(
    conn: AsyncConnection,
    run: NewRun,
    people: People,
    status: Status,
    tasks: Tally,
    *,
    laid_out: bool = False,
    ended_at: datetime | None = None,
) -> None:
    chosen = people.subquery("chosen")
    values: dict[str, Any] = {
        "id": NewId(),
        "run_id": literal(run.id),
        "workflow_id": literal(run.workflow_id),
        "workflow_version": literal(run.version),
        "workflow_execution_type": literal(run.execution_type.value),
        "subject_id": chosen.c.subject_id,
        "origin_id": chosen.c.origin_id,
        "processing_status": literal(status.value),
        "laid_out": literal(laid_out),
        "scheduled_date_time": literal(run.scheduled_at, Instant()),
        "completed_date_time": literal(ended_at, Instant()),
        **{name: literal(number) for name, number in tally_columns(tasks, "tasks").items()},
    }
    made = select(*(value.label(name) for name, value in values.items()))
    await conn.execute(insert(user_processing_results).from_select(list(values), made))


async def _count_repeated(conn: AsyncConnection, run_id: str) -> None:
    """Give the people of a run that repeats failures as many tasks as they repeat."""
    tasks = (
        select(func.count())
        .select_from(workflow_tasks)
        .join(runs, runs.c.version_id == workflow_tasks.c.version_id)
        .where(runs.c.id == run_id, choices.in_run(), choices.repeated(_people.origin_id))
        .correlate(user_processing_results)
        .scalar_subquery()
    )
    waiting = (_people.run_id == run_id) & (_people.processing_status == Status.QUEUED.value)
    await conn.execute(update(user_processing_results).where(waiting).values(tasks_queued=tasks))


async def _add_up(conn: AsyncConnection, run_id: str, sums: Mapping[str, Any]) -> None:
    columns = [value.label(name) for name, value in sums.items()]
    query = select(*columns).where(_people.run_id == run_id)
    row = (await conn.execute(query)).mappings().one()
    numbers = {name: int(value or 0) for name, value in row.items()}
    await conn.execute(update(runs).where(runs.c.id == run_id).values(**numbers))


async def insert_reports(conn: AsyncConnection, run_ids: Collection[str], *, now: datetime) -> None:
    """Add a queued report for each task of these runs that anybody in them has."""
    no_people = {name: literal(0) for name in tally_columns(Tally(), "people")}
    repeating = (
        select(func.count())
        .select_from(user_processing_results)
        .where(
            _people.run_id == runs.c.id,
            _people.processing_status == Status.QUEUED.value,
            choices.repeated(_people.origin_id),
        )
        .correlate(runs, workflow_tasks)
        .scalar_subquery()
    )
    people = case((runs.c.failed_tasks_only, repeating), else_=runs.c.people_queued)
    values = {
        "id": NewId(),
        "run_id": runs.c.id,
        "workflow_id": runs.c.workflow_id,
        "task_id": workflow_tasks.c.id,
        "task_definition_id": workflow_tasks.c.task_definition_id,
        "processing_status": literal(Status.QUEUED.value),
        "last_updated_date_time": literal(now, Instant()),
        **no_people,
        "people_queued": people,
    }
    made = (
        select(*(value.label(name) for name, value in values.items()))
        .join_from(runs, workflow_tasks, workflow_tasks.c.version_id == runs.c.version_id)
        .where(among(runs.c.id, run_ids), choices.in_run(), people > 0)
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
            execution_type=ExecutionType(row["workflow_execution_type"]),
            version_id=row["version_id"],
            stopping=row["stopping"],
            only_task_id=row["only_task_id"],
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
    changed = (
        update(runs)
        .where(runs.c.id == run_id)
        .values(version_id=version_id)
        .returning(runs.c.failed_tasks_only)
    )
    if (await conn.execute(changed)).scalar_one():
        await _count_repeated(conn, run_id)
    await _add_up(conn, run_id, {"tasks_queued": func.sum(_people.tasks_queued)})
    await conn.execute(delete(task_reports).where(task_reports.c.run_id == run_id))
    await insert_reports(conn, [run_id], now=now)


async def enabled_tasks(conn: AsyncConnection, version_id: str, *, only: str | None = None) -> int:
    """Count the tasks of a version that are not disabled, or that are the only one wanted."""
    wanted = workflow_tasks.c.is_enabled if only is None else workflow_tasks.c.id == only
    query = (
        select(func.count())
        .select_from(workflow_tasks)
        .where(workflow_tasks.c.version_id == version_id, wanted)
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

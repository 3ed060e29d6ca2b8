"""Statements that read and change results by the batch, and keep the sums above them right.

Locks are always taken in the same order, so that two batches of one run cannot wait for each
other: people by id, then runs by id; tasks and reports are only touched below those locks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.results import Person, TaskResult, Turn
from ostiary.lifecycle.runs import Report, Run
from ostiary.lifecycle.store.rows import (
    Row,
    person_columns,
    person_of,
    report_of,
    run_of,
    tally_columns,
    task_result_columns,
    task_result_of,
)
from ostiary.lifecycle.tables import (
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflow_subjects,
    workflow_tasks,
    workflow_versions,
    workflows,
)
from ostiary.lifecycle.tallies import Status, Tally
from ostiary.storage.batches import KEYS, among

_people = user_processing_results.c
_results = task_processing_results.c

_TURNS: Final = (
    select(
        task_processing_results,
        workflow_tasks.c.continue_on_error,
        workflow_tasks.c.task_definition_id,
        workflow_tasks.c.arguments,
        workflow_tasks.c.extension_id,
        runs.c.stopping,
        runs.c.workflow_execution_type,
        (workflows.c.is_enabled & workflows.c.deleted_date_time.is_(None)).label("enabled"),
    )
    .join(workflow_tasks, workflow_tasks.c.id == _results.task_id)
    .join(runs, runs.c.id == _results.run_id)
    .join(workflows, workflows.c.id == _results.workflow_id)
    .where(among(_results.id, KEYS))
)
_TOLD: Final = (
    select(
        task_processing_results,
        workflow_tasks.c.display_name.label("task_name"),
        workflow_tasks.c.task_definition_id,
        workflow_tasks.c.arguments,
        workflow_tasks.c.extension_id,
        workflows.c.display_name.label("workflow_name"),
        _people.workflow_version,
        workflow_subjects.c.subject,
    )
    .join(workflow_tasks, workflow_tasks.c.id == _results.task_id)
    .join(workflows, workflows.c.id == _results.workflow_id)
    .join(user_processing_results, _people.id == _results.user_processing_result_id)
    .outerjoin(workflow_subjects, workflow_subjects.c.result_id == _people.id)
    .where(among(_results.id, KEYS))
)
_PLACES: Final = (
    select(
        task_processing_results,
        workflow_tasks.c.extension_id,
        workflow_versions.c.version_number,
    )
    .join(workflow_tasks, workflow_tasks.c.id == _results.task_id)
    .join(workflow_versions, workflow_versions.c.id == workflow_tasks.c.version_id)
    .where(among(_results.id, KEYS))
)
_OPEN_TASKS: Final = (
    select(task_processing_results, workflow_tasks.c.continue_on_error)
    .join(workflow_tasks, workflow_tasks.c.id == _results.task_id)
    .where(
        among(_results.user_processing_result_id, KEYS),
        _results.processing_status.in_([Status.QUEUED.value, Status.IN_PROGRESS.value]),
    )
)
_LOCK_PEOPLE: Final = (
    select(user_processing_results)
    .where(among(_people.id, KEYS))
    .order_by(_people.id)
    .with_for_update()
)
_LOCK_PEOPLE_OF: Final = (
    select(user_processing_results)
    .where(
        _people.id.in_(select(_results.user_processing_result_id).where(among(_results.id, KEYS)))
    )
    .order_by(_people.id)
    .with_for_update()
)
_READ_RUNS: Final = select(runs).where(among(runs.c.id, KEYS))
_LOCK_RUNS: Final = _READ_RUNS.order_by(runs.c.id).with_for_update()


async def lock_turns(conn: AsyncConnection, result_ids: Collection[str]) -> list[Turn]:
    """Read task results with everything around them, the people locked."""
    people = await _people_by_id(conn, _LOCK_PEOPLE_OF, result_ids)
    rows = (await conn.execute(_TURNS, {"keys": result_ids})).mappings()
    return [_turn(row, people[row["user_processing_result_id"]]) for row in rows]


async def lock_people(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Person]:
    """Read people, locked."""
    return await _people_by_id(conn, _LOCK_PEOPLE, ids)


async def open_tasks(conn: AsyncConnection, person_ids: Collection[str]) -> list[TaskResult]:
    """Read the task results of people that have not ended."""
    rows = (await conn.execute(_OPEN_TASKS, {"keys": person_ids})).mappings()
    return [task_result_of(row) for row in rows]


async def calls(conn: AsyncConnection, result_ids: Collection[str]) -> dict[str, Row]:
    """Read what an endpoint is told of tasks in progress; those that have ended are missing."""
    found = await told(conn, result_ids)
    going_on = Status.IN_PROGRESS.value
    return {id: row for id, row in found.items() if row["processing_status"] == going_on}


async def results_of_run(conn: AsyncConnection, run_id: str) -> list[str]:
    """Give the ids of the task results of a run."""
    query = select(_results.id).where(_results.run_id == run_id)
    return list((await conn.execute(query)).scalars())


async def told(conn: AsyncConnection, result_ids: Collection[str]) -> dict[str, Row]:
    """Read what there is to tell of tasks, with the names around them and their arguments."""
    rows = (await conn.execute(_TOLD, {"keys": result_ids})).mappings()
    return {row["id"]: row for row in rows}


async def places_of(conn: AsyncConnection, result_ids: Collection[str]) -> dict[str, Row]:
    """Read what task results belong to: every id that a path to them may name."""
    rows = (await conn.execute(_PLACES, {"keys": result_ids})).mappings()
    return {row["id"]: row for row in rows}


async def save_tasks(conn: AsyncConnection, moved: Iterable[TaskResult]) -> None:
    """Store what moved of task results: one statement for all that ended alike."""
    await _save(conn, task_processing_results, {t.id: task_result_columns(t) for t in moved})


async def save_people(conn: AsyncConnection, moved: Iterable[Person]) -> None:
    """Store what moved of people: one statement for all that stand alike."""
    await _save(conn, user_processing_results, {p.id: person_columns(p) for p in moved})


async def add_to_reports(
    conn: AsyncConnection, differences: Mapping[str, Tally], *, now: datetime
) -> list[Report]:
    """Add differences to reports, whose runs are locked; give the reports with the new sums."""
    rows = await _add(
        conn, task_reports, {id: tally_columns(d, "people") for id, d in differences.items()}, now
    )
    return [report_of(row) for row in rows]


async def add_to_runs(
    conn: AsyncConnection, differences: Mapping[str, tuple[Tally, Tally]], *, now: datetime
) -> list[Run]:
    """Add differences of people and tasks to runs that are locked; give them with the new sums."""
    columns = {
        id: {**tally_columns(people, "people"), **tally_columns(tasks, "tasks")}
        for id, (people, tasks) in differences.items()
    }
    return [run_of(row) for row in await _add(conn, runs, columns, now)]


async def lock_runs(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Run]:
    """Read runs, locked in the order of their ids."""
    rows = (await conn.execute(_LOCK_RUNS, {"keys": ids})).mappings()
    return {row["id"]: run_of(row) for row in rows}


async def read_runs(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Run]:
    """Read runs."""
    rows = (await conn.execute(_READ_RUNS, {"keys": ids})).mappings()
    return {row["id"]: run_of(row) for row in rows}


async def save_runs(conn: AsyncConnection, moved: Iterable[Run]) -> None:
    """Store the states of runs; their sums are only ever added to."""
    columns = {
        run.id: {
            "processing_status": run.status.value,
            "started_date_time": run.started_at,
            "completed_date_time": run.completed_at,
        }
        for run in moved
    }
    await _save(conn, runs, columns)


async def save_reports(conn: AsyncConnection, moved: Iterable[Report]) -> None:
    """Store the states of reports."""
    columns = {report.id: {"processing_status": report.status.value} for report in moved}
    await _save(conn, task_reports, columns)


async def _people_by_id(
    conn: AsyncConnection, query: Select[Any], keys: Collection[str]
) -> dict[str, Person]:
    rows = (await conn.execute(query, {"keys": keys})).mappings()
    return {row["id"]: person_of(row) for row in rows}


def _turn(row: Row, person: Person) -> Turn:
    return Turn(
        task=task_result_of(row),
        person=person,
        workflow_id=row["workflow_id"],
        subject_id=row["subject_id"],
        task_id=row["task_id"],
        definition_id=row["task_definition_id"],
        arguments=dict(row["arguments"]),
        extension_id=row["extension_id"],
        workflow_enabled=bool(row["enabled"]),
        stopping=row["stopping"],
        is_preview=row["workflow_execution_type"] == ExecutionType.PREVIEW.value,
    )


async def _save(conn: AsyncConnection, table: Table, values: Mapping[str, Row]) -> None:
    for columns, ids in _alike(values):
        await conn.execute(update(table).where(among(table.c.id, ids)).values(**columns))


async def _add(
    conn: AsyncConnection, table: Table, differences: Mapping[str, Row], now: datetime
) -> list[Row]:
    """Add numbers to columns; rows that get the same share a statement."""
    rows: list[Row] = []
    for numbers, ids in _alike(differences):
        sums = {name: table.c[name] + number for name, number in numbers.items() if number}
        statement = (
            update(table)
            .where(among(table.c.id, ids))
            .values(last_updated_date_time=now, **sums)
            .returning(table)
        )
        rows += (await conn.execute(statement)).mappings().all()
    return rows


def _alike(values: Mapping[str, Row]) -> Iterable[tuple[Row, list[str]]]:
    """Group ids by equal values."""
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for id, columns in values.items():
        groups[tuple(columns.items())].append(id)
    return [(values[ids[0]], ids) for ids in groups.values()]

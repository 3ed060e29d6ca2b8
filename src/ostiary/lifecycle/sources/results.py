"""Tasks, and what happened to them: runs, the people in them, results and reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.sources import USERS
from ostiary.graph.resources import Authorize, Call, Link, Source
from ostiary.graph.types import UNSET
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.workflows import (
    Run,
    SubjectProcessingResult,
    Task,
    TaskProcessingResult,
    TaskReport,
    UserProcessingResult,
)
from ostiary.lifecycle.sources.definitions import TASK_DEFINITIONS
from ostiary.lifecycle.store import subjects as subject_store
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.shown import (
    wire_person,
    wire_report,
    wire_run,
    wire_subject,
    wire_task,
    wire_task_result,
)
from ostiary.lifecycle.tables import (
    run_reprocessings,
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflow_subjects,
    workflow_tasks,
)
from ostiary.lifecycle.tallies import STATES

_REPORTS = requires(matrix.LW_REPORTS_READ)

Columns = dict[str, ColumnElement[Any]]


def _columns(table: FromClause, *names: str) -> Columns:
    return {name: table.c[name] for name in names}


def _sum(table: FromClause, prefix: str, *states: str) -> ColumnElement[int]:
    return reduce(add, (table.c[f"{prefix}_{state}"] for state in states))


def subject_of(column: ColumnElement[Any]) -> Link:
    """Lead to the person that a column names."""
    return Link(target=lambda: USERS, local=column, remote=USERS.key, many=False)


_UNPROCESSED = ("queued", "in_progress", "canceled")


def task_counts(table: FromClause) -> Columns:
    """Give the numbers of tasks that are shown of a run or a person."""
    return {
        "total_tasks_count": _sum(table, "tasks", *STATES),
        "failed_tasks_count": table.c.tasks_failed,
        "total_unprocessed_tasks_count": _sum(table, "tasks", *_UNPROCESSED),
    }


_repeats = user_processing_results.alias("repeats")
"""Results that repeat others."""

subjects = (
    select(user_processing_results, workflow_subjects.c.subject)
    .outerjoin(workflow_subjects, workflow_subjects.c.result_id == user_processing_results.c.id)
    .subquery("subjects")
)
"""Results of people, and of what is in no directory."""


def _result_columns(table: FromClause) -> Columns:
    """Give what is shown of the result of anybody or anything."""
    shown = _columns(
        table,
        "id",
        "processing_status",
        "workflow_execution_type",
        "workflow_version",
        "scheduled_date_time",
        "started_date_time",
        "completed_date_time",
    )
    return shown | task_counts(table)


def result_links(
    result_id: ColumnElement[Any], *, needs: Authorize | None = None
) -> dict[str, Link]:
    """Lead from such a result to the runs that repeated it, and to its tasks."""
    return {
        "reprocessed_runs": Link(
            target=lambda: RUNS,
            local=result_id,
            remote=runs.c.id,
            many=True,
            needs=needs,
            via=(_repeats.c.origin_id, _repeats.c.run_id),
        ),
        "task_processing_results": Link(
            target=lambda: TASK_RESULTS,
            local=result_id,
            remote=task_processing_results.c.user_processing_result_id,
            many=True,
            needs=needs,
            order=task_processing_results.c.execution_sequence,
        ),
    }


RUNS: Final[Source] = Source(
    type=Run,
    table=runs,
    key=runs.c.id,
    columns={
        **_columns(
            runs,
            "id",
            "processing_status",
            "workflow_execution_type",
            "scheduled_date_time",
            "started_date_time",
            "completed_date_time",
            "last_updated_date_time",
        ),
        "total_users_count": _sum(runs, "people", *STATES),
        "successful_users_count": runs.c.people_completed,
        "failed_users_count": _sum(runs, "people", "failed", "completed_with_errors"),
        **task_counts(runs),
    },
    load=wire_run,
    links={
        "reprocessed_runs": Link(
            target=lambda: RUNS,
            local=runs.c.id,
            remote=runs.c.id,
            many=True,
            via=(run_reprocessings.c.run_id, run_reprocessings.c.reprocessed_run_id),
        ),
        "user_processing_results": Link(
            target=lambda: PEOPLE,
            local=runs.c.id,
            remote=user_processing_results.c.run_id,
            many=True,
        ),
        "subject_processing_results": Link(
            target=lambda: SUBJECTS,
            local=runs.c.id,
            remote=subjects.c.run_id,
            many=True,
        ),
        "task_processing_results": Link(
            target=lambda: TASK_RESULTS,
            local=runs.c.id,
            remote=task_processing_results.c.run_id,
            many=True,
        ),
    },
    order=runs.c.scheduled_date_time,
    counted=True,
)
"""Runs of every workflow."""

_OF_NOBODY: Final = ExecutionType.EXTENSIBILITY_ON_DEMAND.value

PEOPLE: Final[Source] = Source(
    type=UserProcessingResult,
    table=user_processing_results,
    key=user_processing_results.c.id,
    columns={
        **_result_columns(user_processing_results),
        "subject/id": user_processing_results.c.subject_id,
    },
    load=wire_person,
    links={
        "subject": subject_of(user_processing_results.c.subject_id),
        **result_links(user_processing_results.c.id),
    },
    where=user_processing_results.c.workflow_execution_type != _OF_NOBODY,
    order=user_processing_results.c.scheduled_date_time,
    counted=True,
)
"""What runs did for people."""

SUBJECTS: Final[Source] = Source(
    type=SubjectProcessingResult,
    table=subjects,
    key=subjects.c.id,
    columns={
        **_result_columns(subjects),
    },
    load=wire_subject,
    links={
        **result_links(subjects.c.id),
    },
    order=subjects.c.scheduled_date_time,
    counted=True,
)
"""What runs did for everybody and everything."""


async def _add_tasks(
    conn: AsyncConnection, call: Call, found: Sequence[TaskProcessingResult]
) -> None:
    """Show each result's task as it was in the version that was processed, and odd subjects."""
    others = await subject_store.of_tasks(conn, [result.id for result in found])
    for result in found:
        if result.id in others:
            result.workflow_subject, result.subject = others[result.id], UNSET
    wanted = {result.task.id for result in found if isinstance(result.task, Task)}
    tasks = await store.tasks(conn, wanted)
    for result in found:
        if isinstance(result.task, Task):
            result.task = tasks[result.task.id]


TASKS: Final[Source] = Source(
    type=Task,
    table=workflow_tasks,
    key=workflow_tasks.c.id,
    columns=_columns(
        workflow_tasks,
        "id",
        "display_name",
        "description",
        "is_enabled",
        "continue_on_error",
        "task_definition_id",
        "category",
        "execution_sequence",
    ),
    load=wire_task,
    links={
        "task_processing_results": Link(
            target=lambda: TASK_RESULTS,
            local=workflow_tasks.c.id,
            remote=task_processing_results.c.task_id,
            many=True,
            needs=_REPORTS,
        )
    },
    order=workflow_tasks.c.execution_sequence,
    search=(workflow_tasks.c.display_name,),
)
"""Tasks of every version; the sets that show them say of which."""

TASK_RESULTS: Final[Source] = Source(
    type=TaskProcessingResult,
    table=task_processing_results,
    key=task_processing_results.c.id,
    columns={
        **_columns(
            task_processing_results,
            "id",
            "processing_status",
            "created_date_time",
            "started_date_time",
            "completed_date_time",
            "failure_reason",
            "processing_info",
        ),
        "subject/id": task_processing_results.c.subject_id,
        "task/id": task_processing_results.c.task_id,
    },
    load=wire_task_result,
    links={
        "subject": subject_of(task_processing_results.c.subject_id),
        "task": Link(
            target=lambda: TASKS,
            local=task_processing_results.c.task_id,
            remote=workflow_tasks.c.id,
            many=False,
        ),
    },
    enrich=_add_tasks,
    order=task_processing_results.c.execution_sequence,
)
"""Tasks of people in runs."""

reports = (
    select(task_reports, runs.c.started_date_time, runs.c.completed_date_time)
    .join(runs, runs.c.id == task_reports.c.run_id)
    .subquery("reports")
)
"""Task reports with the times of their runs."""

_of_report = task_processing_results.alias("of_report")
"""Task results, as what leads from a task to its subjects."""

REPORTS: Final[Source] = Source(
    type=TaskReport,
    table=reports,
    key=reports.c.id,
    columns={
        **_columns(
            reports,
            "id",
            "run_id",
            "processing_status",
            "started_date_time",
            "completed_date_time",
            "last_updated_date_time",
        ),
        "task/id": reports.c.task_id,
        "task_definition/id": reports.c.task_definition_id,
        "total_users_count": _sum(reports, "people", *STATES),
        "successful_users_count": reports.c.people_completed,
        "failed_users_count": reports.c.people_failed,
        "unprocessed_users_count": _sum(reports, "people", *_UNPROCESSED),
    },
    load=wire_report,
    links={
        "task": Link(
            target=lambda: TASKS, local=reports.c.task_id, remote=workflow_tasks.c.id, many=False
        ),
        "subject_processing_results": Link(
            target=lambda: SUBJECTS,
            local=reports.c.id,
            remote=subjects.c.id,
            many=True,
            via=(_of_report.c.task_report_id, _of_report.c.user_processing_result_id),
        ),
        "task_definition": Link(
            target=lambda: TASK_DEFINITIONS,
            local=reports.c.task_definition_id,
            remote=TASK_DEFINITIONS.columns["id"],
            many=False,
        ),
        "task_processing_results": Link(
            target=lambda: TASK_RESULTS,
            local=reports.c.id,
            remote=task_processing_results.c.task_report_id,
            many=True,
        ),
    },
    order=reports.c.last_updated_date_time,
    counted=True,
)
"""Tasks of runs over all their people."""

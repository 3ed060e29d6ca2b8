"""Sums over runs, by the database: the tallies of runs and reports make single rows needless.

A run belongs to a window by its start, or by its scheduling while it has not started. Previews, and
what was deleted for good, do not count.
"""

from __future__ import annotations

from datetime import datetime
from functools import reduce
from operator import add
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tables import (
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflows,
)
from ostiary.lifecycle.tallies import STATES, Status

TOP: Final = 10
"""How long a list of the most frequent is."""

_FAILED: Final = (Status.FAILED.value, Status.COMPLETED_WITH_ERRORS.value)
_people = user_processing_results.c
_results = task_processing_results.c

Between = tuple[datetime, datetime]


async def of_runs(conn: AsyncConnection, workflow_id: str, between: Between) -> Row:
    """Add up the runs of a workflow."""
    columns = [
        *_run_counts(),
        _sum(runs, "tasks", *STATES).label("total_tasks"),
        _sum(runs, "tasks", "failed").label("failed_tasks"),
        _sum(runs, "people", *STATES).label("total_users"),
    ]
    query = select(*columns).where(runs.c.workflow_id == workflow_id, _within(between))
    return (await conn.execute(query)).mappings().one()


async def of_people(
    conn: AsyncConnection,
    workflow_id: str,
    between: Between,
    *,
    run_id: str | None,
    called: str = "users",
) -> Row:
    """Add up the people of a workflow's runs, or of one of them; ``called`` is what they are."""
    columns = [
        _sum(runs, "people", *STATES).label(f"total_{called}"),
        _sum(runs, "people", "completed").label(f"successful_{called}"),
        _sum(runs, "people", "failed", "completed_with_errors").label(f"failed_{called}"),
        _sum(runs, "tasks", *STATES).label("total_tasks"),
        _sum(runs, "tasks", "failed").label("failed_tasks"),
    ]
    query = select(*columns).where(runs.c.workflow_id == workflow_id, _within(between))
    if run_id is not None:
        query = query.where(runs.c.id == run_id)
    return (await conn.execute(query)).mappings().one()


async def of_reports(conn: AsyncConnection, workflow_id: str, between: Between) -> Row:
    """Add up the tasks of a workflow's runs."""
    query = (
        select(
            _sum(task_reports, "people", *STATES).label("total_tasks"),
            _sum(task_reports, "people", "completed").label("successful_tasks"),
            _sum(task_reports, "people", "failed").label("failed_tasks"),
            _sum(task_reports, "people", "queued", "in_progress", "canceled").label(
                "unprocessed_tasks"
            ),
        )
        .join(runs, runs.c.id == task_reports.c.run_id)
        .where(task_reports.c.workflow_id == workflow_id, _within(between))
    )
    return (await conn.execute(query)).mappings().one()


async def of_everything(conn: AsyncConnection, between: Between) -> Row:
    """Add up all runs."""
    columns = [
        *_run_counts(),
        _sum(runs, "people", *STATES).label("total_users"),
        _sum(runs, "people", "completed").label("successful_users"),
        _sum(runs, "people", "failed", "completed_with_errors").label("failed_users"),
        _sum(runs, "tasks", *STATES).label("total_tasks"),
        _sum(runs, "tasks", "completed").label("successful_tasks"),
        _sum(runs, "tasks", "failed").label("failed_tasks"),
    ]
    query = _of_all(select(*columns)).where(_within(between))
    return (await conn.execute(query)).mappings().one()


async def by_category(conn: AsyncConnection, between: Between) -> dict[str, Row]:
    """Add up all runs by the category of their workflows."""
    query = (
        _of_all(select(workflows.c.category, *_run_counts()))
        .where(_within(between))
        .group_by(workflows.c.category)
    )
    return {row["category"]: row for row in (await conn.execute(query)).mappings()}


async def top_workflows(conn: AsyncConnection, between: Between) -> list[Row]:
    """Add up the runs of each workflow, for those that ran most often."""
    total = func.count()
    query = (
        _of_all(
            select(
                workflows.c.id,
                workflows.c.category,
                workflows.c.display_name,
                workflows.c.version,
                *_run_counts(),
                _sum(runs, "people", *STATES).label("total_users"),
                _sum(runs, "people", "completed").label("successful_users"),
                _sum(runs, "people", "failed", "completed_with_errors").label("failed_users"),
            )
        )
        .where(_within(between))
        .group_by(
            workflows.c.id,
            workflows.c.category,
            workflows.c.display_name,
            workflows.c.version,
        )
        .order_by(total.desc(), workflows.c.display_name, workflows.c.id)
        .limit(TOP)
    )
    return list((await conn.execute(query)).mappings())


async def top_tasks(conn: AsyncConnection, between: Between) -> list[Row]:
    """Add up the tasks of each definition, for those that were processed most often."""
    definition = task_reports.c.task_definition_id
    total = _sum(task_reports, "people", *STATES)
    query = (
        _of_all(
            select(
                definition,
                total.label("total_tasks"),
                _sum(task_reports, "people", "completed").label("successful_tasks"),
                _sum(task_reports, "people", "failed").label("failed_tasks"),
            ).select_from(task_reports.join(runs, runs.c.id == task_reports.c.run_id))
        )
        .where(_within(between))
        .group_by(definition)
        .order_by(total.desc(), definition)
        .limit(TOP)
    )
    return list((await conn.execute(query)).mappings())


async def people_of_tasks(
    conn: AsyncConnection, between: Between, definition_ids: list[str]
) -> dict[str, Row]:
    """Count the people of each definition.

    Somebody has succeeded when every task of the definition has, and failed when one has.
    """
    each = (
        select(
            task_reports.c.task_definition_id,
            func.max(case((_results.processing_status == Status.FAILED.value, 1), else_=0)).label(
                "failed"
            ),
            func.min(
                case((_results.processing_status == Status.COMPLETED.value, 1), else_=0)
            ).label("succeeded"),
        )
        .join_from(
            task_processing_results, task_reports, _results.task_report_id == task_reports.c.id
        )
        .join(runs, runs.c.id == task_reports.c.run_id)
        .where(_within(between), task_reports.c.task_definition_id.in_(definition_ids))
        .group_by(task_reports.c.task_definition_id, _results.user_processing_result_id)
        .subquery()
    )
    query = select(
        each.c.task_definition_id,
        func.count().label("total_users"),
        func.sum(each.c.succeeded).label("successful_users"),
        func.sum(each.c.failed).label("failed_users"),
    ).group_by(each.c.task_definition_id)
    return {row["task_definition_id"]: row for row in (await conn.execute(query)).mappings()}


def _run_counts() -> list[ColumnElement[Any]]:
    status = runs.c.processing_status
    return [
        func.count().label("total_runs"),
        _count(status == Status.COMPLETED.value).label("successful_runs"),
        _count(status.in_(_FAILED)).label("failed_runs"),
    ]


def _count(test: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((test, 1), else_=0)), 0)


def _sum(table: FromClause, prefix: str, *states: str) -> ColumnElement[Any]:
    number = reduce(add, (table.c[f"{prefix}_{state}"] for state in states))
    return func.coalesce(func.sum(number), 0)


def _of_all(query: Any) -> Any:
    """Leave out workflows that were deleted for good."""
    return query.join(
        workflows,
        and_(workflows.c.id == runs.c.workflow_id, workflows.c.purged_date_time.is_(None)),
    )


def _within(between: Between) -> ColumnElement[bool]:
    begun = func.coalesce(runs.c.started_date_time, runs.c.scheduled_date_time)
    return and_(
        begun >= between[0],
        begun < between[1],
        runs.c.workflow_execution_type != ExecutionType.PREVIEW.value,
    )

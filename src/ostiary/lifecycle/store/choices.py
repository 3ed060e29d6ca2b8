"""Who is in a run, and which tasks they have: as queries, so that no list goes through the server.

A choice of people is a query with two columns: the person, and the earlier result that is repeated
(null where none is). Whatever picks people, an id, a group, an earlier run or a rule, gives one.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.objects import Kind
from ostiary.directory.tables import directory_objects, memberships
from ostiary.lifecycle.model.enums import ActivationUserScopeType as UserScope
from ostiary.lifecycle.tables import (
    runs,
    task_processing_results,
    user_processing_results,
    workflow_tasks,
)
from ostiary.lifecycle.tallies import ENDED, Status
from ostiary.storage.batches import among

People = Select[Any]
"""A choice of people: ``subject_id`` and ``origin_id``, each person once."""

_objects = directory_objects.c
_people = user_processing_results.c
_LIVE_PERSON: Final = and_(_objects.kind == Kind.USER.value, _objects.deleted_date_time.is_(None))
_ENDED: Final = tuple(status.value for status in ENDED)
_FAILED: Final = (Status.FAILED.value, Status.COMPLETED_WITH_ERRORS.value)
_REPEATED: Final = (Status.FAILED.value, Status.CANCELED.value)


def named(ids: Collection[str]) -> People:
    """Choose people by their ids."""
    return _subjects(_objects.id).where(_LIVE_PERSON, among(_objects.id, ids))


def somebody(id: str) -> People:
    """Choose what is in no directory, under an id of its own."""
    return _subjects(literal(id))


def members(group_id: str) -> People:
    """Choose the people who are direct members of a group."""
    return (
        _subjects(_objects.id)
        .join(memberships, memberships.c.member_id == _objects.id)
        .where(_LIVE_PERSON, memberships.c.group_id == group_id)
    )


def of_run(run_id: str, *, who: UserScope, failures_only: bool) -> People:
    """Choose the people of an earlier run."""
    chosen = _origins().where(_people.run_id == run_id)
    if who is UserScope.FAILED_USERS:
        chosen = chosen.where(_people.processing_status.in_(_FAILED))
    return chosen.where(_people.tasks_failed > 0) if failures_only else chosen


def of_results(ids: Collection[str], *, failures_only: bool) -> People:
    """Choose the people behind results; of several results of a person the last is repeated."""
    later = user_processing_results.alias("later")
    chosen = _origins().where(
        among(_people.id, ids),
        ~exists(
            select(later.c.id).where(
                among(later.c.id, ids),
                later.c.subject_id == _people.subject_id,
                or_(
                    later.c.scheduled_date_time > _people.scheduled_date_time,
                    and_(
                        later.c.scheduled_date_time == _people.scheduled_date_time,
                        later.c.id > _people.id,
                    ),
                ),
            )
        ),
    )
    return chosen.where(_people.tasks_failed > 0) if failures_only else chosen


def repeated(origin_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Say that a task failed in an earlier result, or was never reached because one did.

    Tasks are recognised by their definition and name: a newer version has other ids.
    """
    earlier = task_processing_results.alias("earlier")
    task = workflow_tasks.alias("earlier_task")
    return exists(
        select(earlier.c.id)
        .join(task, task.c.id == earlier.c.task_id)
        .where(
            earlier.c.user_processing_result_id == origin_id,
            earlier.c.processing_status.in_(_REPEATED),
            task.c.task_definition_id == workflow_tasks.c.task_definition_id,
            func.lower(task.c.display_name) == func.lower(workflow_tasks.c.display_name),
        )
        .correlate(workflow_tasks, user_processing_results)
    )


def in_run() -> ColumnElement[bool]:
    """Say that a task of the version belongs to its run: the enabled ones, or the one chosen."""
    return or_(
        and_(runs.c.only_task_id.is_(None), workflow_tasks.c.is_enabled),
        workflow_tasks.c.id == runs.c.only_task_id,
    )


async def count(conn: AsyncConnection, people: People) -> int:
    """Count the people of a choice."""
    query = select(func.count()).select_from(people.subquery())
    return int((await conn.execute(query)).scalar_one())


async def population(conn: AsyncConnection) -> int:
    """Count the enabled people of the tenant."""
    enabled = _objects.account_enabled.is_not(False)
    query = select(func.count()).select_from(directory_objects).where(_LIVE_PERSON, enabled)
    return int((await conn.execute(query)).scalar_one())


async def unended(conn: AsyncConnection, ids: Collection[str]) -> str | None:
    """Give one of these results that has not ended; None when all have."""
    query = select(_people.id).where(
        among(_people.id, ids), _people.processing_status.not_in(_ENDED)
    )
    return (await conn.execute(query.limit(1))).scalar()


async def runs_of_results(
    conn: AsyncConnection, workflow_id: str, ids: Collection[str]
) -> dict[str, str]:
    """Give the runs of results of one workflow, by the ids of the results."""
    query = select(_people.id, _people.run_id).where(
        among(_people.id, ids), _people.workflow_id == workflow_id
    )
    return {id: run_id for id, run_id in await conn.execute(query)}


def _subjects(column: ColumnElement[str]) -> People:
    columns: list[ColumnElement[Any]] = [
        column.label("subject_id"),
        cast(null(), String).label("origin_id"),
    ]
    return select(*columns)


def _origins() -> People:
    columns: list[ColumnElement[Any]] = [
        _people.subject_id.label("subject_id"),
        _people.id.label("origin_id"),
    ]
    return select(*columns)

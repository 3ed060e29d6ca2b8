"""Statements about portions of the people of runs: laying them out, and finding who is next.

A portion is handled in a transaction of its own, so that no transaction grows with a run.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.store import choices
from ostiary.lifecycle.tables import (
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
    workflow_tasks,
)
from ostiary.lifecycle.tallies import Status
from ostiary.storage.batches import among
from ostiary.storage.ids import NewId
from ostiary.storage.tables import Instant

_people = user_processing_results.c
_results = task_processing_results.c
_OPEN = (Status.QUEUED.value, Status.IN_PROGRESS.value)


async def lock_not_laid_out(
    conn: AsyncConnection, run_ids: Collection[str], limit: int
) -> list[str]:
    """Lock some people who wait and whose tasks have not been laid out; give their ids."""
    query = (
        select(_people.id)
        .where(
            among(_people.run_id, run_ids),
            _people.processing_status == Status.QUEUED.value,
            _people.laid_out.is_(False),
        )
        .order_by(_people.id)
        .limit(limit)
        .with_for_update()
    )
    return list((await conn.execute(query)).scalars())


async def lay_out(conn: AsyncConnection, person_ids: Collection[str], *, now: datetime) -> None:
    """Add a queued result for each enabled task of people who have none yet."""
    values = {
        "id": NewId(),
        "run_id": _people.run_id,
        "workflow_id": _people.workflow_id,
        "user_processing_result_id": _people.id,
        "task_id": workflow_tasks.c.id,
        "task_report_id": task_reports.c.id,
        "subject_id": _people.subject_id,
        "execution_sequence": workflow_tasks.c.execution_sequence,
        "processing_status": literal(Status.QUEUED.value),
        "created_date_time": literal(now, Instant()),
    }
    chosen = (among(_people.id, person_ids), _people.laid_out.is_(False))
    repeated = choices.repeated(_people.origin_id)
    made = _people_with_tasks(values).where(*chosen, or_(~runs.c.failed_tasks_only, repeated))
    await conn.execute(insert(task_processing_results).from_select(list(values), made))
    await conn.execute(update(user_processing_results).where(*chosen).values(laid_out=True))


def _people_with_tasks(values: dict[str, Any]) -> Select[Any]:
    return (
        select(*(value.label(name) for name, value in values.items()))
        .select_from(user_processing_results)
        .join(task_reports, task_reports.c.run_id == _people.run_id)
        .join(workflow_tasks, workflow_tasks.c.id == task_reports.c.task_id)
        .join(runs, runs.c.id == _people.run_id)
    )


async def next_tasks(conn: AsyncConnection, person_ids: Collection[str]) -> list[str]:
    """Give the first queued task result of each of these people."""
    place = func.row_number().over(
        partition_by=_results.user_processing_result_id, order_by=_results.execution_sequence
    )
    queued = (
        select(_results.id, place.label("place"))
        .where(
            among(_results.user_processing_result_id, person_ids),
            _results.processing_status == Status.QUEUED.value,
        )
        .subquery("queued")
    )
    return list((await conn.execute(select(queued.c.id).where(queued.c.place == 1))).scalars())


async def waiting_tasks(conn: AsyncConnection, run_ids: Collection[str], limit: int) -> list[str]:
    """Give the tasks in progress of some open people of these runs, nothing locked."""
    people = (
        select(_people.id)
        .where(among(_people.run_id, run_ids), _people.processing_status.in_(_OPEN))
        .order_by(_people.id)
        .limit(limit)
    )
    query = select(_results.id).where(
        _results.user_processing_result_id.in_(people),
        _results.processing_status == Status.IN_PROGRESS.value,
    )
    return list((await conn.execute(query)).scalars())


async def is_begun(conn: AsyncConnection, run_id: str) -> bool:
    """Whether the tasks of anybody in a run have been laid out."""
    query = select(_people.id).where(_people.run_id == run_id, _people.laid_out).limit(1)
    return (await conn.execute(query)).first() is not None


async def lock_open_people(
    conn: AsyncConnection, run_ids: Collection[str], limit: int
) -> list[str]:
    """Lock some people of these runs who have not ended; give their ids."""
    query = (
        select(_people.id)
        .where(among(_people.run_id, run_ids), _people.processing_status.in_(_OPEN))
        .order_by(_people.id)
        .limit(limit)
        .with_for_update()
    )
    return list((await conn.execute(query)).scalars())

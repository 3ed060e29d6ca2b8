"""Who meets the conditions of scheduled workflows: statements about all of them at once.

A row stands for one person and one due instant. It is kept as long as the conditions hold, so that
nobody is processed twice for the same instant; whoever comes to meet them anew gets a new row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    String,
    Subquery,
    and_,
    case,
    cast,
    delete,
    exists,
    insert,
    literal,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.rules import Syntax, parse
from ostiary.directory.tables import directory_objects
from ostiary.lifecycle.store.choices import People
from ostiary.lifecycle.store.ids import RandomId
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tables import execution_scopes, user_processing_results, workflows
from ostiary.lifecycle.tallies import Status
from ostiary.lifecycle.triggers import CATCH_UP, Timetable
from ostiary.storage.batches import among
from ostiary.storage.instants import days_after

_scopes = execution_scopes.c
_results = user_processing_results.c
_WAITING: Final = and_(_scopes.run_id.is_(None), _scopes.processing_status == Status.QUEUED.value)


async def scheduled_rows(conn: AsyncConnection) -> Sequence[Row]:
    """Read the workflows that have a next tick, locked."""
    query = (
        select(workflows)
        .where(workflows.c.next_schedule_run_date_time.is_not(None))
        .order_by(workflows.c.id)
        .with_for_update()
    )
    return (await conn.execute(query)).mappings().all()


async def set_next(conn: AsyncConnection, ids: Collection[str], at: datetime | None) -> None:
    """Note when workflows are evaluated next."""
    changed = update(workflows).where(among(workflows.c.id, ids))
    await conn.execute(changed.values(next_schedule_run_date_time=at))


async def refresh(
    conn: AsyncConnection, workflow_id: str, timetable: Timetable, *, now: datetime
) -> None:
    """Make the execution scope of a workflow what it is now."""
    due = _due(timetable, now)
    own = _scopes.workflow_id == workflow_id
    same = exists().where(due.c.id == _scopes.subject_id, due.c.due_at == _scopes.due_date_time)
    await conn.execute(delete(execution_scopes).where(own, ~same))
    late = now - CATCH_UP
    await conn.execute(
        update(execution_scopes)
        .where(own, _WAITING, _scopes.due_date_time < late)
        .values(processing_status=Status.CANCELED.value)
    )
    values: dict[str, Any] = {
        "id": RandomId(),
        "workflow_id": literal(workflow_id),
        "subject_id": due.c.id,
        "due_date_time": due.c.due_at,
        "processing_status": case(
            (due.c.due_at < late, Status.CANCELED.value), else_=Status.QUEUED.value
        ),
    }
    known = exists().where(own, _scopes.subject_id == due.c.id)
    new = select(*(value.label(name) for name, value in values.items())).where(~known)
    await conn.execute(insert(execution_scopes).from_select(list(values), new))


def waiting(workflow_id: str) -> People:
    """Choose the people of an execution scope who are due and in no run."""
    columns: list[Any] = [_scopes.subject_id, cast(null(), String).label("origin_id")]
    return select(*columns).where(_scopes.workflow_id == workflow_id, _WAITING)


async def put_into_run(conn: AsyncConnection, workflow_id: str, run_id: str) -> None:
    """Note that those who waited are in a run now."""
    await conn.execute(
        update(execution_scopes)
        .where(_scopes.workflow_id == workflow_id, _WAITING)
        .values(run_id=run_id)
    )


async def put_back(conn: AsyncConnection, result_ids: Collection[str]) -> None:
    """Let people wait again of whose results nothing came."""
    same_run = exists().where(
        among(_results.id, result_ids),
        _results.run_id == _scopes.run_id,
        _results.subject_id == _scopes.subject_id,
    )
    await conn.execute(update(execution_scopes).where(same_run).values(run_id=None))


async def still_due(
    conn: AsyncConnection,
    run_id: str,
    timetable: Timetable,
    result_ids: Collection[str],
    *,
    now: datetime,
) -> set[str]:
    """Say which of these results of a run are of people who meet the conditions as they did."""
    due = _due(timetable, now)
    query = (
        select(_results.id)
        .join(
            execution_scopes,
            and_(_scopes.run_id == _results.run_id, _scopes.subject_id == _results.subject_id),
        )
        .join(due, and_(due.c.id == _scopes.subject_id, due.c.due_at == _scopes.due_date_time))
        .where(_results.run_id == run_id, among(_results.id, result_ids))
    )
    return set((await conn.execute(query)).scalars())


async def results_of(
    conn: AsyncConnection, run_ids: Collection[str], result_ids: Collection[str]
) -> set[str]:
    """Say which of these results belong to these runs."""
    query = select(_results.id).where(
        among(_results.id, result_ids), among(_results.run_id, run_ids)
    )
    return set((await conn.execute(query)).scalars())


async def release(conn: AsyncConnection, held_ids: Collection[str], run_id: str) -> None:
    """Note that those whom a limit held back in these runs are in another run now."""
    held = exists().where(
        among(_results.run_id, held_ids),
        _results.workflow_id == _scopes.workflow_id,
        _results.subject_id == _scopes.subject_id,
    )
    await conn.execute(update(execution_scopes).where(_WAITING, held).values(run_id=run_id))


async def forget(conn: AsyncConnection, workflow_id: str) -> None:
    """Forget who met the conditions of a workflow: they are others now."""
    await conn.execute(delete(execution_scopes).where(_scopes.workflow_id == workflow_id))


def _due(timetable: Timetable, now: datetime) -> Subquery:
    """Everybody for whom the rule is true and whose instant has come, with the instant."""
    people = directory_objects.alias("candidate")
    date = people.c[timetable.column]
    rule = parse(timetable.rule, syntax=Syntax.FILTER)
    return (
        select(people.c.id, days_after(date, timetable.offset).label("due_at"))
        .where(rule.where(now=now, people=people), date <= timetable.latest(now))
        .subquery("due")
    )

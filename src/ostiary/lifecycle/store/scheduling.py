"""Who meets the conditions of scheduled workflows: statements about all of them at once.

A row stands for one person and one due instant, or one change. It is kept as long as the conditions
hold, so that nobody is processed twice for the same; whoever comes to meet them anew gets a new
row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    case,
    cast,
    delete,
    exists,
    insert,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.store.feed import Span
from ostiary.lifecycle.store import candidates
from ostiary.lifecycle.store.choices import People
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tables import execution_scopes, user_processing_results, workflows
from ostiary.lifecycle.tallies import Status
from ostiary.lifecycle.triggers import (
    CATCH_UP,
    Happening,
    Plan,
    Standing,
    Unsponsored,
)
from ostiary.storage.batches import among
from ostiary.storage.ids import NewId

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


async def set_seen(conn: AsyncConnection, workflow_id: str, position: int | None) -> None:
    """Note how far into the journal of the directory a schedule has looked."""
    changed = update(workflows).where(workflows.c.id == workflow_id)
    await conn.execute(changed.values(changes_seen=position))


async def refresh(
    conn: AsyncConnection, workflow_id: str, plan: Plan, span: Span | None, *, now: datetime
) -> None:
    """Make the execution scope of a workflow what it is now.

    ``span`` is what changed since the last time, for a plan that acts on changes.
    """
    if isinstance(plan, Happening):
        await _refresh_happening(conn, workflow_id, plan, span, now=now)
    else:
        await _refresh_standing(conn, workflow_id, plan, now=now)


async def _refresh_standing(
    conn: AsyncConnection, workflow_id: str, plan: Standing, *, now: datetime
) -> None:
    due = candidates.standing(plan, now).subquery("due")
    own = _scopes.workflow_id == workflow_id
    same = exists().where(due.c.id == _scopes.subject_id, _is_same(plan, due))
    await conn.execute(delete(execution_scopes).where(own, ~same))
    if plan.catches_up:
        await _pass_over(conn, own, now=now)
    known = exists().where(own, _scopes.subject_id == due.c.id)
    no_cause = cast(null(), String)
    await _add(conn, workflow_id, due, no_cause, ~known, plan.catches_up, now=now)


async def _refresh_happening(
    conn: AsyncConnection, workflow_id: str, plan: Happening, span: Span | None, *, now: datetime
) -> None:
    """Somebody to whom it happens again is somebody new, unless they are waiting still."""
    own = _scopes.workflow_id == workflow_id
    await conn.execute(delete(execution_scopes).where(own, ~candidates.still_true(plan, now)))
    await _pass_over(conn, own, now=now)
    if span is None:
        return
    due = candidates.happened(plan, span, now).subquery("due")
    again = select(due.c.id)
    await conn.execute(delete(execution_scopes).where(own, _scopes.subject_id.in_(again)))
    await _add(conn, workflow_id, due, due.c.cause_id, true(), True, now=now)


async def _pass_over(conn: AsyncConnection, own: ColumnElement[bool], *, now: datetime) -> None:
    """Give up on those who have waited too long."""
    late = now - CATCH_UP
    await conn.execute(
        update(execution_scopes)
        .where(own, _WAITING, _scopes.due_date_time < late)
        .values(processing_status=Status.CANCELED.value)
    )


async def _add(
    conn: AsyncConnection,
    workflow_id: str,
    due: FromClause,
    cause_id: ColumnElement[Any],
    wanted: ColumnElement[bool],
    catches_up: bool,
    *,
    now: datetime,
) -> None:
    queued = literal(Status.QUEUED.value)
    late = case((due.c.due_at < now - CATCH_UP, Status.CANCELED.value), else_=queued)
    values: dict[str, Any] = {
        "id": NewId(),
        "workflow_id": literal(workflow_id),
        "subject_id": due.c.id,
        "due_date_time": due.c.due_at,
        "cause_id": cause_id,
        "processing_status": late if catches_up else queued,
    }
    new = select(*(value.label(name) for name, value in values.items())).where(wanted)
    await conn.execute(insert(execution_scopes).from_select(list(values), new))


def _is_same(plan: Standing, due: FromClause) -> ColumnElement[bool]:
    """Say that somebody is due for the same reason: a lack of sponsors has no instant."""
    if isinstance(plan, Unsponsored):
        return true()
    return due.c.due_at == _scopes.due_date_time


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
    plan: Plan,
    result_ids: Collection[str],
    *,
    now: datetime,
) -> set[str]:
    """Say which of these results of a run are of people who meet the conditions as they did."""
    query = (
        select(_results.id)
        .join(
            execution_scopes,
            and_(_scopes.run_id == _results.run_id, _scopes.subject_id == _results.subject_id),
        )
        .where(_results.run_id == run_id, among(_results.id, result_ids))
    )
    if isinstance(plan, Happening):
        query = query.where(candidates.still_true(plan, now))
    else:
        due = candidates.standing(plan, now).subquery("due")
        query = query.join(due, and_(due.c.id == _scopes.subject_id, _is_same(plan, due)))
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
    await set_seen(conn, workflow_id, None)
    await conn.execute(delete(execution_scopes).where(_scopes.workflow_id == workflow_id))

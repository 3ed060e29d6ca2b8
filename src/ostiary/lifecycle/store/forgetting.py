"""Statements that delete runs: the run last, and before it what happened to its people.

A run of many people goes in several transactions. Its results are fewer and fewer meanwhile; its
own numbers are what they were until it is gone. The first of these transactions marks it, so that
nobody repeats what is left of it; whoever repeats a run locks it, so one of the two is first.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions import store as callout_store
from ostiary.lifecycle.tables import (
    execution_scopes,
    run_reprocessings,
    runs,
    task_processing_results,
    task_reports,
    temporary_access_passes,
    user_processing_results,
    workflow_subjects,
)
from ostiary.storage.archive import Outgoing
from ostiary.storage.batches import among

RUNS: Final = 50
"""Runs that one transaction looks at."""

_later = runs.alias("later")
_people = user_processing_results.c
_scopes = execution_scopes.c


async def lock_over(conn: AsyncConnection, *, before: datetime, limit: int = RUNS) -> list[str]:
    """Lock and mark the oldest runs that ended by an instant; one that is repeated waits for that.

    What was repeated while its lock was waited for is seen by the second look only.
    """
    is_due = or_(runs.c.being_forgotten, ~_is_repeated_since(before))
    query = select(runs.c.id).where(runs.c.completed_date_time <= before, is_due)
    oldest_first = query.order_by(runs.c.completed_date_time, runs.c.id).limit(limit)
    locked = list((await conn.execute(oldest_first.with_for_update())).scalars())
    if not locked:
        return []
    still = set((await conn.execute(query.where(among(runs.c.id, locked)))).scalars())
    over = [id for id in locked if id in still]
    unmarked = and_(among(runs.c.id, over), ~runs.c.being_forgotten)
    await conn.execute(update(runs).where(unmarked).values(being_forgotten=True))
    return over


async def oldest(conn: AsyncConnection) -> datetime | None:
    """Say when the first of the runs that have ended did."""
    ended = select(runs.c.completed_date_time).where(runs.c.completed_date_time.is_not(None))
    at: datetime | None = await conn.scalar(ended.order_by(runs.c.completed_date_time).limit(1))
    return at


async def forget_some(
    conn: AsyncConnection,
    out: Outgoing,
    run_ids: Collection[str],
    *,
    limit: int,
    now: datetime,
) -> bool:
    """Delete some results of these runs, with their callouts; once none is left, the runs.

    Tells whether the runs are gone. Callouts are locked before anything else, as everywhere.
    """
    results = task_processing_results
    tasks = await _some(conn, results.c.id, among(results.c.run_id, run_ids), limit)
    if tasks:
        await callout_store.lock_of_owners(conn, tasks)
        await callout_store.forget_of_owners(out, tasks)
        await out.delete(results, among(results.c.id, tasks))
    if len(tasks) == limit:
        return False
    people = await _some(conn, _people.id, among(_people.run_id, run_ids), limit)
    if people:
        await _forget_people(conn, out, people, now=now)
    if len(people) == limit:
        return False
    await _forget_runs(out, run_ids)
    return True


async def _forget_people(
    conn: AsyncConnection, out: Outgoing, ids: Collection[str], *, now: datetime
) -> None:
    """Delete results of people; who is in the scope of a workflow keeps what became of them."""
    own = among(_people.id, ids)
    found = await conn.execute(select(_people.processing_status).where(own).distinct())
    for status in sorted(found.scalars()):
        await conn.execute(
            update(execution_scopes)
            .where(_scopes.id.in_(_in_scope(own, status)))
            .values(processing_status=status)
        )
    await _forget_passes(conn, own, now=now)
    await out.delete(workflow_subjects, among(workflow_subjects.c.result_id, ids))
    await out.delete(user_processing_results, own)


def _in_scope(own: ColumnElement[bool], status: str) -> ColumnElement[str]:
    same = and_(
        _scopes.workflow_id == _people.workflow_id,
        _scopes.subject_id == _people.subject_id,
        _scopes.run_id == _people.run_id,
    )
    query = select(_scopes.id).join(user_processing_results, same)
    return query.where(own, _people.processing_status == status).scalar_subquery()


async def _forget_passes(conn: AsyncConnection, own: ColumnElement[bool], *, now: datetime) -> None:
    """Delete what these people were given of passes that are over: an archive needs no hashes."""
    passes = temporary_access_passes.c
    theirs = passes.user_id.in_(select(_people.subject_id).where(own))
    await conn.execute(delete(temporary_access_passes).where(theirs, passes.end_date_time <= now))


async def _forget_runs(out: Outgoing, run_ids: Collection[str]) -> None:
    links = run_reprocessings.c
    named = or_(among(links.run_id, run_ids), among(links.reprocessed_run_id, run_ids))
    await out.delete(task_reports, among(task_reports.c.run_id, run_ids))
    await out.delete(run_reprocessings, named)
    await out.delete(runs, among(runs.c.id, run_ids))


async def _some(
    conn: AsyncConnection, column: ColumnElement[str], where: ColumnElement[bool], limit: int
) -> list[str]:
    return list((await conn.execute(select(column).where(where).limit(limit))).scalars())


def _is_repeated_since(before: datetime) -> ColumnElement[bool]:
    links = run_reprocessings.c
    kept = or_(_later.c.completed_date_time.is_(None), _later.c.completed_date_time > before)
    query = select(links.run_id).join(_later, _later.c.id == links.reprocessed_run_id)
    return exists(query.where(links.run_id == runs.c.id, kept).correlate(runs))

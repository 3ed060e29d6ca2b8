"""Schedules: when workflows are evaluated, and what follows from it.

Each scheduled workflow has one work item, due at its next tick. What counts is the workflow's
``nextScheduleRunDateTime``: an item that comes at another instant finds nothing to do, so it does
no harm that one which is being handled cannot be withdrawn.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory.store import feed, journal
from ostiary.directory.store.feed import Span
from ostiary.durable import queue
from ostiary.durable.handlers import Again, Outcome
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.model import WorkflowExecutionConditions
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.enums import QuarantineType
from ostiary.lifecycle.service.starting import Start, start
from ostiary.lifecycle.settings import DEFAULT_INTERVAL
from ostiary.lifecycle.store import scheduling as store
from ostiary.lifecycle.store import workflows as workflow_store
from ostiary.lifecycle.store.rows import Row, conditions_of
from ostiary.lifecycle.store.runs import RunFacts
from ostiary.lifecycle.store.settings import read_settings
from ostiary.lifecycle.triggers import (
    Happening,
    Plan,
    carries_on,
    next_tick,
    plan_of,
)


async def arm(conn: AsyncConnection, workflow_id: str, *, now: datetime) -> None:
    """Give a workflow that was changed its next tick, or take it where there is no schedule."""
    row = await workflow_store.workflow_row(conn, workflow_id)
    plan = None if row is None else schedule_of(row)
    if row is None or plan is None:
        await store.set_next(conn, [workflow_id], None)
        await store.set_seen(conn, workflow_id, None)
        await queue.withdraw(conn, names.WORKFLOW_EVALUATE, [workflow_id])
        return
    if isinstance(plan, Happening) and row["changes_seen"] is None:
        await store.set_seen(conn, workflow_id, await journal.last(conn))
    await _set(conn, [workflow_id], await _tick_after(conn, now))


async def reconsider(
    conn: AsyncConnection,
    row: Row,
    conditions: WorkflowExecutionConditions | None,
    *,
    now: datetime,
) -> None:
    """Replace the conditions of a workflow; None: it has no schedule any more.

    ``row`` has those that held so far. What has happened by them is noted before they go, if it
    counts by the new ones too, which are asked at the next tick. Otherwise people start anew.
    """
    old, new = schedule_of(row), None if conditions is None else plan_of(conditions)
    if isinstance(old, Happening) and carries_on(old, new):
        await store.refresh(conn, row["id"], old, await _passed(conn, row), now=now)
    else:
        await store.forget(conn, row["id"])


async def rearm(conn: AsyncConnection, *, now: datetime) -> None:
    """Give every scheduled workflow its next tick: the interval was changed."""
    rows = await store.scheduled_rows(conn)
    await _set(conn, [row["id"] for row in rows], await _tick_after(conn, now))


async def evaluate(
    conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
) -> Mapping[str, Outcome]:
    """``workflow.evaluate``: start runs for those who are due, and wait for the next tick."""
    outcomes: dict[str, Outcome] = {}
    for item in sorted(items, key=lambda item: item.key):
        row = await workflow_store.workflow_row(conn, item.key, lock=True)
        plan = None if row is None else schedule_of(row)
        if row is None or plan is None or not _is_time(row, now):
            continue
        await store.refresh(conn, item.key, plan, await _passed(conn, row), now=now)
        if row["quarantine_type"] == QuarantineType.NOT_QUARANTINED.value:
            await _start(conn, row, now=now)
        tick = await _tick_after(conn, now)
        await store.set_next(conn, [item.key], tick)
        outcomes[item.id] = Again(tick)
    return outcomes


async def unmet(
    conn: AsyncConnection,
    starting: Iterable[RunFacts],
    result_ids: Collection[str],
    *,
    now: datetime,
) -> set[str]:
    """Say which results of scheduled runs are of people who no longer meet the conditions.

    They are looked at once more when their turn comes, by the conditions that hold then.
    """
    scheduled = {
        facts.run.id: facts.run.workflow_id
        for facts in starting
        if facts.execution_type is ExecutionType.SCHEDULED
    }
    if not scheduled or not result_ids:
        return set()
    rows = await workflow_store.workflow_rows(conn, set(scheduled.values()))
    met: set[str] = set()
    for run_id, workflow_id in scheduled.items():
        plan = schedule_of(rows[workflow_id])
        if plan is not None:
            met |= await store.still_due(conn, run_id, plan, result_ids, now=now)
    return await store.results_of(conn, scheduled, result_ids) - met


def schedule_of(row: Row) -> Plan | None:
    """Give the plan that a workflow follows; None when it has none, or is switched off."""
    is_on = row["is_enabled"] and row["is_scheduling_enabled"] and row["deleted_date_time"] is None
    return plan_of(conditions_of(row["execution_conditions"])) if is_on else None


async def _passed(conn: AsyncConnection, row: Row) -> Span | None:
    """Give what has changed since the last tick, and note that it has been seen.

    Nothing changes the directory in a transaction that evaluates, so the feed can be waited for.
    """
    if row["changes_seen"] is None:
        return None
    span = await feed.advance(conn, row["changes_seen"])
    await store.set_seen(conn, row["id"], span.until)
    return span


def _is_time(row: Row, now: datetime) -> bool:
    at: datetime | None = row["next_schedule_run_date_time"]
    return at is not None and at <= now


async def _start(conn: AsyncConnection, workflow: Row, *, now: datetime) -> None:
    wanted = Start(
        workflow=workflow,
        people=store.waiting(workflow["id"]),
        execution_type=ExecutionType.SCHEDULED,
    )
    started = await start(conn, wanted, now=now)
    if started.run_id is None or started.held is not None:
        return
    await store.put_into_run(conn, workflow["id"], started.run_id)
    activity = "Schedule workflow execution started"
    event = audits.workflow_event(activity, names.ACTOR, workflow["id"], workflow["display_name"])
    await record(conn, [replace(event, details={"runId": started.run_id})], now=now)


async def _set(conn: AsyncConnection, workflow_ids: Sequence[str], at: datetime) -> None:
    await store.set_next(conn, workflow_ids, at)
    await queue.withdraw(conn, names.WORKFLOW_EVALUATE, workflow_ids)
    work = [NewWork(kind=names.WORKFLOW_EVALUATE, key=id, due_at=at) for id in workflow_ids]
    await queue.put(conn, work)


async def _tick_after(conn: AsyncConnection, now: datetime) -> datetime:
    settings = await read_settings(conn)
    hours = settings.workflow_schedule_interval_in_hours if settings else DEFAULT_INTERVAL
    return next_tick(now, hours)

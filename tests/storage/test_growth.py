"""What has ended makes nothing slower: hot statements use indexes in which only open rows are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.tables import work
from ostiary.entitlement.store import assignments, forgetting, requests
from ostiary.entitlement.tables import assignment_requests
from ostiary.entitlement.tables import assignments as assignment_table
from ostiary.lifecycle.store import forgetting as run_forgetting
from ostiary.lifecycle.tables import runs, workflow_versions, workflows
from ostiary.storage.database import Database
from tests.storage.rows import filled
from tests.support.clocks import MONDAY
from tests.support.plans import analyze, plan_of

MANY = 3_000
OPEN = 5


@pytest.fixture
async def conn(database: Database) -> AsyncIterator[AsyncConnection]:
    """A database in which much has ended and little is open."""
    async with database.transaction() as conn:
        await conn.execute(insert(workflows), [filled(workflows, 0)])
        await conn.execute(
            insert(workflow_versions), [filled(workflow_versions, 0, workflow_id="0")]
        )
        await conn.execute(insert(work), [_work(n) for n in range(MANY)])
        await conn.execute(insert(assignment_table), [_assignment(n) for n in range(MANY)])
        await conn.execute(insert(assignment_requests), [_request(n) for n in range(MANY)])
        await conn.execute(insert(runs), [_run(n) for n in range(MANY)])
        await analyze(conn)
        yield conn


async def test_the_place_of_an_assignment_is_looked_up_among_those_that_are_held(
    conn: AsyncConnection,
) -> None:
    assert "uq_assignments_holder_key" in await plan_of(conn, assignments.holders(conn, ["k1"]))


async def test_open_removals_and_changes_are_looked_up_among_the_open(
    conn: AsyncConnection,
) -> None:
    removals = await plan_of(conn, requests.with_open_removal(conn, ["1"]))
    changes = await plan_of(conn, requests.with_open_change(conn, ["1"]))

    assert "uq_assignment_requests_removal_of" in removals
    assert "uq_assignment_requests_update_of" in changes


async def test_due_work_is_found_among_what_is_alive(conn: AsyncConnection) -> None:
    plan = await plan_of(conn, queue.pick(conn, kind="mail", limit=10, now=MONDAY))

    assert "ix_work_due" in plan


async def test_what_is_to_be_forgotten_is_found_from_its_oldest_end(conn: AsyncConnection) -> None:
    before = MONDAY + timedelta(seconds=10)
    page = await plan_of(conn, forgetting.page(conn, before=before, after=None, limit=5))
    over = await plan_of(conn, run_forgetting.lock_over(conn, before=before, limit=5))

    assert "ix_assignment_requests_completed_at" in page
    assert "ix_runs_completed_date_time" in over


async def test_indexes_of_what_is_open_leave_out_what_has_ended(conn: AsyncConnection) -> None:
    """SQLite keeps no sizes; that an index is partial is declared once for both."""
    if conn.dialect.name != "postgresql":
        partial = await conn.scalars(
            text("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
        )
        assert {"uq_assignments_holder_key", "uq_assignment_requests_removal_of"} <= set(partial)
        return
    entries = await conn.execute(
        text("SELECT relname, reltuples FROM pg_class WHERE relname LIKE 'uq_assignment%'")
    )
    numbers = {name: number for name, number in entries}
    assert numbers["uq_assignments_holder_key"] == OPEN
    assert numbers["uq_assignment_requests_removal_of"] == OPEN
    assert numbers["uq_assignment_requests_update_of"] == 0


def _work(number: int) -> dict[str, Any]:
    dead_at = None if number < OPEN else MONDAY
    return filled(work, number, kind="mail", lane="", dead_at=dead_at)


def _assignment(number: int) -> dict[str, Any]:
    key = f"k{number}" if number < OPEN else None
    return filled(assignment_table, number, holder_key=key, state="delivered", status="Delivered")


def _request(number: int) -> dict[str, Any]:
    is_open = number < OPEN
    at = MONDAY + timedelta(seconds=number)
    return filled(
        assignment_requests,
        number,
        removal_of=str(number) if is_open else None,
        completed_at=None if is_open else at,
    )


def _run(number: int) -> dict[str, Any]:
    at = None if number < OPEN else MONDAY + timedelta(seconds=number)
    return filled(runs, number, workflow_id="0", completed_date_time=at)

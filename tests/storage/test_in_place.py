"""Rows that move stay where they are: on PostgreSQL their changes touch no index."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy import Table, insert, text

from ostiary.entitlement.states import RequestStatus
from ostiary.entitlement.store import requests
from ostiary.entitlement.tables import assignment_requests, assignments
from ostiary.extensions.tables import callouts
from ostiary.lifecycle.tables import task_processing_results
from ostiary.storage.database import Database
from tests.storage.rows import filled
from tests.support.clocks import MONDAY

MOVING = {
    assignment_requests: {"state", "status", "phase", "position", "awaits", "callout_id"},
    assignments: {"state", "status", "given_at", "starts_at", "ends_at", "is_extended"},
    callouts: {"status", "deadline", "outcome", "detail", "answer", "sent_at", "attempts"},
    task_processing_results: {
        "processing_status",
        "failure_reason",
        "started_date_time",
        "completed_date_time",
    },
}
"""What changes on the way of a row to its end."""


@pytest.mark.parametrize("table", MOVING, ids=str)
def test_what_changes_on_the_way_is_in_no_index(table: Table) -> None:
    indexed = {column.name for index in table.indexes for column in index.columns}

    assert MOVING[table] <= set(table.c.keys())
    assert not MOVING[table] & indexed
    assert table.dialect_options["postgresql"]["with"] == {"fillfactor": 50}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_request_that_moves_stays_on_its_page(database: Database) -> None:
    number = 200
    rows = [
        filled(assignment_requests, n, created_at=MONDAY + timedelta(seconds=n))
        | {"request_type": "adminAdd", "state": "submitted", "status": "Accepted"}
        | {"phase": "created", "awaits": None}
        for n in range(number)
    ]
    async with database.transaction() as conn:
        await conn.execute(insert(assignment_requests), rows)
    async with database.transaction() as conn:
        held = await requests.lock(conn, [row["id"] for row in rows])
        moved = [replace(one, status=RequestStatus.WAITING_FOR_CALLBACK) for one in held.values()]
        await requests.save(conn, moved)
        counted = text(
            "SELECT pg_stat_get_xact_tuples_hot_updated('assignment_requests'::regclass)"
        )
        in_place = await conn.scalar(counted)

    assert in_place > 0.8 * number  # a few pages have no room, as statuses differ in length

"""Workflows that run by themselves, by a date of the people of a rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.directory import store
from ostiary.durable.tables import work
from ostiary.lifecycle import names
from tests.lifecycle.counting import check_everything
from tests.lifecycle.house import (
    DISABLE,
    ENABLE,
    ON_DEMAND,
    ROOT,
    House,
    task,
    workflow,
)
from tests.lifecycle.schedules import (
    NS,
    change,
    conditions,
    hire,
    next_run,
    only,
    patch,
    processed,
    scope_of,
    wait,
)
from tests.support.clocks import MONDAY

NOON = "2026-01-05T12:00:00Z"


def scheduled(
    offset: int = 0, *, date: str = "employeeHireDate", rule: str = "department eq 'Sales'"
) -> dict[str, Any]:
    return conditions(
        "timeBasedAttributeTrigger", rule=rule, timeBasedAttribute=date, offsetInDays=offset
    )


async def make(house: House, offset: int = 0, **changes: Any) -> str:
    """Make a scheduled workflow for new people of the sales department."""
    usual = {"executionConditions": scheduled(offset), "isSchedulingEnabled": True}
    return await house.workflow(task(DISABLE, "Disable"), **{**usual, **changes})


async def test_people_are_processed_at_the_first_tick_after_their_instant(house: House) -> None:
    soon = await hire(house, "soon", MONDAY + timedelta(days=7, hours=1))
    await hire(house, "elsewhere", MONDAY + timedelta(days=7), department="Legal")
    await hire(house, "later", MONDAY + timedelta(days=8))
    (undated,) = await house.people("undated", department="Sales")
    id = await make(house, -7)

    assert await next_run(house, id) == NOON
    await wait(house, hours=2)
    assert await processed(house, id) == []
    await wait(house, hours=1)

    assert await processed(house, id) == [(soon, "completed")]
    assert await next_run(house, id) == "2026-01-05T15:00:00Z"
    (run,) = await house.values(f"workflows/{id}/runs")
    assert (run["workflowExecutionType"], run["processingStatus"]) == ("scheduled", "completed")
    assert run["scheduledDateTime"] == NOON
    async with house.database.reading() as conn:
        assert (await store.people(conn, [undated]))[undated].account_enabled
        activities = (await conn.execute(select(audit_records.c.activity_display_name))).scalars()
        told = list(activities)
    assert told.count("Schedule workflow execution started") == 1
    assert told.count("Schedule workflow execution completed") == 1
    await check_everything(house.database)


async def test_everybody_is_processed_once(house: House) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)

    for _ in range(4):
        await wait(house, hours=20)

    assert await processed(house, id) == [(alice, "completed")]


@pytest.mark.parametrize(
    ("days", "is_picked_up"), [(0, True), (2, True), (2.875, True), (2.9, False), (4, False)]
)
async def test_who_was_due_up_to_three_days_ago_is_picked_up(
    house: House, days: float, is_picked_up: bool
) -> None:
    alice = await hire(house, "alice", MONDAY - timedelta(days=days))
    id = await make(house)

    await wait(house, hours=3)

    assert bool(await processed(house, id)) is is_picked_up
    status = "completed" if is_picked_up else "canceled"
    assert await scope_of(house, id) == {alice: status}


@pytest.mark.parametrize(
    ("date", "category"),
    [("employeeLeaveDateTime", "leaver"), ("createdDateTime", "joiner")],
)
async def test_every_date_counts(house: House, date: str, category: str) -> None:
    (alice,) = await house.people(
        "alice", department="Sales", employee_leave_date_time=MONDAY + timedelta(hours=1)
    )
    id = await make(house, category=category, executionConditions=scheduled(1, date=date))

    await wait(house, hours=23)
    assert await processed(house, id) == []
    await wait(house, hours=4)

    assert await processed(house, id) == [(alice, "completed")]


async def test_a_date_that_moves_counts_anew(house: House) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)
    await wait(house, hours=3)

    await change(house, alice, employee_hire_date=MONDAY + timedelta(days=10))
    await wait(house, days=9)
    assert await processed(house, id) == [(alice, "completed")]
    assert await scope_of(house, id) == {}
    await wait(house, days=2)

    assert await processed(house, id) == [(alice, "completed")] * 2


async def test_who_leaves_the_scope_and_comes_back_is_somebody_new(house: House) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)
    await wait(house, hours=3)

    await change(house, alice, department="Legal")
    await wait(house, hours=3)
    assert await scope_of(house, id) == {}
    await change(house, alice, department="Sales")
    await wait(house, hours=3)

    assert len(await processed(house, id)) == 2


async def test_the_execution_scope_shows_people_with_their_due_instants(house: House) -> None:
    alice = await hire(house, "alice", MONDAY + timedelta(days=7))
    id = await make(house, -7)
    assert await scope_of(house, id) == {}

    await wait(house, hours=3)

    path = f"workflows/{id}/executionScope"
    (shown,) = await house.values(path)
    assert shown["subject"] == {"id": alice}
    assert shown["scheduledDateTime"] == "2026-01-05T09:00:00Z"
    assert (shown["workflowExecutionType"], shown["processingStatus"]) == (
        "scheduled",
        "completed",
    )
    assert (shown["totalTasksCount"], shown["workflowVersion"]) == (1, 1)
    assert await house.values(f"{path}?$filter=subject/id eq '{alice}'") == [shown]
    assert await house.values(f"{path}?$filter=processingStatus eq 'failed'") == []
    (one,) = await house.values(f"{path}?$expand=subject($select=displayName)")
    assert one["subject"]["displayName"] == "Alice"
    assert await house.get(f"{path}/{shown['id']}")
    (done,) = await house.values(f"{path}/{shown['id']}/taskProcessingResults")
    (one,) = await house.values(f"{path}?$expand=taskProcessingResults,reprocessedRuns")
    assert (one["taskProcessingResults"], one["reprocessedRuns"]) == ([done], [])
    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": False})
    assert await house.values(path) == []
    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": True})
    await wait(house, hours=3)
    assert await house.values(path) == [shown]
    assert len(await processed(house, id)) == 1


async def test_conditions_are_looked_at_again_before_people_are_processed(house: House) -> None:
    stays = await hire(house, "stays", MONDAY)
    moves = await hire(house, "moves", MONDAY)
    leaves = await hire(house, "leaves", MONDAY)
    id = await make(house)
    house.clock.advance(hours=3)
    await only(house, names.WORKFLOW_EVALUATE)

    await change(house, moves, employee_hire_date=MONDAY - timedelta(days=1))
    await change(house, leaves, department="Legal")
    await house.settle()

    expected = {stays: "completed", moves: "canceled", leaves: "canceled"}
    assert dict(await processed(house, id)) == expected
    await check_everything(house.database)
    await wait(house, hours=3)
    again = sorted(await processed(house, id))
    assert again == sorted([*expected.items(), (moves, "completed")])


@pytest.mark.parametrize("switch", ["isSchedulingEnabled", "isEnabled"])
async def test_a_schedule_that_is_switched_off_cancels_who_waits(house: House, switch: str) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)
    house.clock.advance(hours=3)
    await only(house, names.WORKFLOW_EVALUATE)

    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": False})
    if switch == "isEnabled":
        await patch(house, f"workflows/{id}", {"isEnabled": False})
    await house.settle()

    assert await processed(house, id) == [(alice, "canceled")]
    await patch(house, f"workflows/{id}", {"isEnabled": True, "isSchedulingEnabled": True})
    await wait(house, hours=3)
    assert sorted(await processed(house, id)) == [(alice, "canceled"), (alice, "completed")]


async def test_a_version_with_other_conditions_begins_anew(house: House) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)
    await wait(house, hours=3)
    body = workflow(
        task(DISABLE, "Disable"), executionConditions=scheduled(0), isSchedulingEnabled=True
    )

    await house.post(f"workflows/{id}/createNewVersion", {"workflow": body}, status=200)
    await wait(house, hours=3)
    assert len(await processed(house, id)) == 1
    other = {**body, "executionConditions": scheduled(0, rule="startsWith(department, 'Sal')")}
    await house.post(f"workflows/{id}/createNewVersion", {"workflow": other}, status=200)
    await wait(house, hours=3)

    found = await house.values(f"workflows/{id}/userProcessingResults")
    assert [(one["subject"]["id"], one["workflowVersion"]) for one in found] == [
        (alice, 1),
        (alice, 3),
    ]


async def test_there_is_one_item_of_work_as_long_as_there_is_a_schedule(house: House) -> None:
    async def items() -> list[datetime]:
        query = select(work.c.due_at).where(work.c.kind == names.WORKFLOW_EVALUATE)
        async with house.database.reading() as conn:
            return list((await conn.execute(query)).scalars())

    id = await make(house, isSchedulingEnabled=False)
    assert (await items(), await next_run(house, id)) == ([], None)
    await patch(house, f"workflows/{id}", {"isSchedulingEnabled": True})
    assert await items() == [MONDAY + timedelta(hours=3)]
    await wait(house, hours=3)
    assert await items() == [MONDAY + timedelta(hours=6)]

    await patch(house, "settings", {"workflowScheduleIntervalInHours": 1})
    assert await items() == [MONDAY + timedelta(hours=4)]
    assert await next_run(house, id) == "2026-01-05T13:00:00Z"

    on_demand = workflow(task(ENABLE, "Enable"), executionConditions=ON_DEMAND)
    await house.post(f"workflows/{id}/createNewVersion", on_demand, status=200)
    assert (await items(), await next_run(house, id)) == ([], None)
    other = await make(house)
    await house.api.delete(f"{ROOT}/workflows/{other}")
    assert await items() == []
    restored = await house.post(f"deletedItems/workflows/{other}/restore", None, status=200)
    assert (restored["isSchedulingEnabled"], restored["nextScheduleRunDateTime"]) == (False, None)


async def test_on_demand_runs_do_not_stop_the_schedule(house: House) -> None:
    alice = await hire(house, "alice", MONDAY)
    id = await make(house)
    await house.activate(id, alice)

    await wait(house, hours=3)

    types = [run["workflowExecutionType"] for run in await house.values(f"workflows/{id}/runs")]
    assert types == ["onDemand", "scheduled"]


async def test_a_limit_holds_a_scheduled_run_back_until_it_is_cleared(house: House) -> None:
    people = [await hire(house, alias, MONDAY) for alias in ("alice", "bob")]
    condition = {"@odata.type": f"{NS}countBasedQuarantineCondition", "threshold": 1}
    limit = {"quarantineConfiguration": {"matchMode": "any", "conditions": [condition]}}
    id = await make(house, settings=limit)

    await wait(house, hours=3)
    await wait(house, hours=3)

    (run,) = await house.values(f"workflows/{id}/runs")
    assert dict(await processed(house, id)) == dict.fromkeys(people, "canceled")
    assert await scope_of(house, id) == dict.fromkeys(people, "queued")
    scope = {
        "@odata.type": f"{NS}activateRunScope",
        "run": {"id": run["id"]},
        "taskScope": "allTasks",
        "userScope": "allUsers",
    }
    await house.post(f"workflows/{id}/activateWithScope", {"scope": scope}, status=204)
    await house.settle()
    assert await scope_of(house, id) == dict.fromkeys(people, "completed")
    await house.post(f"workflows/{id}/clearQuarantine", None, status=200)
    await wait(house, hours=6)
    assert len(await house.values(f"workflows/{id}/runs")) == 2


async def test_the_next_tick_after_a_quarantine_starts_what_was_held_back(house: House) -> None:
    people = [await hire(house, alias, MONDAY) for alias in ("alice", "bob")]
    condition = {"@odata.type": f"{NS}countBasedQuarantineCondition", "threshold": 1}
    limit = {"quarantineConfiguration": {"matchMode": "any", "conditions": [condition]}}
    id = await make(house, settings=limit)
    await wait(house, hours=3)

    await patch(house, f"workflows/{id}", {"settings": {"quarantineConfiguration": None}})
    await house.post(f"workflows/{id}/clearQuarantine", None, status=200)
    await wait(house, hours=3)

    assert await scope_of(house, id) == dict.fromkeys(people, "completed")


@pytest.mark.parametrize("prefix", ["", "workflow/"])
async def test_a_broken_rule_is_refused_with_its_place(cottage: House, prefix: str) -> None:
    broken = workflow(
        task(ENABLE, "Enable"), executionConditions=scheduled(rule="department equals 'Sales'")
    )
    if prefix:
        id = await make(cottage)
        path = f"workflows/{id}/createNewVersion"
        error = (await cottage.post(path, {"workflow": broken}, status=400))["error"]
    else:
        error = (await cottage.post("workflows", broken, status=400))["error"]

    assert error["code"] == "invalidRule"
    assert error["target"] == f"{prefix}executionConditions/scope/rule"
    assert "at position 11" in error["message"]


@pytest.mark.parametrize(
    "rule", ["user.department -eq 'Sales'", "department gt 'A'", "shoeSize eq '44'", "("]
)
async def test_only_rules_of_scopes_are_taken(cottage: House, rule: str) -> None:
    body = workflow(task(ENABLE, "Enable"), executionConditions=scheduled(rule=rule))

    error = (await cottage.post("workflows", body, status=400))["error"]

    assert error["code"] == "invalidRule"

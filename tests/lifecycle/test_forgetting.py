"""Runs are forgotten with their results and callouts when their time is up."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.extensions.tables import callout_attempts, callouts
from ostiary.lifecycle import forgetting, names
from ostiary.lifecycle.forgetting import RETENTION
from ostiary.lifecycle.tables import (
    run_reprocessings,
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
)
from ostiary.storage.archive import Archive, files
from tests.lifecycle.house import CUSTOM, ENABLE, House, failing, task
from tests.lifecycle.schedules import conditions, hire, processed, scope_of
from tests.support.work import rows

pytestmark = pytest.mark.usefixtures("no_pauses")

HISTORY = (
    callout_attempts,
    callouts,
    task_processing_results,
    user_processing_results,
    task_reports,
    run_reprocessings,
    runs,
)


async def begin(house: House) -> None:
    """Have old runs forgotten."""
    async with house.database.transaction() as conn:
        await recurring.ensure(conn, names.RUN_FORGET, due_at=house.clock.now())
    await house.settle()


async def pass_by(house: House, time: timedelta) -> None:
    """Let time pass."""
    house.clock.advance(seconds=time.total_seconds())
    await house.settle()


async def counts(house: House) -> dict[str, int]:
    """Count what there is of each table."""
    async with house.database.reading() as conn:
        return {
            table.name: await conn.scalar(select(func.count()).select_from(table)) or 0
            for table in HISTORY
        }


async def test_a_run_goes_portion_by_portion_with_all_that_happened_in_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "PORTION", 2)
    archive = Archive(tmp_path)
    everybody = await house.people("ada", "ben", "eve")
    extension = await house.extension(wait=None)
    workflow = await house.workflow(
        task(ENABLE, "Enable"), task(CUSTOM, "Tell", customTaskExtensionID=extension)
    )
    old = await house.activate(workflow, *everybody)
    await begin(house)
    before = await counts(house)
    await pass_by(house, timedelta(days=10))
    young = await house.activate(workflow, everybody[0])
    await house.settle()
    forgets = forgetting.handler(RETENTION, archive)
    worker = Worker(house.database, house.clock, [forgets], node="archiving")

    house.clock.advance(days=RETENTION.days - 10, hours=-1)
    await worker.settle()
    assert len(await house.values(f"workflows/{workflow}/runs")) == 2
    house.clock.advance(days=1)
    await worker.settle()

    (left,) = await house.values(f"workflows/{workflow}/runs")
    assert left["id"] == young
    now = await counts(house)
    assert (now["callouts"], now["task_processing_results"], now["runs"]) == (1, 2, 1)
    (file,) = files(tmp_path)
    lines = [json.loads(line) for line in file.lines()]
    written = {name: [one["table"] for one in lines].count(name) for name in before}
    assert written == before
    (run,) = [line for line in lines if line["table"] == "runs"]
    assert (run["id"], run["people_completed"]) == (old, 3)


async def test_a_run_stays_while_another_that_repeats_it_does(house: House) -> None:
    (ada,) = await house.people("ada")
    workflow = await house.workflow(failing("Team"))
    first = await house.activate(workflow, ada)
    await begin(house)
    await pass_by(house, timedelta(days=100))
    scope = {
        "@odata.type": "#microsoft.graph.identityGovernance.activateRunScope",
        "run": {"id": first},
        "taskScope": "allTasks",
        "userScope": "allUsers",
    }
    await house.post(f"workflows/{workflow}/activateWithScope", {"scope": scope}, status=204)
    await house.settle()

    await pass_by(house, RETENTION - timedelta(hours=1))
    assert len(await house.values(f"workflows/{workflow}/runs")) == 2

    await pass_by(house, timedelta(days=2))
    assert await counts(house) == dict.fromkeys((table.name for table in HISTORY), 0)


async def test_whose_turn_it_was_keeps_what_became_of_them_and_gets_no_second_one(
    house: House,
) -> None:
    """The run of the schedule is gone; the person still meets its conditions."""
    hired = await hire(house, "ada", house.clock.now())
    scheduled = conditions(
        "timeBasedAttributeTrigger", timeBasedAttribute="employeeHireDate", offsetInDays=0
    )
    workflow = await house.workflow(
        task(ENABLE, "Enable"), executionConditions=scheduled, isSchedulingEnabled=True
    )
    await pass_by(house, timedelta(hours=3))
    assert await processed(house, workflow) == [(hired, "completed")]
    await begin(house)

    house.clock.advance(days=RETENTION.days + 1)
    forgets = forgetting.handler(RETENTION)
    await Worker(house.database, house.clock, [forgets], node="forgetting").settle()

    assert await processed(house, workflow) == []
    assert await scope_of(house, workflow) == {hired: "completed"}
    await house.settle()
    assert await processed(house, workflow) == []


async def test_nothing_is_looked_for_while_nothing_can_be_old_enough(house: House) -> None:
    (ada,) = await house.people("ada")
    await house.activate(await house.workflow(task(ENABLE, "Enable")), ada)
    await begin(house)
    await pass_by(house, timedelta(days=1))

    (due,) = [one.due_at for one in await rows(house.database) if one.kind == names.RUN_FORGET]

    assert due >= house.clock.now() + RETENTION - timedelta(days=1)

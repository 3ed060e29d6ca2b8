"""Runs are forgotten with their results and callouts when their time is up."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.extensions.tables import callout_attempts, callouts
from ostiary.lifecycle import forgetting, names
from ostiary.lifecycle.forgetting import RETENTION
from ostiary.lifecycle.store import forgetting as store
from ostiary.lifecycle.store.results import lock_runs
from ostiary.lifecycle.store.runs import link_reprocessing
from ostiary.lifecycle.tables import (
    run_reprocessings,
    runs,
    task_processing_results,
    task_reports,
    user_processing_results,
)
from ostiary.storage.archive import Archive, files, outgoing
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


async def forget_a_portion(house: House, *, limit: int = 2) -> None:
    """Do what one transaction does."""
    now = house.clock.now()
    async with (
        house.database.transaction() as conn,
        outgoing(conn, "runs", archive=None, now=now) as out,
    ):
        over = await store.lock_over(conn, before=now - RETENTION)
        if over:
            await store.forget_some(conn, out, over, limit=limit, now=now)


def repeat(*, run: str | None = None, result: str | None = None) -> dict[str, Any]:
    """Give the body that repeats a whole run, or one of its results."""
    kind = "activateRunScope" if run else "activateProcessingResultScope"
    chosen = {"run": {"id": run}} if run else {"processingResults": [{"id": result}]}
    users = {"userScope": "allUsers"} if run else {}
    of = f"#microsoft.graph.identityGovernance.{kind}"
    return {"scope": {"@odata.type": of, "taskScope": "allTasks", **chosen, **users}}


async def test_a_run_of_which_the_first_half_is_gone_cannot_be_repeated(house: House) -> None:
    people = await house.people("ada", "ben", "eve")
    workflow = await house.workflow(failing("Team"))
    run = await house.activate(workflow, *people)
    await house.settle()
    house.clock.advance(days=RETENTION.days + 1)
    results = await house.values(f"workflows/{workflow}/userProcessingResults")

    await forget_a_portion(house)

    path = f"workflows/{workflow}/activateWithScope"
    for body in (repeat(run=run), *(repeat(result=one["id"]) for one in results)):
        refused = await house.post(path, body, status=404)
        assert refused["error"]["target"] in ("scope/run", "scope/processingResults")
    for _ in range(3):
        await forget_a_portion(house)
    assert await counts(house) == dict.fromkeys((table.name for table in HISTORY), 0)


async def test_a_run_that_is_repeated_while_its_lock_is_waited_for_stays(house: House) -> None:
    """Whoever repeats it was first; what has been linked meanwhile is seen."""
    (ada,) = await house.people("ada")
    workflow = await house.workflow(failing("Team"))
    first = await house.activate(workflow, ada)
    await house.settle()
    house.clock.advance(days=RETENTION.days + 1)
    second = await house.activate(workflow, ada)
    before = await counts(house)

    async with house.database.transaction() as conn:
        await lock_runs(conn, [first])
        forgetting_it = asyncio.create_task(forget_a_portion(house))
        await has_to_wait(house, forgetting_it)
        await link_reprocessing(conn, [first], second)
    await forgetting_it

    assert await counts(house) == {**before, "run_reprocessings": 1}


async def has_to_wait(house: House, task: asyncio.Task[None]) -> None:
    """Go on when a task waits for a lock of the database; SQLite has one writer at a time."""
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while house.database.dialect == "postgresql" and not task.done():
        async with house.database.reading() as conn:
            if await conn.scalar(waiting):
                return


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

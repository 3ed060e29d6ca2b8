"""Deleted workflows: read, restored, deleted for good, and gone after thirty days."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from ostiary.extensions.tables import callouts
from ostiary.lifecycle import tables
from tests.lifecycle.house import CUSTOM, ENABLE, ROOT, House, task

pytestmark = pytest.mark.usefixtures("no_pauses")

_OF_A_WORKFLOW = (
    callouts,
    tables.runs,
    tables.task_processing_results,
    tables.task_reports,
    tables.user_processing_results,
    tables.workflow_tasks,
    tables.workflow_versions,
    tables.workflows,
)


async def rows(house: House) -> int:
    """Count everything that is kept of workflows."""
    async with house.database.reading() as conn:
        counts = [
            (await conn.execute(select(func.count()).select_from(t))).scalar_one()
            for t in _OF_A_WORKFLOW
        ]
    return sum(counts)


async def delete(house: House, path: str, status: int = 204) -> None:
    reply = await house.api.delete(f"{ROOT}/{path}")
    assert reply.status_code == status, reply.text


async def test_a_restored_workflow_is_as_it_was_but_for_its_schedule(house: House) -> None:
    workflow = await house.workflow(task(ENABLE, "Enable"), displayName="Join")
    before = await house.get(f"workflows/{workflow}")
    await delete(house, f"workflows/{workflow}")
    house.clock.advance(days=29)
    await house.settle()

    restored = await house.post(f"deletedItems/workflows/{workflow}/restore", None, status=200)

    assert restored["isSchedulingEnabled"] is False
    assert restored["deletedDateTime"] is None
    assert restored["tasks"] == before["tasks"]
    assert restored["executionConditions"] == before["executionConditions"]
    assert await house.values("deletedItems/workflows") == []
    house.clock.advance(days=60)
    await house.settle()
    await house.get(f"workflows/{workflow}")


async def test_after_thirty_days_nothing_is_left_of_a_deleted_workflow(house: House) -> None:
    (alice,) = await house.people("alice")
    workflow = await house.workflow(task(ENABLE, "Enable"))
    await house.activate(workflow, alice)
    await house.settle()
    await delete(house, f"workflows/{workflow}")

    house.clock.advance(days=29, hours=23)
    await house.settle()
    assert len(await house.values("deletedItems/workflows")) == 1
    house.clock.advance(hours=1)
    await house.settle()

    assert await house.values("deletedItems/workflows") == []
    assert await rows(house) == 0


async def test_a_workflow_that_is_deleted_again_is_kept_for_thirty_days_more(
    cottage: House,
) -> None:
    workflow = await cottage.workflow(task(ENABLE, "Enable"))
    await delete(cottage, f"workflows/{workflow}")
    cottage.clock.advance(days=20)
    await cottage.post(f"deletedItems/workflows/{workflow}/restore", None, status=200)
    await delete(cottage, f"workflows/{workflow}")

    cottage.clock.advance(days=29)
    await cottage.settle()
    assert len(await cottage.values("deletedItems/workflows")) == 1
    cottage.clock.advance(days=1)
    await cottage.settle()
    assert await rows(cottage) == 0


async def test_what_is_deleted_for_good_is_gone_at_once_even_while_its_runs_are_stopped(
    house: House,
) -> None:
    (alice,) = await house.people("alice")
    extension = await house.extension()
    workflow = await house.workflow(task(CUSTOM, "Wait", customTaskExtensionID=extension))
    await house.activate(workflow, alice)
    await house.settle()
    await delete(house, f"workflows/{workflow}")

    await delete(house, f"deletedItems/workflows/{workflow}")

    await house.get(f"deletedItems/workflows/{workflow}", status=404)
    await house.post(f"deletedItems/workflows/{workflow}/restore", None, status=404)
    await delete(house, f"deletedItems/workflows/{workflow}", 404)
    await delete(house, f"customTaskExtensions/{extension}")
    await house.settle()
    house.clock.advance(minutes=1)
    await house.settle()
    assert await rows(house) == 0


async def test_a_name_that_was_taken_meanwhile_stops_a_restore(cottage: House) -> None:
    first = await cottage.workflow(task(ENABLE, "Enable"), displayName="Join")
    await delete(cottage, f"workflows/{first}")
    await cottage.workflow(task(ENABLE, "Enable"), displayName="JOIN")

    refused = await cottage.post(f"deletedItems/workflows/{first}/restore", None, status=409)

    assert refused["error"]["code"] == "conflict"


async def test_the_history_of_a_deleted_workflow_can_be_read(house: House) -> None:
    (alice,) = await house.people("alice")
    workflow = await house.workflow(task(ENABLE, "Enable"))
    run = await house.activate(workflow, alice)
    await house.settle()
    await delete(house, f"workflows/{workflow}")

    root = f"deletedItems/workflows/{workflow}"
    (shown,) = await house.values(f"{root}/runs")
    assert (shown["id"], shown["successfulUsersCount"]) == (run, 1)
    assert len(await house.values(f"{root}/tasks")) == 1
    (version,) = await house.values(f"{root}/versions")
    assert version["versionNumber"] == 1
    (result,) = await house.values(f"{root}/runs/{run}/taskProcessingResults")
    refused = await house.post(
        f"{root}/runs/{run}/taskProcessingResults/{result['id']}/resume", {}, status=400
    )
    assert "resume" in refused["error"]["message"]
    await house.post(f"{root}/activate", {"subjects": []}, status=400)


async def test_a_live_workflow_is_not_among_the_deleted(cottage: House) -> None:
    workflow = await cottage.workflow(task(ENABLE, "Enable"))

    await cottage.post(f"deletedItems/workflows/{workflow}/restore", None, status=404)
    await delete(cottage, f"deletedItems/workflows/{workflow}", 404)

"""Summaries and insights: their numbers are those of the runs below them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    DISABLE,
    ENABLE,
    ROOT,
    House,
    application,
    failing,
    task,
)

EVER = "(startDateTime=2026-01-01T00:00:00Z,endDateTime=2026-02-01T00:00:00Z)"
NS = "microsoft.graph.identityGovernance."


async def busy(house: House) -> tuple[str, str, str]:
    """A joiner and a leaver workflow that ran, well and badly, and a preview besides."""
    alice, bob = await house.people("alice", "bob")
    staff = await house.group("Staff")
    join = await house.workflow(
        task(ENABLE, "Enable"),
        task(ADD_TO_GROUPS, "Staff", groupID=staff),
        task(ADD_TO_GROUPS, "Again", groupID=staff),
        displayName="Join",
    )
    leave = await house.workflow(
        task(DISABLE, "Disable"), task(ENABLE, "Enable"), category="leaver", displayName="Leave"
    )
    fail = await house.workflow(
        failing("Welcome", go_on=True), task(ENABLE, "Enable"), displayName="Fail"
    )
    await house.activate(join, alice, bob)
    await house.activate(join, alice)
    await house.activate(leave, bob)
    await house.activate(fail, alice, bob)
    preview = {"subjects": [{"id": alice}]}
    await house.post(f"workflows/{join}/previewWorkflow", preview, status=204)
    await house.settle()
    return join, leave, fail


async def test_each_summary_adds_up_its_own_level(house: House) -> None:
    join, _, fail = await busy(house)
    run = (await house.values(f"workflows/{fail}/runs"))[0]["id"]

    runs = await house.get(f"workflows/{join}/runs/summary{EVER}")
    users = await house.get(f"workflows/{fail}/userProcessingResults/summary{EVER}")
    of_run = await house.get(f"workflows/{fail}/runs/{run}/userProcessingResults/summary{EVER}")
    tasks = await house.get(f"workflows/{fail}/taskReports/{NS}summary{EVER}")

    assert numbers(runs) == {
        "failedRuns": 0,
        "failedTasks": 0,
        "successfulRuns": 2,
        "totalRuns": 2,
        "totalTasks": 9,
        "totalUsers": 3,
    }
    assert (
        numbers(users)
        == numbers(of_run)
        == {
            "failedTasks": 2,
            "failedUsers": 2,
            "successfulUsers": 0,
            "totalTasks": 4,
            "totalUsers": 2,
        }
    )
    assert numbers(tasks) == {
        "failedTasks": 2,
        "successfulTasks": 2,
        "totalTasks": 4,
        "unprocessedTasks": 0,
    }
    assert runs["@odata.context"].endswith(f"$metadata#{NS}runSummary")


def numbers(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if "@" not in name}


async def test_a_list_of_insights_can_be_cut_and_counted(house: House) -> None:
    (alice,) = await house.people("alice")
    for _ in range(2):
        await house.activate(await house.workflow(task(ENABLE, "One")), alice)
    await house.settle()
    path = f"insights/topWorkflowsProcessedSummary{EVER}"
    first, second = await house.values(path)

    found = await house.get(f"{path}?$skip=1&$top=1&$count=true&$select=workflowId")

    assert found["@odata.count"] == 2
    assert found["value"] == [{"workflowId": second["workflowId"]}]
    assert first != second
    for option in ("$filter=totalRuns gt 1", "$orderby=totalRuns", "$nonsense=1"):
        reply = await house.api.get(f"{ROOT}/{path}?{option}")
        assert (reply.status_code, reply.json()["error"]["code"]) == (400, "BadRequest")


async def test_the_insights_are_over_all_workflows(house: House) -> None:
    join, leave, fail = await busy(house)

    everything = numbers(await house.get(f"insights/workflowsProcessedSummary{EVER}"))
    by_category = numbers(await house.get(f"insights/workflowsProcessedByCategory{EVER}"))
    workflows = (await house.get(f"insights/topWorkflowsProcessedSummary{EVER}"))["value"]
    tasks = (await house.get(f"insights/{NS}topTasksProcessedSummary{EVER}"))["value"]

    assert everything == {
        "failedRuns": 1,
        "failedTasks": 2,
        "failedUsers": 2,
        "successfulRuns": 3,
        "successfulTasks": 13,
        "successfulUsers": 4,
        "totalRuns": 4,
        "totalTasks": 15,
        "totalUsers": 6,
    }
    assert by_category["totalJoinerRuns"] == 3
    assert by_category["failedJoinerRuns"] == 1
    assert by_category["successfulLeaverRuns"] == by_category["totalLeaverRuns"] == 1
    assert by_category["totalMoverRuns"] == 0
    assert [w["workflowId"] for w in workflows] == [join, fail, leave]
    assert workflows[0] == {
        "failedRuns": 0,
        "failedUsers": 0,
        "successfulRuns": 2,
        "successfulUsers": 3,
        "totalRuns": 2,
        "totalUsers": 3,
        "workflowCategory": "joiner",
        "workflowDisplayName": "Join",
        "workflowId": join,
        "workflowVersion": 1,
    }
    by_name = {t["taskDefinitionDisplayName"]: t for t in tasks}
    groups, teams = by_name["Add user to groups"], by_name["Add user to Teams"]
    assert (groups["totalTasks"], groups["totalUsers"], groups["successfulUsers"]) == (6, 3, 3)
    assert (teams["failedTasks"], teams["failedUsers"], teams["totalUsers"]) == (2, 2, 2)


@pytest.mark.parametrize(
    ("start", "end", "runs"),
    [
        ("2026-01-05T09:00:00Z", "2026-01-05T09:00:01Z", 2),
        ("2026-01-01T00:00:00Z", "2026-01-05T09:00:00Z", 0),
        ("2026-01-05T10:00:00%2B01:00", "2026-01-06T00:00:00Z", 2),
        ("'2026-01-05T09:00:00Z'", "'2026-01-06T00:00:00Z'", 2),
    ],
)
async def test_a_window_holds_its_beginning_and_not_its_end(
    cottage: House, start: str, end: str, runs: int
) -> None:
    join, *_ = await busy(cottage)

    found = await cottage.get(
        f"workflows/{join}/runs/summary(startDateTime={start},endDateTime={end})"
    )

    assert found["totalRuns"] == runs


@pytest.mark.parametrize(
    "path",
    [
        "workflows/{id}/runs/summary(startDateTime=2026-01-02T00:00:00Z,"
        "endDateTime=2026-01-01T00:00:00Z)",
        "workflows/{id}/runs/summary(startDateTime=2026-01-02T00:00:00Z)",
        "insights/workflowsProcessedSummary(startDateTime=soon,endDateTime=later)",
        "insights/workflowsProcessedSummary",
    ],
)
async def test_a_window_that_is_none_is_refused(cottage: House, path: str) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))

    await cottage.get(path.format(id=id), status=400)


async def test_nothing_that_happened_is_a_row_of_zeros(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))

    found = await cottage.get(f"workflows/{id}/userProcessingResults/summary{EVER}")

    assert set(numbers(found).values()) == {0}
    assert (await cottage.get(f"insights/topTasksProcessedSummary{EVER}"))["value"] == []


async def test_summaries_belong_to_what_exists_and_outlive_its_deletion(cottage: House) -> None:
    join, *_ = await busy(cottage)
    await cottage.get(f"workflows/none/runs/summary{EVER}", status=404)
    await cottage.get(f"workflows/{join}/runs/none/userProcessingResults/summary{EVER}", status=404)
    await cottage.api.delete(f"{ROOT}/workflows/{join}")

    await cottage.get(f"workflows/{join}/runs/summary{EVER}", status=404)
    deleted = await cottage.get(f"deletedItems/workflows/{join}/runs/summary{EVER}")

    assert deleted["totalRuns"] == 2


async def test_lists_of_what_happened_are_counted_unasked(cottage: House) -> None:
    join, *_ = await busy(cottage)

    for name, number in (("runs", 3), ("userProcessingResults", 4), ("taskReports", 9)):
        assert (await cottage.get(f"workflows/{join}/{name}"))["@odata.count"] == number


async def test_reports_can_be_read_by_who_may_read_nothing_else(cottage: House) -> None:
    join, *_ = await busy(cottage)
    reader = application("LifecycleWorkflows-Reports.Read.All")
    other = application("LifecycleWorkflows-Workflow.Read.All")

    await cottage.get(f"workflows/{join}/runs/summary{EVER}", headers=reader)
    await cottage.get(f"insights/workflowsProcessedSummary{EVER}", headers=reader)
    await cottage.get(f"insights/workflowsProcessedSummary{EVER}", headers=other, status=403)

"""Workflows that run: tasks in order, extensions that hold them, numbers at every level."""

from __future__ import annotations

from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    BASE,
    CUSTOM,
    DISABLE,
    ENABLE,
    House,
    failing,
    task,
)

COMPLETED = {"data": {"operationStatus": "Completed"}, "source": "sample", "type": "lifecycleEvent"}
FAILED = {"data": {"operationStatus": "failed"}, "source": "sample", "type": "lifecycleEvent"}


async def test_a_joiner_waits_for_an_extension_and_goes_on_when_it_answers(house: House) -> None:
    """The third operation of the main job, from the activation to the last task."""
    (alice,) = await house.people("alice", account_enabled=False)
    staff = await house.group("Staff")
    extension = await house.extension()
    workflow = await house.workflow(
        task(ENABLE, "Enable"),
        task(CUSTOM, "Mailbox", customTaskExtensionID=extension),
        task(ADD_TO_GROUPS, "Staff", groupID=staff),
    )
    run = await house.activate(workflow, alice)

    await house.settle()

    (call,) = house.endpoint.calls
    data = call.json()["data"]
    path = data["callbackUriPath"]
    assert data["callbackUri"] == f"{BASE}/v1.0{path}"
    assert data["subject"]["userPrincipalName"] == "alice@contoso.example"
    assert await house.members(staff) == set()
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert (shown["processingStatus"], shown["totalUnprocessedTasksCount"]) == ("inProgress", 2)

    reply = await house.api.post(f"/beta{path}", json=COMPLETED)
    assert reply.status_code == 204, reply.text
    await house.settle()

    assert await house.members(staff) == {alice}
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert shown["processingStatus"] == "completed"
    assert (shown["successfulUsersCount"], shown["totalTasksCount"]) == (1, 3)
    results = await house.values(f"workflows/{workflow}/runs/{run}/taskProcessingResults")
    assert [r["processingStatus"] for r in results] == ["completed"] * 3
    assert [r["task"]["displayName"] for r in results] == ["Enable", "Mailbox", "Staff"]
    assert results[0]["subject"] == {"id": alice}


async def test_silence_fails_the_task_and_what_is_left_does_not_run(house: House) -> None:
    (alice,) = await house.people("alice")
    extension = await house.extension(wait="PT5M")
    workflow = await house.workflow(
        task(CUSTOM, "Mailbox", customTaskExtensionID=extension), task(DISABLE, "Disable")
    )
    run = await house.activate(workflow, alice)
    await house.settle()

    house.clock.advance(minutes=5)
    await house.settle()

    results = await house.values(f"workflows/{workflow}/runs/{run}/taskProcessingResults")
    assert [r["processingStatus"] for r in results] == ["failed", "canceled"]
    assert results[0]["failureReason"] == "Callback not received within the timeout duration"
    shown = await house.get(f"workflows/{workflow}/runs/{run}")
    assert shown["processingStatus"] == "failed"
    assert (shown["failedTasksCount"], shown["totalUnprocessedTasksCount"]) == (1, 1)


async def test_a_task_that_nothing_carries_out_fails_and_says_so(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    workflow = await house.workflow(failing("Welcome", go_on=True), task(ENABLE, "Enable"))
    run = await house.activate(workflow, alice, bob)

    await house.settle()

    people = await house.values(f"workflows/{workflow}/runs/{run}/userProcessingResults")
    assert [p["processingStatus"] for p in people] == ["completedWithErrors"] * 2
    reports = await house.values(f"workflows/{workflow}/taskReports")
    by_status = {r["processingStatus"]: r for r in reports}
    assert (by_status["failed"]["failedUsersCount"], by_status["failed"]["runId"]) == (2, run)
    assert by_status["completed"]["successfulUsersCount"] == 2
    results = await house.values(
        f"workflows/{workflow}/taskReports/{by_status['failed']['id']}/taskProcessingResults"
    )
    assert all("not connected" in r["failureReason"] for r in results)

"""Looking ahead: what would happen to somebody, and what would fail for everybody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lifecycle.counting import check_everything
from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    CUSTOM,
    DELETE,
    DISABLE,
    ENABLE,
    REMOVE_FROM_ALL_GROUPS,
    ROOT,
    House,
    application,
    failing,
    task,
)
from tests.scenarios.snapshots import untouched

TEAMS = "e440ed8d-25a1-4618-84ce-091ed5be5594"
A_TEAM = "1baa57fa-3c4e-4526-ba5a-db47a9df95f0"


async def preview(house: House, id: str, *people: str, status: int = 204) -> Any:
    body = {
        "subjects": [{"@odata.type": "#microsoft.graph.user", "id": person} for person in people]
    }
    reply = await house.post(f"workflows/{id}/previewWorkflow", body, status=status)
    await house.settle()
    return reply


async def test_a_preview_says_person_by_person_what_would_happen_and_does_nothing(
    house: House,
) -> None:
    alice, bob = await house.people("alice", "bob")
    staff = await house.group("Staff")
    admins = await house.group("Admins", is_assignable_to_role=True)
    await house.join(staff, bob)
    await house.join(admins, bob)
    extension = await house.extension()
    id = await house.workflow(
        task(ADD_TO_GROUPS, "Staff", groupID=staff),
        task(CUSTOM, "Mailbox", customTaskExtensionID=extension),
        task(DISABLE, "Disable"),
        task(ENABLE, "Enable"),
    )

    await preview(house, id, alice, bob)

    await check_everything(house.database)
    assert await house.members(staff) == {bob}
    assert house.endpoint.calls == []
    path = f"workflows/{id}/userProcessingResults"
    people = await house.values(
        f"{path}?$filter=workflowExecutionType eq 'preview'&$expand=taskProcessingResults"
    )
    assert len(await house.values(f"{path}?$filter=workflowExecutionType eq 'previewMode'")) == 2
    by_person = {p["subject"]["id"]: p for p in people}
    assert by_person[alice]["processingStatus"] == "completed"
    told = [r["processingInfo"] for r in by_person[alice]["taskProcessingResults"]]
    assert told[0] == "Would add the user to 'Staff'."
    assert told[1].startswith("Would call the extension")
    assert told[2] == "Would disable the account."
    assert told[3] == "The account was enabled already."
    of_bob = by_person[bob]["taskProcessingResults"]
    assert by_person[bob]["processingStatus"] == "failed"
    assert of_bob[0]["processingInfo"] == "The user was a member of every group already."
    assert "role-assignable" in of_bob[2]["failureReason"]
    assert [r["processingStatus"] for r in of_bob] == [
        "completed",
        "completed",
        "failed",
        "canceled",
    ]


async def test_previews_are_refused_as_activations_are(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    off = await cottage.workflow(task(DISABLE, "Disable"), isEnabled=False)
    on = await cottage.workflow(task(DISABLE, "Disable"))

    assert (await preview(cottage, off, alice, status=400))["error"]["code"] == "workflowDisabled"
    assert (await preview(cottage, on, status=400))["error"]["code"] == "invalidOperation"
    await preview(cottage, on, *(f"{i}" for i in range(11)), status=400)
    await preview(cottage, on, A_TEAM, status=404)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_would_fail_for_everybody_is_told_with_the_reason(
    cottage: House, method: str
) -> None:
    synced = await cottage.group("Mail", group_types=["Unified"], mail_enabled=True)
    id = await cottage.workflow(
        task(ADD_TO_GROUPS, "Missing", groupID=A_TEAM),
        task(ADD_TO_GROUPS, "Fine", groupID=synced),
        task(TEAMS, "Team", teamID=A_TEAM),
        {**task(ADD_TO_GROUPS, "Off", groupID=A_TEAM), "isEnabled": False},
        task(ENABLE, "Enable"),
    )

    reply = await cottage.api.request(method, f"{ROOT}/workflows/{id}/previewTaskFailures")

    assert reply.status_code == 200, reply.text
    failures = reply.json()["value"]
    assert [f["name"] for f in failures] == ["Missing", "Team"]
    assert failures[0]["failureReason"] == f"The group {A_TEAM} does not exist."
    assert "Teams is not connected" in failures[1]["failureReason"]
    tasks = await cottage.values(f"workflows/{id}/tasks")
    assert (failures[0]["taskId"], failures[0]["definitionId"]) == (
        tasks[0]["id"],
        ADD_TO_GROUPS,
    )


async def test_a_workflow_without_faults_has_an_empty_list(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))

    assert (await cottage.post(f"workflows/{id}/previewTaskFailures", None, status=200))[
        "value"
    ] == []


async def one_task(house: House, id: str, name: str) -> str:
    tasks = await house.values(f"workflows/{id}/tasks")
    return str(next(t["id"] for t in tasks if t["displayName"] == name))


async def test_a_single_task_runs_for_one_person_and_shows_the_conversation(house: House) -> None:
    (alice,) = await house.people("alice")
    extension = await house.extension()
    id = await house.workflow(
        task(DISABLE, "Disable"), task(CUSTOM, "Mailbox", customTaskExtensionID=extension)
    )
    path = f"workflows/{id}/tasks/{await one_task(house, id, 'Mailbox')}"

    begun = await house.post(f"{path}/runForSubject", {"subject": {"id": alice}}, status=200)
    await house.settle()

    (call,) = house.endpoint.calls
    assert begun["payload"] == call.json()
    reply = await house.api.post(
        f"/v1.0{call.json()['data']['callbackUriPath']}",
        json={"source": "s", "data": {"operationStatus": "completed"}},
    )
    assert reply.status_code == 204, reply.text
    await house.settle()
    result = f"{path}/taskProcessingResults/{begun['taskProcessingResultId']}"
    told = await house.get(f"{result}/conversation()")
    assert told["processingStatus"] == "completed"
    assert told["answer"]["verdict"] == "completed"
    run = await house.get(f"workflows/{id}/runs/{begun['runId']}")
    assert (run["totalTasksCount"], run["processingStatus"]) == (1, "completed")
    await check_everything(house.database)


async def test_a_single_task_is_previewed_at_once(house: House) -> None:
    (alice,) = await house.people("alice")
    extension = await house.extension()
    id = await house.workflow(
        task(DELETE, "Delete"),
        task(CUSTOM, "Mailbox", customTaskExtensionID=extension),
        category="leaver",
    )
    mailbox, delete = await one_task(house, id, "Mailbox"), await one_task(house, id, "Delete")
    body = {"subject": {"id": alice}, "preview": True}

    call = await house.post(f"workflows/{id}/tasks/{mailbox}/runForSubject", body, status=200)
    gone = await house.post(f"workflows/{id}/tasks/{delete}/runForSubject", body, status=200)

    assert call["processingStatus"] == gone["processingStatus"] == "completed"
    assert call["payload"]["data"]["subject"]["id"] == alice
    assert gone["processingInfo"] == "Would delete the account."
    await house.settle()
    assert house.endpoint.calls == []
    await check_everything(house.database)


async def test_a_disabled_task_can_be_tried(cottage: House) -> None:
    (alice,) = await cottage.people("alice", account_enabled=False)
    id = await cottage.workflow({**task(ENABLE, "Enable"), "isEnabled": False})
    path = f"workflows/{id}/tasks/{await one_task(cottage, id, 'Enable')}"

    await cottage.post(f"{path}/runForSubject", {"subject": {"id": alice}}, status=200)
    await cottage.settle()

    (result,) = await cottage.values(f"{path}/taskProcessingResults")
    assert result["processingStatus"] == "completed"


async def test_a_trial_needs_a_person_a_task_and_the_permission(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(REMOVE_FROM_ALL_GROUPS, "Groups"), category="leaver")
    path = f"workflows/{id}/tasks/{await one_task(cottage, id, 'Groups')}/runForSubject"
    reader = application("LifecycleWorkflows.Read.All")

    async with untouched(cottage.database):
        await cottage.post(path, {"subject": {"id": A_TEAM}}, status=404)
        await cottage.post(path, {}, status=400)
        await cottage.post(path, {"subject": {"id": alice}}, headers=reader, status=403)
        missing = f"workflows/{id}/tasks/{A_TEAM}/runForSubject"
        await cottage.post(missing, {"subject": {"id": alice}}, status=404)


async def test_a_task_that_nothing_carries_out_is_foreseen_to_fail(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(failing("Teams"))

    await preview(cottage, id, alice)

    (result,) = await cottage.values(f"workflows/{id}/userProcessingResults")
    assert result["processingStatus"] == "failed"

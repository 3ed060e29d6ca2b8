"""Subjects that are in no directory, endpoints that answer at once, calls that wait for runs."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from ostiary.lifecycle.service.awaiting import Awaiting
from tests.lifecycle.counting import check_everything
from tests.lifecycle.house import CUSTOM, DISABLE, ENABLE, House, callback, task, workflow
from tests.lifecycle.schedules import NS

UNKNOWN = {"Prefer": "include-unknown-enum-members"}


def provisioned(**attributes: str) -> dict[str, Any]:
    return {
        "@odata.type": f"{NS}provisioningObjectWorkflowSubject",
        "id": "HR-4711",
        "attributeSetEntries": [{"name": n, "value": v} for n, v in attributes.items()],
    }


def answer(status: str, *reasons: str, subject: Any = None) -> bytes:
    data = {
        "@odata.type": f"{NS}customTaskExtensionResponseData",
        "operationStatus": status,
        "statusReasons": list(reasons),
    }
    if subject is not None:
        data["targetSubject"] = subject
    return json.dumps({"source": "x", "type": "y", "data": data}).encode()


async def for_others(house: House, *modes: str, **changes: Any) -> str:
    """Make a workflow for objects of other systems, with an extension for each mode."""
    tasks = []
    for place, mode in enumerate(modes):
        wait = "PT30M" if mode == "callback" else None
        extension = await house.extension(wait=wait, replyMode=mode)
        tasks.append(task(CUSTOM, f"Ask {place}", customTaskExtensionID=extension))
    usual = {
        "category": "extensibility",
        "executionConditions": {"@odata.type": f"{NS}provisioningAttributeMapping"},
        "targetSubjectType": "provisioningObject",
    }
    return await house.workflow(*tasks, **{**usual, **changes})


async def wait_for(house: House, id: str, subject: Any, *, status: int = 200) -> Any:
    """Call ``activateAndWait``, with a worker at work meanwhile."""
    body = {"subject": subject}
    call = asyncio.create_task(house.post(f"workflows/{id}/activateAndWait", body, status=status))
    while not call.done():
        await house.settle()
        await asyncio.sleep(0.01)
    return await call


async def test_a_call_waits_for_the_run_and_gives_the_subject_as_its_tasks_left_it(
    house: House,
) -> None:
    id = await for_others(house, "response", "response")
    house.endpoint.replies(200, body=answer("Completed", subject=provisioned(level="7")))
    house.endpoint.replies(200, body=answer("completed"))

    found = await wait_for(house, id, provisioned(department="Sales"))

    assert found["processingStatus"] == "completed"
    assert found["statusReasons"] == []
    assert found["subject"] == provisioned(level="7")
    first, second = (json.loads(call.body)["data"] for call in house.endpoint.calls)
    assert first["targetSubject"] == provisioned(department="Sales")
    assert second["targetSubject"] == provisioned(level="7")
    assert "subject" not in first
    await check_everything(house.database)

    (shown,) = await house.values(f"workflows/{id}/subjectProcessingResults")
    assert shown["subject"] == provisioned(level="7")
    assert (shown["totalTasksCount"], shown["processingStatus"]) == (2, "completed")
    assert shown["workflowExecutionType"] == "unknownFutureValue"
    window = "startDateTime=2026-01-01T00:00:00Z,endDateTime=2026-02-01T00:00:00Z"
    for place in (id, f"{id}/runs/{(await house.values(f'workflows/{id}/runs'))[0]['id']}"):
        sums = await house.get(f"workflows/{place}/subjectProcessingResults/summary({window})")
        del sums["@odata.context"]
        assert sums == {
            "failedSubjects": 0,
            "failedTasks": 0,
            "successfulSubjects": 1,
            "totalSubjects": 1,
            "totalTasks": 2,
        }
    path = f"workflows/{id}/subjectProcessingResults/{shown['id']}"
    known = await house.get(path, headers=UNKNOWN)
    assert known["workflowExecutionType"] == "extensibilityOnDemand"
    assert known["subjectType"] == "provisioningObject"
    assert await house.values(f"workflows/{id}/userProcessingResults") == []
    (run,) = await house.values(f"workflows/{id}/runs")
    assert run["totalUsersCount"] == 1
    below = f"workflows/{id}/runs/{run['id']}/subjectProcessingResults"
    assert [one["id"] for one in await house.values(below)] == [shown["id"]]
    results = await house.values(f"{path}/taskProcessingResults")
    assert [one["workflowSubject"]["id"] for one in results] == ["HR-4711", "HR-4711"]
    assert all("subject" not in one for one in results)
    (report, _) = await house.values(f"workflows/{id}/taskReports")
    of_report = f"workflows/{id}/taskReports/{report['id']}/subjectProcessingResults"
    assert [one["id"] for one in await house.values(of_report)] == [shown["id"]]


async def test_a_failed_task_is_told_with_its_reasons(cottage: House) -> None:
    id = await for_others(cottage, "response", "response")
    cottage.endpoint.replies(200, body=answer("failed", "No such level.", "Ask HR."))

    found = await wait_for(cottage, id, provisioned())

    assert found["processingStatus"] == "failed"
    (reason,) = found["statusReasons"]
    assert reason.endswith("No such level.; Ask HR.")
    assert len(cottage.endpoint.calls) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "'data/operationStatus'"),
        (b'{"data": {"operationStatus": "maybe"}}', "neither 'completed' nor 'failed'"),
        (b'{"data": {"operationStatus": 1}}', "'data/operationStatus'"),
        (answer("completed", subject={"name": "x"}), "targetSubject"),
    ],
)
async def test_a_reply_that_cannot_be_read_is_a_failure(
    cottage: House, body: bytes, words: str
) -> None:
    id = await for_others(cottage, "response")
    cottage.endpoint.replies(200, body=body)

    found = await wait_for(cottage, id, provisioned())

    assert found["processingStatus"] == "failed"
    assert words in found["statusReasons"][0]


async def test_a_call_does_not_wait_for_ever_and_the_run_goes_on(house: House) -> None:
    id = await for_others(house, "callback")
    impatient = Awaiting(house.database, patience=timedelta(milliseconds=1))
    object.__setattr__(house.lifecycle.awaiting, "patience", impatient.patience)

    error = await wait_for(house, id, provisioned(level="1"), status=504)
    assert error["error"]["code"] == "GatewayTimeout"
    await house.settle()
    await asyncio.sleep(0)

    (sent,) = house.endpoint.calls
    told = json.loads(sent.body)["data"]
    resume = told["callbackUriPath"].removeprefix("/identityGovernance/lifecycleWorkflows/")
    data = {"operationStatus": "completed", "targetSubject": provisioned(level="2")}
    await house.post(resume, {"data": {**data, "targetSubject": {"id": "1"}}}, status=400)
    await house.post(resume, {"data": data}, status=204)
    await house.settle()

    (shown,) = await house.values(f"workflows/{id}/subjectProcessingResults")
    assert (shown["processingStatus"], shown["subject"]) == ("completed", provisioned(level="2"))


async def test_a_call_can_wait_for_somebody_of_the_directory(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(DISABLE, "Disable"))
    subject = {
        "@odata.type": f"{NS}directoryObjectWorkflowSubject",
        "directoryObject": {"id": alice.upper()},
    }

    found = await wait_for(house, id, subject)

    assert found["processingStatus"] == "completed"
    assert found["subject"]["id"] == found["subject"]["directoryObject"]["id"] == alice
    (person,) = await house.values(f"workflows/{id}/userProcessingResults")
    (shown,) = await house.values(f"workflows/{id}/subjectProcessingResults")
    assert (person["id"], shown["subjectType"]) == (shown["id"], "user")
    assert shown["subject"]["id"] == alice
    nobody = {**subject, "directoryObject": {"id": "00000000-0000-4000-8000-000000000000"}}
    await wait_for(house, id, nobody, status=404)


async def test_what_does_not_fit_a_workflow_is_refused(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    for_objects = await for_others(cottage, "response")
    for_people = await cottage.workflow(task(ENABLE, "Enable"))
    somebody = {"@odata.type": f"{NS}directoryObjectWorkflowSubject", "id": alice}

    for id, subject in ((for_objects, somebody), (for_people, provisioned())):
        error = await wait_for(cottage, id, subject, status=400)
        assert error["error"]["target"] == "subject/@odata.type"
    body = {"subjects": [{"id": alice}]}
    for action in ("activate", "previewWorkflow"):
        path = f"workflows/{for_objects}/{action}"
        error = await cottage.post(path, body, status=400)
        assert "activateAndWait" in error["error"]["message"]
    shown = await cottage.get(f"workflows/{for_objects}")
    assert (shown["category"], shown["targetSubjectType"]) == ("unknownFutureValue",) * 2
    shown = await cottage.get(f"workflows/{for_objects}", headers=UNKNOWN)
    assert (shown["category"], shown["targetSubjectType"]) == (
        "extensibility",
        "provisioningObject",
    )
    for changes, target in (
        ({"targetSubjectType": "provisioningObject"}, "targetSubjectType"),
        (
            {"executionConditions": {"@odata.type": f"{NS}provisioningAttributeMapping"}},
            "executionConditions",
        ),
        ({"category": "extensibility"}, "tasks/0/taskDefinitionId"),
    ):
        wrong = workflow(task(ENABLE, "Enable"), **changes)
        error = await cottage.post("workflows", wrong, status=400)
        assert error["error"]["target"] == target


async def test_the_reply_mode_follows_from_the_callback_and_may_not_contradict_it(
    cottage: House,
) -> None:
    waits, goes_on = await cottage.extension(), await cottage.extension(wait=None)

    async def mode(id: str) -> Any:
        return (await cottage.get(f"customTaskExtensions/{id}"))["replyMode"]

    async def change(id: str, status: int, **body: Any) -> None:
        path = f"/v1.0/identityGovernance/lifecycleWorkflows/customTaskExtensions/{id}"
        reply = await cottage.api.patch(path, json=body)
        assert reply.status_code == status, reply.text
        if status == 400:
            assert reply.json()["error"]["target"] == "replyMode"

    assert [await mode(waits), await mode(goes_on)] == ["callback", "none"]
    await change(waits, 204, callbackConfiguration=None)
    await change(goes_on, 204, callbackConfiguration=callback("PT30M"))
    assert [await mode(waits), await mode(goes_on)] == ["none", "callback"]
    await change(waits, 204, replyMode="response", displayName="Another")
    assert await mode(waits) == "response"
    await change(waits, 400, replyMode="callback")
    await change(goes_on, 400, replyMode="response")
    await change(goes_on, 400, replyMode="unknownFutureValue")

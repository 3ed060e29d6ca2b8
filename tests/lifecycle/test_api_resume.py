"""Resuming a task: who may, when, and what counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ostiary.extensions import ledger
from ostiary.storage.ids import new_id
from tests.lifecycle.house import CUSTOM, ENABLE, ROOT, House, application, callback, person, task

COMPLETED: dict[str, Any] = {
    "source": "sample",
    "type": "lifecycleEvent",
    "data": {
        "@odata.type": "microsoft.graph.identityGovernance.customTaskExtensionCallbackData",
        "operationStatus": "Completed",
    },
}
FAILED = {**COMPLETED, "data": {"operationStatus": "FAILED"}}
LOGIC_APP = "6a3f8f52-6c1e-4d0c-8f5a-1f3f2d0c9b11"


@dataclass
class Parked:
    """A task that waits for an answer."""

    house: House
    workflow: str
    task: str
    result: str

    @property
    def path(self) -> str:
        return f"workflows/{self.workflow}/tasks/{self.task}/taskProcessingResults/{self.result}"

    async def resume(self, body: Any, *, status: int, path: str | None = None, **opts: Any) -> Any:
        return await self.house.post(f"{path or self.path}/resume", body, status=status, **opts)

    async def status(self) -> str:
        return str((await self.house.get(self.path))["processingStatus"])

    async def ledger(self) -> list[tuple[str, str | None]]:
        async with self.house.database.reading() as conn:
            entries = await ledger.read(conn, [self.result])
        return [(e.result, e.label) for e in entries if e.direction == "in"]


async def park(house: House, **extension: Any) -> Parked:
    (alice,) = await house.people("alice")
    id = await house.extension(**extension)
    workflow = await house.workflow(task(CUSTOM, "Call", customTaskExtensionID=id))
    await house.activate(workflow, alice)
    await house.settle()
    (result,) = await house.values(
        f"workflows/{workflow}/userProcessingResults?$expand=taskProcessingResults"
    )
    (waiting,) = result["taskProcessingResults"]
    return Parked(house, workflow, waiting["task"]["id"], waiting["id"])


async def test_the_same_answer_twice_is_accepted_twice_and_another_is_refused(
    house: House,
) -> None:
    parked = await park(house)

    await parked.resume(COMPLETED, status=204)
    await parked.resume({"data": {"operationStatus": "COMPLETED"}}, status=204)
    error = await parked.resume(FAILED, status=400)

    assert error["error"]["code"] == "taskProcessingResultNotInProgress"
    assert await parked.status() == "completed"
    assert [result for result, _ in await parked.ledger()] == ["accepted", "repeated", "refused"]


async def test_failure_is_an_answer_too(house: House) -> None:
    parked = await park(house)

    await parked.resume(FAILED, status=204)

    shown = await house.get(parked.path)
    assert shown["processingStatus"] == "failed"
    assert "reported" in shown["failureReason"]


async def test_an_answer_on_the_deadline_is_too_late(house: House) -> None:
    parked = await park(house, wait="PT5M")
    house.clock.advance(minutes=5)

    error = await parked.resume(COMPLETED, status=400)

    assert error["error"]["code"] == "taskProcessingResultNotInProgress"
    assert await parked.status() == "inProgress"
    await house.settle()
    assert await parked.status() == "failed"
    await parked.resume(COMPLETED, status=400)
    assert [result for result, _ in await parked.ledger()] == ["refused", "refused"]


async def test_ids_that_do_not_belong_together_lead_nowhere(house: House) -> None:
    parked = await park(house)
    other = await house.workflow(task(ENABLE, "Enable"))
    (stranger,) = await house.values(f"workflows/{other}/tasks")
    result = f"taskProcessingResults/{parked.result}"
    wrong = [
        f"workflows/{other}/tasks/{parked.task}/{result}",
        f"workflows/{parked.workflow}/tasks/{stranger['id']}/{result}",
        f"workflows/{parked.workflow}/runs/{new_id()}/{result}",
        f"workflows/{parked.workflow}/userProcessingResults/{new_id()}/{result}",
        f"workflows/{parked.workflow}/taskReports/{new_id()}/{result}",
        f"workflows/{parked.workflow}/versions/2/tasks/{parked.task}/{result}",
        f"workflows/{parked.workflow}/tasks/{parked.task}/taskProcessingResults/{new_id()}",
    ]

    for path in wrong:
        await parked.resume(COMPLETED, path=path, status=404)

    assert await parked.status() == "inProgress"
    assert {label for _, label in await parked.ledger()} == {"ResourceNotFound"}


@pytest.mark.parametrize(
    "kind", ["tasks", "runs", "people", "people of a run", "reports", "versions", "namespaced"]
)
async def test_every_path_to_a_task_result_resumes_it(cottage: House, kind: str) -> None:
    parked = await park(cottage)
    top = f"workflows/{parked.workflow}"
    (run,) = await cottage.values(f"{top}/runs")
    (result,) = await cottage.values(f"{top}/userProcessingResults")
    (report,) = await cottage.values(f"{top}/taskReports")
    below = {
        "tasks": f"tasks/{parked.task}",
        "runs": f"runs/{run['id']}",
        "people": f"userProcessingResults/{result['id']}",
        "people of a run": f"runs/{run['id']}/userProcessingResults/{result['id']}",
        "reports": f"taskReports/{report['id']}",
        "versions": f"versions(1)/tasks/{parked.task}",
        "namespaced": f"tasks('{parked.task}')",
    }[kind]
    path = f"{top}/{below}/taskProcessingResults/{parked.result}"
    await cottage.get(path)

    if kind == "namespaced":
        path += "/microsoft.graph.identityGovernance.resume"
        reply = await cottage.api.post(f"{ROOT}/{path}", json=COMPLETED)
        assert reply.status_code == 204, reply.text
    else:
        await parked.resume(COMPLETED, path=path, status=204)

    assert await parked.status() == "completed"


@pytest.mark.parametrize(
    ("extension", "claims"),
    [
        ({"callbackConfiguration": callback("PT30M", LOGIC_APP)}, {"app_id": LOGIC_APP}),
        ({"callbackConfiguration": callback("PT30M", LOGIC_APP.upper())}, {"app_id": LOGIC_APP}),
        ({"callbackConfiguration": callback("PT30M", LOGIC_APP)}, {"id": LOGIC_APP}),
        (
            {
                "authenticationConfiguration": {
                    "@odata.type": "#microsoft.graph.azureAdTokenAuthentication",
                    "resourceId": LOGIC_APP,
                }
            },
            {"app_id": LOGIC_APP},
        ),
    ],
)
async def test_an_application_that_the_extension_trusts_needs_no_permission(
    house: House, extension: dict[str, Any], claims: dict[str, str]
) -> None:
    parked = await park(house, **extension)

    await parked.resume(COMPLETED, headers=application(**claims), status=204)

    assert await parked.status() == "completed"


async def test_anybody_else_without_the_permission_is_refused_and_noted(house: House) -> None:
    parked = await park(house, callbackConfiguration=callback("PT30M", LOGIC_APP))
    administrator = "59d46f88-662b-457b-bceb-5c3809e5908f"
    scope = "LifecycleWorkflows.ReadWrite.All"

    error = await parked.resume(COMPLETED, headers=application(app_id=new_id()), status=403)
    assert "authorizedApps of the extension" in error["error"]["message"]
    await parked.resume(COMPLETED, headers=person(scope), status=403)
    assert [label for _, label in await parked.ledger()] == ["Authorization_RequestDenied"] * 2

    may = person(scope, directory_roles=[administrator])
    await parked.resume(COMPLETED, headers=may, status=204)


async def test_nobody_is_trusted_where_nobody_is_named(cottage: House) -> None:
    """What the portal calls no authorization is no anonymous access."""
    parked = await park(cottage)

    await parked.resume(COMPLETED, headers=application(app_id=LOGIC_APP), status=403)


async def test_an_application_with_the_permission_to_resume_may(cottage: House) -> None:
    parked = await park(cottage)

    await parked.resume(COMPLETED, headers=application("LifecycleWorkflows.Resume.All"), status=204)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({}, "data"),
        ({"data": {}}, "data/operationStatus"),
        ({"data": {"operationStatus": "maybe"}}, "data/operationStatus"),
        ({"data": {"operationStatus": "unknownFutureValue"}}, "data/operationStatus"),
        ({"data": {"operationStatus": 1}}, "data/operationStatus"),
        ({"data": {"operationStatus": "completed", "x": 1}}, "data/x"),
        ({"data": {"operationStatus": "completed", "@odata.type": "#x"}}, "data/@odata.type"),
        ({"data": "completed"}, "data"),
        ({**COMPLETED, "source": 1}, "source"),
    ],
)
async def test_a_body_that_says_nothing_clear_is_refused_by_name(
    cottage: House, body: dict[str, Any], target: str
) -> None:
    parked = await park(cottage)

    error = await parked.resume(body, status=400)

    assert error["error"]["target"] == target
    assert await parked.status() == "inProgress"
    assert await parked.ledger() == [("refused", error["error"]["code"])]


async def test_attributes_of_a_subject_are_taken_and_kept(cottage: House) -> None:
    parked = await park(cottage)
    subject = {
        "@odata.type": "#microsoft.graph.identityGovernance.provisioningObjectWorkflowSubject",
        "id": "1",
        "attributeSetEntries": [{"name": "department", "value": "Engineering"}],
    }

    body = {"data": {"operationStatus": "completed", "targetSubject": subject}}
    await parked.resume(body, status=204)

    assert await parked.status() == "completed"


async def test_a_task_that_does_not_wait_cannot_be_resumed(house: House) -> None:
    (alice,) = await house.people("alice")
    workflow = await house.workflow(task(ENABLE, "Enable"))
    await house.activate(workflow, alice)
    await house.settle()
    (first,) = await house.values(f"workflows/{workflow}/tasks")
    (result,) = await house.values(
        f"workflows/{workflow}/tasks/{first['id']}/taskProcessingResults"
    )
    parked = Parked(house, workflow, first["id"], result["id"])

    error = await parked.resume(COMPLETED, status=400)

    assert error["error"]["code"] == "taskProcessingResultNotInProgress"


async def test_an_answer_before_the_endpoint_replied_counts(house: House) -> None:
    (alice,) = await house.people("alice")
    extension = await house.extension()
    workflow = await house.workflow(task(CUSTOM, "Call", customTaskExtensionID=extension))

    async def call_back_at_once(call: Any) -> None:
        path = call.json()["data"]["callbackUriPath"]
        reply = await house.api.post(f"/v1.0{path}", json=COMPLETED)
        assert reply.status_code == 204, reply.text

    house.endpoint.on_call = call_back_at_once
    await house.activate(workflow, alice)
    await house.settle()

    (run,) = await house.values(f"workflows/{workflow}/runs")
    assert run["processingStatus"] == "completed"


async def test_people_on_an_old_version_are_resumed_by_its_task(house: House) -> None:
    parked = await park(house)
    draft = {
        "category": "joiner",
        "displayName": "next",
        "executionConditions": {
            "@odata.type": "#microsoft.graph.identityGovernance.onDemandExecutionOnly"
        },
        "tasks": [task(ENABLE, "Enable")],
    }
    await house.post(f"workflows/{parked.workflow}/createNewVersion", draft, status=200)

    await parked.resume(COMPLETED, status=204)

    (run,) = await house.values(f"workflows/{parked.workflow}/runs")
    assert run["processingStatus"] == "completed"

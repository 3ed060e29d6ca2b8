"""The three operations under every documented path, and with every documented spelling of a body.

Paths: entitlement contract 0.4, 0.6 and 2.10 (row 14), lifecycle contract 2 and 4.3. Bodies:
entitlement 2.10 and 4.7, lifecycle 15.7 and 22.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from itertools import product
from typing import Any

import httpx
import pytest
import pytest_asyncio

from ostiary.directory.seed import person_id
from ostiary.server.composition import Server
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.scenarios import bodies
from tests.scenarios.access import Offer
from tests.scenarios.api import Json
from tests.scenarios.bodies import CREATED, DOCUMENTED_EXTENSION, GRAPH
from tests.scenarios.house import House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

MEGAN = person_id("megan")
ROOTS = ("/v1.0", "/beta")
EM = "identityGovernance/entitlementManagement"
LW = "identityGovernance/lifecycleWorkflows"
PLAIN = "microsoft.graph.accessPackageAssignmentRequestCallbackData"


# 1. Create a custom workflow extension


@pytest.mark.parametrize(
    "path",
    [
        f"{root}/{EM}/{catalogs}{key}/{extensions}"
        for root, catalogs, key, extensions in product(
            ROOTS,
            ("catalogs", "accessPackageCatalogs"),
            ("/{}", "('{}')"),
            ("customWorkflowExtensions", "accessPackageCustomWorkflowExtensions"),
        )
    ]
    + [f"/v1.0/{EM.lower()}/catalogs/{{}}/customworkflowextensions/"],
)
async def test_every_path_of_extensions_creates_one(house: House, path: str) -> None:
    catalog = await house.access().make_catalog()

    made = await house.admin.post(path.format(catalog), DOCUMENTED_EXTENSION)

    found = await house.admin.values(house.access().extensions_path(catalog))
    assert [one["id"] for one in found] == [made["id"]]
    assert (await house.admin.get(f"{path.format(catalog).rstrip('/')}/{made['id']}"))["id"]


async def test_the_reply_to_the_documented_example_has_what_it_should(house: House) -> None:
    catalog = await house.access().make_catalog()
    path = house.access().extensions_path(catalog)

    reply = await house.admin.send("POST", path, DOCUMENTED_EXTENSION)

    assert reply.status_code == 201
    made = reply.json()
    assert reply.headers["Location"].endswith(made["id"])
    assert made["@odata.type"] == DOCUMENTED_EXTENSION["@odata.type"]
    assert made["createdDateTime"] == made["lastModifiedDateTime"]
    assert made["createdDateTime"].startswith("2026-01-")
    assert made["clientConfiguration"] is None
    assert made["endpointConfiguration"] == {
        **DOCUMENTED_EXTENSION["endpointConfiguration"],
        "url": None,
    }
    assert made["callbackConfiguration"]["durationBeforeTimeout"] == "PT1H"
    assert made["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    again = await house.admin.get(f"{path}/{made['id']}")
    assert {**again, "@odata.context": ""} == {**made, "@odata.context": ""}


def changed(**changes: Any) -> Json:
    """Give the documented extension with other properties."""
    return {**DOCUMENTED_EXTENSION, **changes}


def callback(**properties: Any) -> Json:
    """Give the documented extension with another callback configuration."""
    return changed(callbackConfiguration=properties)


EXTENSION_BODIES: dict[str, tuple[Json, str | None]] = {
    "as documented": (DOCUMENTED_EXTENSION, "PT1H"),
    "wrapped in value": ({"value": DOCUMENTED_EXTENSION}, "PT1H"),
    "timeoutDuration": (callback(timeoutDuration="PT2H"), "PT2H"),
    "durationBeforeTimeout": (callback(durationBeforeTimeout="P14D"), "P14D"),
    "both names, one value": (
        callback(durationBeforeTimeout="PT60M", timeoutDuration="PT1H"),
        "PT1H",
    ),
    "no duration": (callback(), "P14D"),
    "no callback": (changed(callbackConfiguration=None), None),
    "type without #": (
        changed(**{"@odata.type": DOCUMENTED_EXTENSION["@odata.type"].lstrip("#")}),
        "PT1H",
    ),
    "escaped type": (
        {
            "@@odata.type": DOCUMENTED_EXTENSION["@odata.type"],
            **{k: v for k, v in DOCUMENTED_EXTENSION.items() if k != "@odata.type"},
        },
        "PT1H",
    ),
    "doubled namespace": (
        changed(
            **{
                "@odata.type": "#microsoft.graph.microsoft.graph."
                "accessPackageAssignmentRequestWorkflowExtension"
            }
        ),
        "PT1H",
    ),
    "assignment extension": (
        changed(**{"@odata.type": bodies.ASSIGNMENT_EXTENSION}),
        "PT1H",
    ),
    "PascalCase": (
        {
            (k if k.startswith("@") else k[0].upper() + k[1:]): v
            for k, v in DOCUMENTED_EXTENSION.items()
        },
        "PT1H",
    ),
    "numbers as strings": (
        changed(clientConfiguration={"maximumRetries": "1", "timeoutInMilliseconds": "1000"}),
        "PT1H",
    ),
    "bearer": (
        changed(
            authenticationConfiguration={
                "@odata.type": f"{GRAPH}azureAdTokenAuthentication",
                "resourceId": "2b7f7a8b-9a51-4a6f-9d1e-5a0c2b7f4d21",
            }
        ),
        "PT1H",
    ),
    "plain http endpoint": (
        changed(endpointConfiguration=bodies.http_endpoint("https://hooks.contoso.com/sod")),
        "PT1H",
    ),
    "what the server sends itself": (
        changed(id="ignored", createdDateTime=None, createdBy="ignored"),
        "PT1H",
    ),
}


@pytest.mark.parametrize("case", EXTENSION_BODIES)
async def test_every_spelling_of_an_extension_creates_the_same(house: House, case: str) -> None:
    body, wait = EXTENSION_BODIES[case]
    catalog = await house.access().make_catalog()
    path = house.access().extensions_path(catalog)

    made = await house.admin.post(path, body)

    assert made["displayName"] == "test_action_0124_email"
    configuration = made["callbackConfiguration"]
    assert (configuration and configuration["timeoutDuration"]) == wait
    (listed,) = await house.admin.values(path)
    assert listed["@odata.type"] == made["@odata.type"]


# 2. Resume an assignment request


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kept(server: Server, http: httpx.AsyncClient) -> AsyncIterator[tuple[House, Offer]]:
    """A package that can be asked for again and again, as long as every request is denied."""
    async with ScriptedEndpoint() as endpoint:
        house = House(server, http, endpoint)
        yield house, await house.make_offer(CREATED)


@pytest.fixture
def offer(house: House, kept: tuple[House, Offer]) -> Offer:
    """That package; its extension calls the endpoint of the house."""
    house.endpoint = kept[0].endpoint
    return kept[1]


@pytest.mark.parametrize(
    "path",
    [
        f"{root}/{EM}/{requests}{key}/{action}"
        for root, requests, key, action in product(
            ROOTS,
            ("assignmentRequests", "accessPackageAssignmentRequests"),
            ("/{}", "('{}')"),
            ("resume", "microsoft.graph.resume"),
        )
    ]
    + [f"/beta/{EM.lower()}/accesspackageassignmentrequests/{{}}/Resume/"],
)
async def test_every_path_of_a_request_resumes_it(house: House, offer: Offer, path: str) -> None:
    request, call = await house.park(offer)

    await house.admin.post(path.format(request), bodies.answer(call, state="denied"), status=204)

    assert (await house.access().state_of(request))[0] == "denied"


async def test_the_path_that_a_callout_carries_resumes_its_request(
    house: House, offer: Offer
) -> None:
    request, call = await house.park(offer)
    told = call.json()
    assert told["CallbackUri"] == f"http://127.0.0.1:8080/beta{told['CallbackUriPath']}"

    answer = bodies.answer(call, state="denied")
    await house.admin.post(told["CallbackUri"], answer, status=204)

    assert await house.answers(request) == [("accepted", None)]


def answered(call: Call, **members: Any) -> Json:
    """Give the documented answer with other members beside ``data``."""
    body = {**bodies.answer(call), **members}
    return {name: value for name, value in body.items() if value is not None}


def typed(call: Call, name: str, value: str) -> Json:
    """Give the documented answer with its type under another name or spelling."""
    body = bodies.answer(call)
    data = {k: v for k, v in body["data"].items() if k != "@odata.type"}
    return {**body, "data": {name: value, **data}}


ANSWERS: dict[str, Callable[[Call], Json]] = {
    "as documented": bodies.answer,
    "type with #": lambda call: typed(call, "@odata.type", f"#{PLAIN}"),
    "escaped type": lambda call: typed(call, "@@odata.type", PLAIN),
    "doubled namespace": lambda call: typed(call, "@odata.type", f"microsoft.graph.{PLAIN}"),
    "no type": lambda call: bodies.answer(call, **{"@odata.type": None}),
    "PascalCase stage": lambda call: bodies.answer(call, stage="AssignmentRequestCreated"),
    "no stage": lambda call: bodies.answer(call, stage=None),
    "no instance id": lambda call: bodies.answer(call, customExtensionStageInstanceId=None),
    "no detail": lambda call: bodies.answer(call, customExtensionStageInstanceDetail=None),
    "instance id in capitals": lambda call: bodies.answer(
        call,
        customExtensionStageInstanceId=call.json()["CustomExtensionStageInstanceId"].upper(),
    ),
    "nothing but data": lambda call: answered(call, source=None, type=None),
    "type of another stage": lambda call: answered(
        call, type="microsoft.graph.accessPackageCustomExtensionStage.assignmentRequestGranted"
    ),
    "wrapped in value": lambda call: {"value": bodies.answer(call)},
    "PascalCase": lambda call: {
        "Source": "a",
        "Type": "b",
        "Data": {"CustomExtensionStageInstanceId": call.json()["CustomExtensionStageInstanceId"]},
    },
}


@pytest.mark.parametrize("case", ANSWERS)
async def test_every_spelling_of_an_answer_resumes_a_request(house: House, case: str) -> None:
    request, call = await house.park(await house.make_offer(CREATED))

    path = house.access().resume_path(request)
    await house.admin.post(path, ANSWERS[case](call), status=204)
    await house.settle()

    assert (await house.access().state_of(request))[0] == "delivered"


@pytest.mark.parametrize("spelling", ["denied", "Denied", "DENIED"])
@pytest.mark.parametrize("stage", [CREATED, "AssignmentRequestCreated", None])
async def test_every_spelling_of_a_denial_denies(
    house: House, offer: Offer, spelling: str, stage: str | None
) -> None:
    request, call = await house.park(offer)

    await house.access().resume(call, state=spelling, stage=stage)

    assert await house.access().state_of(request) == ("denied", "DeniedByCustomExtension")


# 3. Resume a task


async def parked_task(house: House) -> tuple[str, Call]:
    """Let a task wait; give its workflow, and the call about it."""
    flows = house.workflows()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(house.name("onboard"), bodies.custom_task(extension))
    await flows.activate(workflow, MEGAN)
    await house.settle()
    return workflow, house.calls[-1]


WAYS = (
    "tasks/{task}",
    "runs/{run}",
    "userProcessingResults/{person}",
    "runs/{run}/userProcessingResults/{person}",
    "taskReports/{report}",
    "versions/1/tasks/{task}",
    "versions(1)/tasks/{task}",
)


@pytest.mark.parametrize(
    "path",
    [
        f"{root}/{LW}/workflows{key}/tasks{task}/taskProcessingResults{result}/{action}"
        for root, (key, task, result), action in product(
            ROOTS,
            [
                ("/{workflow}", "/{task}", "/{result}"),
                ("('{workflow}')", "('{task}')", "('{result}')"),
            ],
            ("resume", "microsoft.graph.identityGovernance.resume"),
        )
    ]
    + [
        f"{root}/{LW}/workflows/{{workflow}}/{way}/taskProcessingResults/{{result}}/resume"
        for root, way in product(ROOTS, WAYS)
    ]
    + [
        f"/v1.0/{LW.lower()}/workflows/{{workflow}}/tasks/{{task}}"
        "/taskprocessingresults/{result}/Resume/"
    ],
)
async def test_every_path_of_a_task_result_resumes_it(house: House, path: str) -> None:
    workflow, call = await parked_task(house)
    top = f"/v1.0/{LW}/workflows/{workflow}"
    (run,) = await house.admin.values(f"{top}/runs")
    (person,) = await house.admin.values(f"{top}/userProcessingResults")
    (report,) = await house.admin.values(f"{top}/taskReports")
    told = call.json()["data"]

    at = path.format(
        workflow=workflow,
        task=told["task"]["id"],
        result=told["taskProcessingResult"]["id"],
        run=run["id"],
        person=person["id"],
        report=report["id"],
    )
    await house.admin.post(at, bodies.COMPLETED, status=204)

    assert await house.workflows().results_of(workflow) == {"Order": "completed"}


CALLBACK = "microsoft.graph.identityGovernance.customTaskExtensionCallbackData"
TASK_ANSWERS: dict[str, tuple[Json, str]] = {
    "as documented": (bodies.COMPLETED, "completed"),
    "camelCase": ({"data": {"operationStatus": "completed"}}, "completed"),
    "capitals": ({"data": {"operationStatus": "COMPLETED"}}, "completed"),
    "failed": (bodies.FAILED, "failed"),
    "failed in capitals": ({"data": {"operationStatus": "FAILED"}}, "failed"),
    "typed": (
        {"data": {"@odata.type": CALLBACK, "operationStatus": "Completed"}},
        "completed",
    ),
    "typed with #": (
        {"data": {"@odata.type": f"#{CALLBACK}", "operationStatus": "Completed"}},
        "completed",
    ),
    "escaped type": (
        {"data": {"@@odata.type": CALLBACK, "operationStatus": "Completed"}},
        "completed",
    ),
    "wrapped in value": ({"value": bodies.COMPLETED}, "completed"),
    "PascalCase": ({"Source": "s", "Data": {"OperationStatus": "Completed"}}, "completed"),
}


@pytest.mark.parametrize("case", TASK_ANSWERS)
async def test_every_spelling_of_an_answer_decides_a_task(house: House, case: str) -> None:
    body, end = TASK_ANSWERS[case]
    workflow, call = await parked_task(house)

    await house.workflows().resume(call, body)

    assert await house.workflows().results_of(workflow) == {"Order": end}

"""Answers about tasks under every documented path, and in every documented spelling."""

from __future__ import annotations

from itertools import product

import pytest

from ostiary.directory.seed import person_id
from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.api import Json
from tests.scenarios.house import House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

MEGAN = person_id("megan")
ROOTS = ("/v1.0", "/beta")
LW = "identityGovernance/lifecycleWorkflows"


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

"""A joiner: a task waits for somebody outside, and the next one puts the person into a group."""

from __future__ import annotations

from typing import Final

from ostiary.cli.demo import bodies
from ostiary.cli.demo.client import Client, expect
from ostiary.cli.demo.endpoint import LIFECYCLE_PATH, Call
from ostiary.cli.demo.stage import ADMINISTRATOR, ENDPOINT_APP_ID, Stage
from ostiary.directory.seed import group_id, person_id

LW: Final = "/v1.0/identityGovernance/lifecycleWorkflows"
GROUP: Final = "Sales team"
ORDER: Final = "Order a laptop"
JOIN: Final = "Join the team"


async def tell(stage: Stage) -> None:
    """Tell the whole story.

    :raises Unexpected: a step went otherwise.
    """
    workflow = await _workflow(stage)
    await _joins(stage, workflow)


async def _workflow(stage: Stage) -> str:
    """An administrator says what happens to people who join."""
    grady, show = stage.client(ADMINISTRATOR), stage.show
    show.chapter("A workflow for joiners, with a task that somebody else does")

    extension = await grady.post(
        f"{LW}/customTaskExtensions",
        bodies.task_extension(ORDER, stage.endpoint.url + LIFECYCLE_PATH, app_id=ENDPOINT_APP_ID),
    )
    show.step(
        grady.name,
        "creates a custom task extension",
        grady.last,
        f"extension {extension['id']}",
        f"calls {stage.endpoint.url}{LIFECYCLE_PATH}",
        "whose application may resume without any other permission",
    )
    workflow = await grady.post(
        f"{LW}/workflows", bodies.workflow(ORDER, extension["id"], JOIN, group_id(GROUP))
    )
    show.step(
        grady.name,
        f"makes a workflow of two tasks: '{ORDER}', then '{JOIN}'",
        grady.last,
        f"workflow {workflow['id']}",
    )
    return str(workflow["id"])


async def _joins(stage: Stage, workflow: str) -> None:
    """Alex joins: the laptop is ordered, the task waits, and then he is in the team."""
    grady, show = stage.client(ADMINISTRATOR), stage.show
    show.chapter("Alex joins: call out, wait, resume, next task")

    await _check_membership(stage, is_in=False)
    subjects = {"subjects": [{"id": person_id("alex")}]}
    await grady.post(f"{LW}/workflows/{workflow}/activate", subjects, expected=204)
    show.step(grady.name, "runs it for Alex", "POST …/workflows/{id}/activate 204")

    call = await stage.endpoint.call()
    _show_call(stage, call)
    run = await _run(grady, workflow)
    waiting = await _results(grady, workflow, run, {ORDER: "inProgress", JOIN: "queued"})
    show.step("server", "waits for the answer", f"run {run}", *waiting)

    status = await stage.endpoint.answer_task(call, "Completed")
    expect(status == 204, "204 of the endpoint's answer", status)
    show.step(
        "endpoint",
        "answers: the laptop is on its way",
        f"POST …/taskProcessingResults/{{id}}/resume {status}",
    )

    path = f"{LW}/workflows/{workflow}/runs/{run}"
    done = await grady.until(
        path,
        lambda found: found["processingStatus"] == "completed",
        what=f"the run {run} completed",
    )
    results = await _results(grady, workflow, run, {ORDER: "completed", JOIN: "completed"})
    show.step(
        "server",
        "goes on to the next task, and ends",
        f"run {run} {done['processingStatus']}",
        *results,
    )
    await _check_membership(stage, is_in=True)
    show.step("directory", f"Alex is a member of '{GROUP}'", f"group {group_id(GROUP)}")


# What the scenes are made of


def _show_call(stage: Stage, call: Call) -> None:
    data = call.body["data"]
    stage.show.step(
        "endpoint",
        f"is called about {call.person}, verifies the signature, replies 202",
        f"task '{data['task']['displayName']}'",
        f"result {data['taskProcessingResult']['id']}",
        f"PoP token of {call.claims['iss']} for {call.sender}",
    )


async def _run(client: Client, workflow: str) -> str:
    runs = (await client.get(f"{LW}/workflows/{workflow}/runs"))["value"]
    expect(len(runs) == 1, "one run of the workflow", runs)
    return str(runs[0]["id"])


async def _results(client: Client, workflow: str, run: str, wanted: dict[str, str]) -> list[str]:
    """Read how the tasks stand, once they stand as wanted."""
    path = f"{LW}/workflows/{workflow}/runs/{run}/taskProcessingResults?$expand=task"
    found = (await client.get(path))["value"]
    standing = {one["task"]["displayName"]: one["processingStatus"] for one in found}
    expect(standing == wanted, f"tasks with {wanted}", standing)
    return [f"task '{name}' {standing[name]}" for name in wanted]


async def _check_membership(stage: Stage, *, is_in: bool) -> None:
    path = f"/v1.0/groups/{group_id(GROUP)}/members?$select=id&$top=999"
    members = (await stage.client(ADMINISTRATOR).get(path))["value"]
    there = person_id("alex") in {member["id"] for member in members}
    wanted = "a member" if is_in else "no member yet"
    expect(there == is_in, f"Alex to be {wanted} of '{GROUP}'", members)

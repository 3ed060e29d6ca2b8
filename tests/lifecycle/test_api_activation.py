"""Running a workflow on demand, and stopping it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.extensions.tables import callouts
from ostiary.storage.ids import new_id
from tests.lifecycle.house import CUSTOM, DISABLE, ENABLE, ROOT, House, application, task, workflow
from tests.lifecycle.schedules import conditions

SCOPE = "#microsoft.graph.identityGovernance.cancelRunsScope"


def cancel_body(*runs: str) -> dict[str, Any]:
    return {"scope": {"@odata.type": SCOPE, "runs": [{"id": run} for run in runs]}}


async def activities(house: House) -> list[str]:
    async with house.database.reading() as conn:
        query = select(audit_records.c.activity_display_name)
        return sorted((await conn.execute(query)).scalars())


async def test_a_run_waits_in_the_queue_with_its_numbers(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    id = await house.workflow(
        task(ENABLE, "Enable"),
        {**task(DISABLE, "Off"), "isEnabled": False},
        task(DISABLE, "Disable"),
    )

    run = await house.activate(id, alice, bob)

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert (shown["processingStatus"], shown["workflowExecutionType"]) == ("queued", "onDemand")
    assert (shown["totalUsersCount"], shown["totalTasksCount"]) == (2, 4)
    assert shown["totalUnprocessedTasksCount"] == 4
    assert shown["startedDateTime"] is None
    (misspelled,) = await house.values(f"workflows/{id}/runs?$select=totalTasksCounts")
    assert misspelled == {"id": run, "totalTasksCount": 4}  # as one published page has it
    reports = await house.values(f"workflows/{id}/taskReports")
    assert [r["unprocessedUsersCount"] for r in reports] == [2, 2]
    people = await house.values(f"workflows/{id}/runs/{run}/userProcessingResults")
    assert [p["totalTasksCount"] for p in people] == [2, 2]
    assert {p["subject"]["id"] for p in people} == {alice, bob}


async def test_a_person_who_is_named_twice_is_processed_once(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(ENABLE, "Enable"))
    subjects = [
        {"id": alice},
        {"id": alice.upper()},
        {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{alice}"},
        {"@odata.type": "#microsoft.graph.user", "id": alice},
    ]

    await house.post(f"workflows/{id}/activate", {"subjects": subjects}, status=204)
    await house.settle()

    (run,) = await house.values(f"workflows/{id}/runs")
    assert (run["totalUsersCount"], run["successfulUsersCount"]) == (1, 1)


async def test_ten_people_may_be_named_and_eleven_may_not(cottage: House) -> None:
    people = await cottage.people(*(f"person{i}" for i in range(11)))
    id = await cottage.workflow(task(ENABLE, "Enable"))
    path = f"workflows/{id}/activate"

    everybody = {"subjects": [{"id": p} for p in people]}
    error = await cottage.post(path, everybody, status=400)
    await cottage.post(path, {"subjects": everybody["subjects"][:10]}, status=204)

    assert (error["error"]["code"], error["error"]["target"]) == ("invalidOperation", "subjects")


@pytest.mark.parametrize("body", [{}, {"subjects": []}, {"subjects": None}])
async def test_somebody_must_be_named(cottage: House, body: dict[str, Any]) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))

    error = await cottage.post(f"workflows/{id}/activate", body, status=400)

    assert error["error"]["target"] == "subjects"


async def test_an_unknown_person_stops_the_whole_call(house: House) -> None:
    (alice,) = await house.people("alice")
    group = await house.group("Staff")
    id = await house.workflow(task(ENABLE, "Enable"))

    for stranger in (new_id(), group, ""):
        body = {"subjects": [{"id": alice}, {"id": stranger}]}
        await house.post(f"workflows/{id}/activate", body, status=404)

    assert await house.values(f"workflows/{id}/runs") == []


async def test_a_disabled_workflow_is_not_run(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(ENABLE, "Enable"), isEnabled=False)

    body = {"subjects": [{"id": alice}]}
    error = await house.post(f"workflows/{id}/activate", body, status=400)

    assert error["error"]["code"] == "workflowDisabled"


async def test_disabling_cancels_those_who_have_not_started(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(ENABLE, "Enable"))
    run = await house.activate(id, alice)
    await house.api.patch(f"{ROOT}/workflows/{id}", json={"isEnabled": False})

    await house.settle()

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert shown["processingStatus"] == "completedWithErrors"
    assert (shown["failedUsersCount"], shown["totalUnprocessedTasksCount"]) == (0, 1)
    (result,) = await house.values(f"workflows/{id}/userProcessingResults")
    assert result["processingStatus"] == "canceled"


async def test_those_who_have_not_started_run_on_the_new_version(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(ENABLE, "Enable"))
    run = await house.activate(id, alice)
    draft = workflow(task(ENABLE, "First"), task(DISABLE, "Second"))
    await house.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=200)

    await house.settle()

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert (shown["processingStatus"], shown["totalTasksCount"]) == ("completed", 2)
    (result,) = await house.values(f"workflows/{id}/userProcessingResults")
    assert (result["workflowVersion"], result["totalTasksCount"]) == (2, 2)
    reports = await house.values(f"workflows/{id}/taskReports?$expand=task,taskDefinition")
    assert {r["task"]["displayName"] for r in reports} == {"First", "Second"}
    assert {r["taskDefinition"]["id"] for r in reports} == {ENABLE, DISABLE}


async def test_a_version_without_an_enabled_task_cancels_everybody(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow({**task(ENABLE, "Enable"), "isEnabled": False})
    run = await house.activate(id, alice)

    await house.settle()

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert shown["processingStatus"] == "completedWithErrors"
    (result,) = await house.values(f"workflows/{id}/userProcessingResults")
    assert result["processingStatus"] == "canceled"


async def waiting(house: House) -> tuple[str, str]:
    """Start a run for two people that waits for an extension after one task."""
    alice, bob = await house.people("alice", "bob")
    extension = await house.extension()
    id = await house.workflow(
        task(ENABLE, "Enable"),
        task(CUSTOM, "Call", customTaskExtensionID=extension),
        task(DISABLE, "Disable"),
    )
    run = await house.activate(id, alice, bob)
    await house.settle()
    return id, run


async def test_canceling_keeps_what_is_done_and_cancels_what_waits(house: House) -> None:
    id, run = await waiting(house)

    await house.post(f"workflows/{id}/cancelProcessing", cancel_body(run), status=204)
    prefer = {"Prefer": "include-unknown-enum-members"}
    shown = await house.get(f"workflows/{id}/runs/{run}", headers=prefer)
    assert shown["processingStatus"] == "canceling"
    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert shown["processingStatus"] == "unknownFutureValue"
    await house.settle()

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert shown["processingStatus"] == "canceled"
    assert (shown["totalTasksCount"], shown["totalUnprocessedTasksCount"]) == (6, 4)
    results = await house.values(f"workflows/{id}/runs/{run}/taskProcessingResults")
    statuses = [r["processingStatus"] for r in results]
    assert sorted(statuses) == ["canceled"] * 4 + ["completed"] * 2
    async with house.database.reading() as conn:
        outcomes = set((await conn.execute(select(callouts.c.outcome))).scalars())
    assert outcomes == {"canceled"}
    parked = next(r for r in results if r["task"]["displayName"] == "Call")
    path = f"workflows/{id}/runs/{run}/taskProcessingResults/{parked['id']}/resume"
    answer = {"data": {"operationStatus": "completed"}}
    error = await house.post(path, answer, status=400)
    assert error["error"]["code"] == "taskProcessingResultNotInProgress"


async def test_a_queued_run_can_be_canceled(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(ENABLE, "Enable"))
    run = await house.activate(id, alice)

    await house.post(f"workflows/{id}/cancelProcessing", cancel_body(run), status=204)
    await house.settle()

    shown = await house.get(f"workflows/{id}/runs/{run}")
    assert (shown["processingStatus"], shown["totalUnprocessedTasksCount"]) == ("canceled", 1)
    (result,) = await house.values(f"workflows/{id}/runs/{run}/taskProcessingResults")
    assert result["processingStatus"] == "canceled"
    (report,) = await house.values(f"workflows/{id}/taskReports")
    assert report["processingStatus"] == "canceled"


async def test_a_run_that_has_ended_cannot_be_canceled(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(ENABLE, "Enable"))
    run = await cottage.activate(id, alice)
    await cottage.settle()

    error = await cottage.post(f"workflows/{id}/cancelProcessing", cancel_body(run), status=400)

    assert error["error"]["code"] == "runNotCancelable"


async def test_exactly_one_run_of_this_workflow_can_be_canceled(cottage: House) -> None:
    id, run = await waiting(cottage)
    other = await cottage.workflow(task(ENABLE, "Enable"))
    (carol,) = await cottage.people("carol")
    second = await cottage.activate(id, carol)

    for body in (cancel_body(), cancel_body(run, run), cancel_body(run, second)):
        error = await cottage.post(f"workflows/{id}/cancelProcessing", body, status=400)
        assert error["error"]["target"] == "scope/runs"
    await cottage.post(f"workflows/{other}/cancelProcessing", cancel_body(run), status=404)
    await cottage.post(f"workflows/{id}/cancelProcessing", cancel_body(new_id()), status=404)
    untyped = {"scope": {"runs": [{"id": run}]}}
    await cottage.post(f"workflows/{id}/cancelProcessing", untyped, status=204)


async def test_deleting_a_workflow_cancels_its_people(house: House) -> None:
    id, _ = await waiting(house)

    await house.api.delete(f"{ROOT}/workflows/{id}")
    await house.settle()

    async with house.database.reading() as conn:
        outcomes = set((await conn.execute(select(callouts.c.outcome))).scalars())
    assert outcomes == {"canceled"}


async def test_activating_needs_its_own_permission(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(ENABLE, "Enable"))
    path, body = f"workflows/{id}/activate", {"subjects": [{"id": alice}]}

    reader = application("LifecycleWorkflows.Read.All")
    await cottage.post(path, body, headers=reader, status=403)
    activator = application("LifecycleWorkflows-Workflow.Activate")
    await cottage.post(path, body, headers=activator, status=204)


async def test_the_audit_log_tells_the_story_of_a_run(house: House) -> None:
    (alice,) = await house.people("alice", account_enabled=False)
    id = await house.workflow(task(ENABLE, "Enable"))
    await house.activate(id, alice)
    await house.settle()
    await house.api.patch(f"{ROOT}/workflows/{id}", json={"isEnabled": False, "description": "x"})

    assert [a for a in await activities(house) if a not in ("Add user", "Add group")] == sorted(
        [
            "Create workflow",
            "Set workflow for on-demand execution",
            "Enable account",
            "On-demand workflow execution completed",
            "Disable workflow",
            "Update workflow",
        ]
    )


async def test_the_audit_log_tells_what_a_version_changes(house: House) -> None:
    id = await house.workflow(
        task(ENABLE, "Stays"), task(ENABLE, "Goes"), task(ENABLE, "Off"), displayName="Join"
    )
    hired = conditions("timeBasedAttributeTrigger")
    hired["trigger"] |= {"timeBasedAttribute": "employeeHireDate", "offsetInDays": 0}
    tasks = [
        task(ENABLE, "stays"),
        {**task(ENABLE, "Off"), "isEnabled": False, "executionSequence": 3},
        task(DISABLE, "Comes", go_on=True),
    ]
    version = workflow(
        *tasks, displayName="Join", executionConditions=hired, isSchedulingEnabled=True
    )
    await house.post(f"workflows/{id}/createNewVersion", version, status=200)

    assert await activities(house) == sorted(
        [
            "Create workflow",
            "Add workflow version",
            "Enable workflow schedule",
            "Update execution conditions",
            "Add task to workflow",
            "Disable task",
            "Update task",  # its place has changed
            "Remove task from workflow",
        ]
    )


async def test_the_audit_log_tells_of_changed_limits(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))
    condition = {
        "@odata.type": "#microsoft.graph.identityGovernance.countBasedQuarantineCondition",
        "threshold": 5,
    }
    limit = {"quarantineConfiguration": {"matchMode": "any", "conditions": [condition]}}

    reply = await cottage.api.patch(f"{ROOT}/workflows/{id}", json={"settings": limit})

    assert reply.status_code == 204, reply.text
    assert await activities(cottage) == ["Create workflow", "Update workflow"]


async def test_results_can_be_filtered_by_person_and_state(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    id = await house.workflow(task(ENABLE, "Enable"))
    await house.activate(id, alice, bob)
    await house.settle()
    path = f"workflows/{id}/userProcessingResults"

    hers = await house.values(f"{path}?$filter=subject/id eq '{alice}'&$expand=subject")
    done = await house.values(f"{path}?$filter=processingStatus eq 'completed'&$count=true")
    runs = await house.values(f"workflows/{id}/runs?$filter=totalUsersCount eq 2")

    assert [p["subject"]["displayName"] for p in hers] == ["Alice"]
    assert (len(done), len(runs)) == (2, 1)

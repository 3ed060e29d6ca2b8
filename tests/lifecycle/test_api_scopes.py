"""Runs with a scope: people, groups, and what is repeated of earlier runs."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import changes
from ostiary.lifecycle import tables
from tests.lifecycle.counting import check_everything, rows_of
from tests.lifecycle.house import (
    ADD_TO_GROUPS,
    ADMINISTRATOR,
    CUSTOM,
    DISABLE,
    ENABLE,
    ROOT,
    WELCOME,
    House,
    task,
    workflow,
)

NS = "#microsoft.graph.identityGovernance."
NOBODY = "00000000-0000-4000-8000-00000000ffff"


def scope(kind: str, **members: Any) -> dict[str, Any]:
    return {"scope": {"@odata.type": f"{NS}activate{kind}Scope", **members}}


def of_run(run: str, tasks: str = "allTasks", users: str = "allUsers") -> dict[str, Any]:
    return scope("Run", run={"id": run}, taskScope=tasks, userScope=users)


async def new_run(house: House, id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Activate with a scope, do the work, and give the run."""
    before = {run["id"] for run in await house.values(f"workflows/{id}/runs")}
    await house.post(f"workflows/{id}/activateWithScope", body, status=204)
    await house.settle()
    await check_everything(house.database)
    (run,) = [r for r in await house.values(f"workflows/{id}/runs") if r["id"] not in before]
    found: dict[str, Any] = run
    return found


async def subjects(house: House, id: str, run: str) -> set[str]:
    people = await house.values(f"workflows/{id}/runs/{run}/userProcessingResults")
    return {person["subject"]["id"] for person in people}


async def names(house: House, id: str, run: str, person: str) -> list[str]:
    """Give the names of the tasks that a person had in a run, in their order."""
    path = f"workflows/{id}/runs/{run}/taskProcessingResults"
    results = [r for r in await house.values(path) if r["subject"]["id"] == person]
    return [r["task"]["displayName"] for r in results]


async def test_a_scope_of_people_runs_for_each_of_them_once(house: House) -> None:
    alice, bob = await house.people("alice", "bob")
    id = await house.workflow(task(DISABLE, "Disable"))

    run = await new_run(house, id, scope("User", users=[{"id": alice}, {"id": bob.upper()},
                                                        {"id": alice}]))  # fmt: skip

    assert await subjects(house, id, run["id"]) == {alice, bob}
    assert run["workflowExecutionType"] == "activatedWithScope"
    assert run["activatedOnScope"] == {
        "@odata.type": f"{NS}activateUserScope",
        "users": [{"id": alice}, {"id": bob}],
    }
    assert run["successfulUsersCount"] == 2


async def test_a_body_with_subjects_means_those_people(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(DISABLE, "Disable"))

    run = await new_run(cottage, id, {"subjects": [{"id": alice}]})

    assert await subjects(cottage, id, run["id"]) == {alice}


async def test_a_scope_of_a_group_runs_for_the_people_who_are_its_direct_members(
    house: House,
) -> None:
    alice, bob, carol = await house.people("alice", "bob", "carol")
    movers, inner = await house.group("Movers"), await house.group("Inner")
    await house.join(movers, alice, bob, inner)
    await house.join(inner, carol)
    id = await house.workflow(task(DISABLE, "Disable"))

    run = await new_run(house, id, scope("Group", group={"id": movers}))

    assert await subjects(house, id, run["id"]) == {alice, bob}


async def half_failed(house: House) -> tuple[str, str, str, str, str]:
    """Run a workflow that fails for one of two, at its second task of four, and goes on at one."""
    alice, bob = await house.people("alice", "bob")
    admins = await house.group("Admins", is_assignable_to_role=True)
    staff = await house.group("Staff")
    await house.join(admins, bob)
    id = await house.workflow(
        task(ADD_TO_GROUPS, "Staff", groupID=staff),
        task(DISABLE, "Disable", go_on=True),
        task(ENABLE, "Enable"),
        task(ADD_TO_GROUPS, "Again", groupID=staff),
    )
    run = await house.activate(id, alice, bob)
    await house.settle()
    return id, run, alice, bob, admins


async def leave(house: House, group: str, person: str) -> None:
    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.remove_members(conn, [(group, person)], now=now, actor=ADMINISTRATOR)


async def test_failed_tasks_of_failed_people_are_repeated_with_what_was_never_reached(
    house: House,
) -> None:
    """Staff had succeeded for both; Disable failed, Enable stopped, Again was never reached."""
    id, first, alice, bob, admins = await half_failed(house)
    assert await names(house, id, first, alice) == ["Staff", "Disable", "Enable", "Again"]
    await leave(house, admins, bob)

    run = await new_run(house, id, of_run(first, "failedTasks", "failedUsers"))

    assert await subjects(house, id, run["id"]) == {bob}
    assert await names(house, id, run["id"], bob) == ["Disable", "Enable", "Again"]
    assert (run["totalTasksCount"], run["processingStatus"]) == (3, "completed")
    reports = await house.values(f"workflows/{id}/taskReports?$filter=runId eq '{run['id']}'")
    assert sorted(r["totalUsersCount"] for r in reports) == [1, 1, 1]
    (linked,) = await house.values(f"workflows/{id}/runs/{first}/reprocessedRuns")
    assert linked["id"] == run["id"]
    people = await house.values(f"workflows/{id}/runs/{first}/userProcessingResults")
    (of_bob,) = [p["id"] for p in people if p["subject"]["id"] == bob]
    again = await house.values(f"workflows/{id}/userProcessingResults/{of_bob}/reprocessedRuns")
    assert [r["id"] for r in again] == [run["id"]]


async def test_everybody_and_everything_of_a_run_can_be_repeated(house: House) -> None:
    id, first, alice, bob, _ = await half_failed(house)

    run = await new_run(house, id, of_run(first))

    assert await subjects(house, id, run["id"]) == {alice, bob}
    assert run["totalTasksCount"] == 8


async def test_a_result_is_repeated_for_its_person(house: House) -> None:
    id, first, alice, bob, _ = await half_failed(house)
    people = await house.values(f"workflows/{id}/runs/{first}/userProcessingResults")
    results = [{"id": person["id"]} for person in people]

    failed = scope("ProcessingResult", processingResults=results, taskScope="failedTasks")
    run = await new_run(house, id, failed)

    assert await subjects(house, id, run["id"]) == {bob}
    run = await new_run(
        house, id, scope("ProcessingResult", processingResults=results, taskScope="allTasks")
    )
    assert await subjects(house, id, run["id"]) == {alice, bob}


async def test_of_two_results_of_one_person_the_later_is_repeated(house: House) -> None:
    (alice,) = await house.people("alice")
    id = await house.workflow(task(DISABLE, "Disable"))
    await house.activate(id, alice)
    await house.settle()
    house.clock.advance(hours=1)
    await house.activate(id, alice)
    await house.settle()
    results = await house.values(f"workflows/{id}/userProcessingResults")

    body = scope(
        "ProcessingResult",
        processingResults=[{"id": one["id"]} for one in results],
        taskScope="allTasks",
    )
    run = await new_run(house, id, body)

    rows = await rows_of(house.database, tables.user_processing_results)
    (repeated,) = [row for row in rows if row["run_id"] == run["id"]]
    later = max(results, key=lambda one: one["scheduledDateTime"])
    assert repeated["origin_id"] == later["id"]


async def test_failures_are_repeated_by_the_tasks_of_the_current_version(house: House) -> None:
    """A task is known by its definition and its name; one that is gone is not repeated."""
    id, first, _, bob, admins = await half_failed(house)
    await leave(house, admins, bob)
    draft = workflow(task(ENABLE, "Enable"), task(DISABLE, "Disable"), task(ENABLE, "New"))
    await house.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=200)

    run = await new_run(house, id, of_run(first, "failedTasks", "failedUsers"))

    assert await names(house, id, run["id"], bob) == ["Enable", "Disable"]


async def test_a_repetition_moves_to_the_version_that_is_current_when_it_starts(
    house: House,
) -> None:
    id, first, _, bob, admins = await half_failed(house)
    await leave(house, admins, bob)
    body = of_run(first, "failedTasks", "failedUsers")
    await house.post(f"workflows/{id}/activateWithScope", body, status=204)
    draft = workflow(task(ENABLE, "Enable"), task(ENABLE, "New"))
    await house.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=200)
    await check_everything(house.database)
    await house.settle()
    await check_everything(house.database)

    (run,) = [r for r in await house.values(f"workflows/{id}/runs") if r["id"] != first]
    assert await names(house, id, run["id"], bob) == ["Enable"]


async def test_the_link_between_two_runs_can_be_taken_away(house: House) -> None:
    id, first, *_ = await half_failed(house)
    run = await new_run(house, id, of_run(first))
    path = f"{ROOT}/workflows/{id}/runs/{first}/reprocessedRuns/{run['id']}/$ref"

    assert (await house.api.delete(path)).status_code == 204
    assert (await house.api.delete(path)).status_code == 404
    assert await house.values(f"workflows/{id}/runs/{first}/reprocessedRuns") == []


REFUSALS: list[tuple[dict[str, Any], int, str, str]] = [
    (scope("User", users=[{"id": NOBODY}]), 406, "notAcceptable", "scope/users"),
    ({"subjects": [{"id": NOBODY}]}, 406, "notAcceptable", "scope/users"),
    (scope("User", users=[]), 400, "InvalidModel", "scope/users"),
    (scope("Group", group={"id": NOBODY}), 404, "ResourceNotFound", "scope/group"),
    (of_run(NOBODY), 404, "ResourceNotFound", "scope/run"),
    (of_run(NOBODY, "unknownFutureValue"), 400, "InvalidModel", "scope/taskScope"),
    (of_run(NOBODY, users="unknownFutureValue"), 400, "InvalidModel", "scope/userScope"),
    (
        scope("ProcessingResult", processingResults=[{"id": NOBODY}], taskScope="allTasks"),
        404,
        "ResourceNotFound",
        "scope/processingResults",
    ),
]


@pytest.mark.parametrize(("body", "status", "code", "target"), REFUSALS)
async def test_a_scope_that_means_nobody_is_refused(
    cottage: House, body: dict[str, Any], status: int, code: str, target: str
) -> None:
    id = await cottage.workflow(task(DISABLE, "Disable"))

    error = (await cottage.post(f"workflows/{id}/activateWithScope", body, status=status))["error"]

    assert (error["code"], error["target"]) == (code, target)
    assert await cottage.values(f"workflows/{id}/runs") == []


async def test_an_empty_group_and_a_run_without_failures_hold_nobody(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(DISABLE, "Disable"))
    run = await cottage.activate(id, alice)
    await cottage.settle()
    group = await cottage.group("Empty")

    for body in (scope("Group", group={"id": group}), of_run(run, users="failedUsers")):
        refused = await cottage.post(f"workflows/{id}/activateWithScope", body, status=400)
        assert refused["error"]["code"] == "invalidOperation"


async def test_what_goes_on_still_cannot_be_repeated(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    extension = await cottage.extension()
    id = await cottage.workflow(task(CUSTOM, "Wait", customTaskExtensionID=extension))
    run = await cottage.activate(id, alice)
    await cottage.settle()
    (result,) = await cottage.values(f"workflows/{id}/userProcessingResults")
    named = scope(
        "ProcessingResult", processingResults=[{"id": result["id"]}], taskScope="allTasks"
    )

    for body in (of_run(run), named):
        refused = await cottage.post(f"workflows/{id}/activateWithScope", body, status=400)
        assert refused["error"]["code"] == "invalidOperation"


async def test_a_run_of_another_workflow_cannot_be_repeated(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(DISABLE, "Disable"))
    run = await cottage.activate(id, alice)
    await cottage.settle()
    other = await cottage.workflow(task(DISABLE, "Disable"))

    await cottage.post(f"workflows/{other}/activateWithScope", of_run(run), status=404)


async def test_a_disabled_workflow_takes_no_scope(cottage: House) -> None:
    (alice,) = await cottage.people("alice")
    id = await cottage.workflow(task(WELCOME, "Welcome"), isEnabled=False)
    body = scope("User", users=[{"id": alice}])

    refused = await cottage.post(f"workflows/{id}/activateWithScope", body, status=400)

    assert refused["error"]["code"] == "workflowDisabled"

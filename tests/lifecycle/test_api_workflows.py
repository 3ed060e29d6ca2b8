"""Workflows, versions and tasks through the API."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.storage.ids import new_id
from tests.lifecycle.house import (
    CUSTOM,
    DISABLE,
    ENABLE,
    ON_DEMAND,
    REMOVE_FROM_GROUPS,
    ROOT,
    WELCOME,
    House,
    application,
    person,
    task,
    workflow,
)

NS = "#microsoft.graph.identityGovernance."
RULE = {"@odata.type": f"{NS}ruleBasedSubjectSet", "rule": "(department eq 'Marketing')"}


def conditions(trigger: dict[str, Any], scope: dict[str, Any] = RULE) -> dict[str, Any]:
    kind = f"{NS}triggerAndScopeBasedConditions"
    return {"@odata.type": kind, "scope": scope, "trigger": trigger}


HIRED = {
    "@odata.type": f"{NS}timeBasedAttributeTrigger",
    "timeBasedAttribute": "employeeHireDate",
    "offsetInDays": -7,
}


async def test_a_workflow_read_alone_shows_what_a_list_leaves_out(house: House) -> None:
    made = await house.post(
        "workflows",
        workflow(
            task(ENABLE, "Enable"),
            task(
                WELCOME,
                "Welcome",
                go_on=True,
                cc="00000000-0000-4000-8000-00000000aaaa",
                Locale="en-us",
            ),
            displayName="Australia onboard new hire",
            description="First-day tasks",
            executionConditions=conditions(HIRED),
            isSchedulingEnabled=True,
        ),
        status=201,
    )

    alone = await house.get(f"workflows/{made['id']}")
    (listed,) = await house.values("workflows")

    assert alone["executionConditions"] == conditions(HIRED)
    assert alone["createdBy"] == {"id": "00000000-0000-4000-8000-00000000aaaa"}
    assert alone["tasks"][1]["arguments"] == [
        {"name": "cc", "value": "00000000-0000-4000-8000-00000000aaaa"},
        {"name": "locale", "value": "en-us"},
    ]
    assert [t["executionSequence"] for t in alone["tasks"]] == [1, 2]
    assert alone["tasks"][0]["category"] == "joiner,leaver"
    assert (alone["version"], alone["isSchedulingEnabled"]) == (1, True)
    assert alone["quarantineDetails"]["quarantineType"] == "notQuarantined"
    assert {"tasks", "executionConditions"}.isdisjoint(listed)
    assert listed["displayName"] == "Australia onboard new hire"


async def test_a_list_shows_the_conditions_that_are_asked_for(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"), executionConditions=conditions(HIRED))

    for path in ("workflows", f"workflows/{id}/versions"):
        (shown,) = await cottage.values(f"{path}?$select=displayName,executionConditions")
        assert shown["executionConditions"]["trigger"] == HIRED
        assert "tasks" not in shown
    basics = application("LifecycleWorkflows-Workflow.ReadBasic.All")
    path = f"{ROOT}/workflows?$select=executionConditions"
    reply = await cottage.api.get(path, headers=basics)
    assert reply.json()["value"] == [{"id": id}]


async def test_expanding_tasks_adds_them_to_a_list(cottage: House) -> None:
    await cottage.workflow(task(ENABLE, "Enable"), task(DISABLE, "Disable"))

    (listed,) = await cottage.values("workflows?$expand=tasks")

    assert [t["displayName"] for t in listed["tasks"]] == ["Enable", "Disable"]


@pytest.mark.parametrize(
    "sent",
    [
        ON_DEMAND,
        conditions(HIRED),
        conditions(
            {
                "@odata.type": f"{NS}attributeChangeTrigger",
                "triggerAttributes": [{"name": "department"}],
            }
        ),
        conditions({"@odata.type": f"{NS}userInactivityTrigger", "inactivityPeriodInDays": 90}),
        conditions({"@odata.type": f"{NS}guestSponsorTrigger", "minimumRequiredSponsors": 1}),
        conditions(
            {
                "@odata.type": f"{NS}timeBasedAttributeTriggerV2",
                "attribute": "employeeHireDate",
                "operator": {
                    "@odata.type": f"{NS}operatorBetween",
                    "greaterThanOffsetInDays": 1,
                    "lessThanOffsetInDays": 30,
                    "eventTiming": "before",
                },
            }
        ),
    ],
)
async def test_every_documented_shape_of_conditions_is_kept_as_it_was_sent(
    cottage: House, sent: dict[str, Any]
) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"), executionConditions=sent)

    assert (await cottage.get(f"workflows/{id}"))["executionConditions"] == sent


async def test_a_group_scope_is_kept_with_the_ids_of_its_groups(cottage: House) -> None:
    group = await cottage.group("Movers")
    trigger = {"@odata.type": f"{NS}membershipChangeTrigger", "changeType": "add"}
    scope = {"@odata.type": f"{NS}groupBasedSubjectSet", "groups": [{"id": group}]}
    spelled = {**scope, "groups": [{"id": group.upper()}]}
    id = await cottage.workflow(
        task(WELCOME, "Enable"), executionConditions=conditions(trigger, spelled)
    )

    shown = await cottage.get(f"workflows/{id}")

    assert shown["executionConditions"]["scope"] == scope


REFUSALS: list[tuple[dict[str, Any], str, str]] = [
    ({"displayName": " "}, "InvalidModel", "displayName"),
    ({"category": "unknownFutureValue"}, "InvalidModel", "category"),
    ({"executionConditions": None}, "InvalidModel", "executionConditions"),
    ({"tasks": []}, "invalidTask", "tasks"),
    ({"tasks": [task(ENABLE, f"task {i}") for i in range(26)]}, "invalidTask", "tasks"),
    ({"tasks": [task("nothing", "a")]}, "invalidTask", "tasks/0/taskDefinitionId"),
    ({"tasks": [task(ENABLE, "A"), task(ENABLE, "a")]}, "invalidTask", "tasks/0/displayName"),
    ({"tasks": [{"displayName": "a"}]}, "invalidTask", "tasks/0/taskDefinitionId"),
    ({"tasks": [{"taskDefinitionId": ENABLE}]}, "invalidTask", "tasks/0/displayName"),
    ({"tasks": [task(ENABLE, "a", nonsense="x")]}, "invalidTask", "tasks/0/arguments/0/name"),
    (
        {"tasks": [task(ENABLE, "a", enableOnPremisesAccount="maybe")]},
        "invalidTask",
        "tasks/0/arguments/0/value",
    ),
    ({"tasks": [task(CUSTOM, "a")]}, "invalidTask", "tasks/0/arguments"),
    (
        {"tasks": [task(CUSTOM, "a", customTaskExtensionID=ENABLE)]},
        "invalidTask",
        "tasks/0/arguments",
    ),
    (
        {"tasks": [task("8d18588d-9ad3-4c0f-99d0-ec215f0e3dff", "a")]},
        "invalidTask",
        "tasks/0/taskDefinitionId",
    ),
    ({"isSchedulingEnabled": True}, "invalidOperation", "isSchedulingEnabled"),
    (
        {"executionConditions": conditions(HIRED, {**RULE, "rule": " "})},
        "invalidRule",
        "executionConditions/scope/rule",
    ),
    (
        {"executionConditions": conditions({**HIRED, "offsetInDays": 181})},
        "invalidTrigger",
        "executionConditions/trigger/offsetInDays",
    ),
    (
        {
            "executionConditions": conditions(
                {**HIRED, "timeBasedAttribute": "employeeLeaveDateTime"}
            )
        },
        "invalidTrigger",
        "executionConditions/trigger/timeBasedAttribute",
    ),
    (
        {"executionConditions": {**conditions(HIRED), "scope": None}},
        "invalidTrigger",
        "executionConditions/scope",
    ),
    (
        {
            "executionConditions": conditions(
                {"@odata.type": f"{NS}membershipChangeTrigger", "changeType": "add"}
            )
        },
        "invalidTrigger",
        "executionConditions/scope",
    ),
    (
        {"executionConditions": {"@odata.type": f"{NS}nonsense"}},
        "InvalidModel",
        "executionConditions/@odata.type",
    ),
]


@pytest.mark.parametrize(("changes", "code", "target"), REFUSALS, ids=lambda v: str(v)[:40])
async def test_what_cannot_be_kept_is_refused_by_name(
    cottage: House, changes: dict[str, Any], code: str, target: str
) -> None:
    body = {**workflow(task(ENABLE, "Enable")), **changes}

    error = (await cottage.post("workflows", body, status=400))["error"]

    assert (error["code"], error["target"]) == (code, target)


async def test_a_scope_of_administrative_units_is_refused_with_a_reason(cottage: House) -> None:
    unit = {"@odata.type": "#microsoft.graph.administrativeUnit", "id": "unit"}
    body = workflow(task(ENABLE, "Enable"), administrationScopeTargets=[unit])

    await cottage.post("workflows", body, status=400)
    body["administrationScopeTargets"] = [{"id": "unit"}]
    error = (await cottage.post("workflows", body, status=501))["error"]

    assert error["target"] == "administrationScopeTargets"
    assert "no administrative units" in error["message"]


async def test_a_name_belongs_to_one_live_workflow_in_any_case(house: House) -> None:
    first = await house.workflow(task(ENABLE, "Enable"), displayName="Joiners")
    twin = workflow(task(ENABLE, "Enable"), displayName="joiners")

    error = (await house.post("workflows", twin, status=409))["error"]
    assert (error["code"], error["target"]) == ("conflict", "displayName")

    assert (await house.api.delete(f"{ROOT}/workflows/{first}")).status_code == 204
    await house.post("workflows", twin, status=201)


async def test_patch_changes_names_and_switches_without_a_new_version(house: House) -> None:
    id = await house.workflow(task(ENABLE, "Enable"), executionConditions=conditions(HIRED))
    change = {"displayName": "New", "description": "why", "isSchedulingEnabled": True}

    reply = await house.api.patch(f"{ROOT}/workflows/{id}", json=change)

    assert reply.status_code == 204, reply.text
    shown = await house.get(f"workflows/{id}")
    assert {name: shown[name] for name in change} == change
    assert shown["version"] == 1


async def test_a_workflow_that_was_read_can_be_sent_back_with_a_change(house: House) -> None:
    id = await house.workflow(task(ENABLE, "Enable"), executionConditions=conditions(HIRED))
    read = await house.get(f"workflows/{id}")
    (first,) = await house.values(f"workflows/{id}/tasks")

    for path, sent in (("", read), (f"/tasks/{first['id']}", first)):
        body = {**sent, "displayName": "New"}
        reply = await house.api.patch(f"{ROOT}/workflows/{id}{path}", json=body)
        assert reply.status_code == 204, reply.text

    shown = await house.get(f"workflows/{id}")
    assert (shown["displayName"], shown["tasks"][0]["displayName"]) == ("New", "New")
    body = {"createdBy": {"id": new_id()}}
    assert (await house.api.patch(f"{ROOT}/workflows/{id}", json=body)).status_code == 400


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"category": "leaver"}, "category"),
        ({"executionConditions": conditions(HIRED)}, "executionConditions"),
        ({"tasks": []}, "tasks"),
        ({"isEnabled": False, "isSchedulingEnabled": True}, "isSchedulingEnabled"),
    ],
)
async def test_patch_refuses_what_needs_a_new_version(
    cottage: House, change: dict[str, Any], target: str
) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))

    reply = await cottage.api.patch(f"{ROOT}/workflows/{id}", json=change)

    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["target"]) == (400, "invalidOperation", target)


@pytest.mark.parametrize("wrapped", [True, False])
async def test_a_new_version_has_fresh_tasks_and_the_old_one_stays(
    house: House, wrapped: bool
) -> None:
    body = workflow(task(ENABLE, "Enable"))
    id = (await house.post("workflows", body, status=201))["id"]
    (old,) = await house.values(f"workflows/{id}/tasks")
    draft = {**body, "tasks": [task(ENABLE, "Enable"), task(DISABLE, "Disable")]}

    answer = await house.post(
        f"workflows/{id}/microsoft.graph.identityGovernance.createNewVersion",
        {"workflow": draft} if wrapped else draft,
        status=200,
    )

    assert (answer["id"], answer["version"]) == (id, 2)
    tasks = await house.values(f"workflows/{id}/tasks")
    assert [t["displayName"] for t in tasks] == ["Enable", "Disable"]
    assert old["id"] not in {t["id"] for t in tasks}
    versions = await house.values(f"workflows/{id}/versions")
    assert [v["versionNumber"] for v in versions] == [2, 1]
    assert {"id", "tasks", "executionConditions"}.isdisjoint(versions[0])
    first = await house.get(f"workflows/{id}/versions/1?$expand=tasks")
    assert [t["id"] for t in first["tasks"]] == [old["id"]]
    assert await house.values(f"workflows/{id}/versions(1)/tasks") == [old]


async def test_versions_of_two_workflows_do_not_mix(cottage: House) -> None:
    first = await cottage.workflow(task(ENABLE, "First"))
    await cottage.workflow(task(ENABLE, "Second"))

    tasks = await cottage.values(f"workflows/{first}/versions/1/tasks")

    assert [t["displayName"] for t in tasks] == ["First"]


async def test_a_version_that_was_read_can_be_sent_as_the_next(cottage: House) -> None:
    """Templates and replies name the categories of a task; older samples have blanks in between."""
    body = workflow(task(ENABLE, "Enable"), task(REMOVE_FROM_GROUPS, "Leave", groupID=new_id()))
    read = await cottage.post("workflows", body, status=201)
    read["tasks"][1]["category"] = "joiner, leaver, mover"

    path = f"workflows/{read['id']}/createNewVersion"
    again = await cottage.post(path, {"workflow": read}, status=200)

    assert [one["category"] for one in again["tasks"]] == ["joiner,leaver", "joiner,leaver,mover"]


async def test_the_category_is_the_same_in_every_version(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))
    draft = workflow(task(ENABLE, "Enable"), category="leaver")

    error = await cottage.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=400)

    assert error["error"]["target"] == "workflow/category"


async def test_a_fault_in_a_wrapped_version_is_named_from_the_top(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))
    draft = workflow(task("nothing", "Enable"))

    error = await cottage.post(f"workflows/{id}/createNewVersion", {"workflow": draft}, status=400)

    assert error["error"]["target"] == "workflow/tasks/0/taskDefinitionId"


async def test_a_task_changes_its_name_and_nothing_else(house: House) -> None:
    id = await house.workflow(task(ENABLE, "Enable"), task(DISABLE, "Disable"))
    first, _ = await house.values(f"workflows/{id}/tasks")
    path = f"{ROOT}/workflows/{id}/tasks/{first['id']}"

    assert (await house.api.patch(path, json={"displayName": "Let in"})).status_code == 204
    taken = await house.api.patch(path, json={"displayName": "disable"})
    bound = await house.api.patch(path, json={"isEnabled": False})

    assert taken.status_code == 409
    assert (bound.status_code, bound.json()["error"]["target"]) == (400, "isEnabled")
    assert (await house.values(f"workflows/{id}/tasks"))[0]["displayName"] == "Let in"


async def test_a_deleted_workflow_is_among_the_deleted_items(house: House) -> None:
    id = await house.workflow(task(ENABLE, "Enable"))

    assert (await house.api.delete(f"{ROOT}/workflows/{id}")).status_code == 204

    assert (await house.api.get(f"{ROOT}/workflows/{id}")).status_code == 404
    (deleted,) = await house.values("deletedItems/workflows")
    assert (deleted["id"], deleted["deletedDateTime"]) == (id, "2026-01-05T09:00:00Z")


async def test_there_are_only_so_many_workflows(cottage: House) -> None:
    object.__setattr__(cottage.lifecycle.workflows, "limit", 1)
    await cottage.workflow(task(ENABLE, "Enable"))

    error = await cottage.post("workflows", workflow(task(ENABLE, "Enable")), status=400)

    assert error["error"]["code"] == "limitExceeded"


async def test_who_reads_the_basics_sees_no_tasks(cottage: House) -> None:
    id = await cottage.workflow(task(ENABLE, "Enable"))
    basic = application("LifecycleWorkflows-Workflow.ReadBasic.All")

    shown = await cottage.get(f"workflows/{id}", headers=basic)

    assert {"tasks", "executionConditions", "settings"}.isdisjoint(shown)
    await cottage.get(f"workflows/{id}?$expand=tasks", headers=basic, status=403)
    await cottage.get(f"workflows/{id}/tasks", headers=basic, status=403)


async def test_a_person_needs_the_role_besides_the_scope(cottage: House) -> None:
    scope = "LifecycleWorkflows.ReadWrite.All"
    administrator = "59d46f88-662b-457b-bceb-5c3809e5908f"
    body = workflow(task(ENABLE, "Enable"))

    await cottage.post("workflows", body, headers=person(scope), status=403)
    await cottage.post(
        "workflows", body, headers=person(scope, directory_roles=[administrator]), status=201
    )


async def test_workflows_can_be_filtered_by_what_is_published(house: House) -> None:
    await house.workflow(task(ENABLE, "Enable"), displayName="Join")
    await house.workflow(task(DISABLE, "Disable"), displayName="Leave", category="leaver")

    leavers = await house.values("workflows?$filter=category eq 'leaver' and version eq 1")
    ordered = await house.values("workflows?$orderby=displayName desc&$select=displayName")

    assert [w["displayName"] for w in leavers] == ["Leave"]
    assert [w["displayName"] for w in ordered] == ["Leave", "Join"]


async def test_the_catalogue_is_served_in_full_and_found_in_any_case(house: House) -> None:
    definitions = await house.values("taskDefinitions")
    leavers = await house.values("taskDefinitions?$filter=category has 'mover'")
    reminder = await house.get("taskDefinitions/3c860712-2d37-42a4-928f-5c93935d26a1")

    assert len(definitions) == 31
    assert definitions[0]["displayName"] == "Add user to groups"
    assert definitions[0]["category"] == "joiner,leaver,mover"
    assert all("mover" in d["category"] for d in leavers)
    assert reminder["id"] == "3C860712-2D37-42A4-928F-5C93935D26A1"
    assert reminder["parameters"][-1]["values"] == ["User", "Manager", "Sponsors", "{UserId}"]
    assert definitions[1]["parameters"] == [
        {"name": "disableOnPremisesAccount", "values": ["true", "false"], "valueType": "enum"}
    ]

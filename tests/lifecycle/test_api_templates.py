"""The catalogue of templates, and workflows that are made of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lifecycle.house import House

IDS = [
    "77179007-8114-41b5-922e-2e22109df41f",
    "4e06785d-7c1d-4b24-b9e1-bba2b890c58b",
    "dce038a6-482a-46a2-9ee0-675c5e8477b9",
    "77a82a99-9dfb-471d-a396-107954328b7f",
    "56da3093-d105-40d4-9886-fccd074f2f2a",
    "16819b2d-74e9-4fb9-9ba7-48b8a26ab11d",
    "145735f1-57cc-48c2-81ec-727f07a10096",
    "25abd83d-3b5d-4d6f-bb9a-4ed366fd96b1",
    "e821c59e-d28c-44d7-902f-5fed05e926f1",
    "50149a4a-7c2d-4fd8-8018-761f4eb915cb",
]
NS = "#microsoft.graph.identityGovernance."


async def test_every_template_is_listed_with_its_tasks_in_the_published_order(
    house: House,
) -> None:
    listed = await house.values("workflowTemplates")

    assert [template["id"] for template in listed] == IDS
    assert [len(template["tasks"]) for template in listed] == [1, 3, 2, 1, 3, 4, 3, 2, 3, 3]
    first = listed[0]
    assert first["displayName"] == "Onboard pre-hire employee"
    assert first["executionConditions"] == {
        "@odata.type": f"{NS}triggerAndScopeBasedConditions",
        "scope": {
            "@odata.type": f"{NS}ruleBasedSubjectSet",
            "rule": "department eq 'Marketing'",
        },
        "trigger": {
            "@odata.type": f"{NS}timeBasedAttributeTrigger",
            "offsetInDays": -7,
            "timeBasedAttribute": "employeeHireDate",
        },
    }
    assert first["tasks"] == [
        {
            "id": "3e062c24-d219-483d-9258-288f2a039b94",
            "taskDefinitionId": "1b555e50-7f65-41d5-b514-5894a026d10d",
            "displayName": "Generate TAP And Send Email",
            "description": ("Generate Temporary Access Pass and send via email to user's manager"),
            "isEnabled": True,
            "continueOnError": False,
            "arguments": [
                {"name": "tapLifetimeMinutes", "value": "480"},
                {"name": "tapIsUsableOnce", "value": "true"},
            ],
            "category": "joiner",
            "executionSequence": 1,
        }
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=category eq 'mover'", IDS[3:6]),
        ("$filter=displayName eq 'Offboard an employee'", [IDS[8]]),
        ("$filter=tasks/any(t:t/taskDefinitionId eq '8fa97d28-3e52-4985-b3a9-a1126f9b8b4e')",
         [IDS[9]]),
        ("$orderby=displayName desc&$top=1", [IDS[6]]),
        ("$skip=8", IDS[8:]),
        ("$search=\"termination\"", [IDS[6]]),
    ],
)  # fmt: skip
async def test_templates_can_be_asked_for(house: House, query: str, expected: list[str]) -> None:
    assert [t["id"] for t in await house.values(f"workflowTemplates?{query}")] == expected


async def test_one_template_and_its_tasks_can_be_read_alone(house: House) -> None:
    movers = await house.get(f"workflowTemplates/{IDS[4]}")
    tasks = await house.values(f"workflowTemplates/{IDS[4]}/tasks")

    assert movers["executionConditions"]["scope"]["groups"] == [{"id": "groupID"}]
    assert tasks == movers["tasks"]
    notify = tasks[2]["id"]
    assert await house.get(f"workflowTemplates/{IDS[4]}/tasks/{notify}") | {
        "@odata.context": "",
        "@odata.etag": "",
    } == {**tasks[2], "@odata.context": "", "@odata.etag": ""}
    assert (
        await house.values(f"workflowTemplates/{IDS[4]}/tasks/{notify}/taskProcessingResults") == []
    )
    await house.get("workflowTemplates/none", status=404)
    assert (await house.api.get("/v1.0/identityGovernance/lifecycleWorkflows/"
            "workflowTemplates/$count")).text == "10"  # fmt: skip


def filled(template: dict[str, Any], values: dict[str, str], group: str) -> dict[str, Any]:
    """Give the workflow of a template, with its empty arguments filled in."""
    kept = ("category", "displayName", "description", "executionConditions")
    extra = {"4a0b64f2-c7ec-46ba-b117-18f262946c50": ["accessPackageId"]}
    extra["c1ec1e76-f374-4375-aaa6-0bb6bd4c60be"] = ["accessPackageId", "assignmentPolicyId"]
    tasks = [
        {
            "taskDefinitionId": task["taskDefinitionId"],
            "displayName": task["displayName"],
            "arguments": [
                {"name": a["name"], "value": a["value"] or values[a["name"]]}
                for a in task["arguments"]
            ]
            + [{"name": n, "value": values[n]} for n in extra.get(task["taskDefinitionId"], [])],
        }
        for task in template["tasks"]
    ]
    body = {name: template[name] for name in kept} | {"tasks": tasks}
    scope = body["executionConditions"].get("scope", {})
    if "groups" in scope:
        scope["groups"] = [{"id": group}]
    return body


async def test_a_workflow_can_be_made_of_every_template(cottage: House) -> None:
    group, extension = await cottage.group("Movers"), await cottage.extension()
    values = {
        "groupID": group,
        "teamID": group,
        "customTaskExtensionID": extension,
        "accessPackageId": group,
        "assignmentPolicyId": extension,
    }

    for template in await cottage.values("workflowTemplates"):
        await cottage.post("workflows", filled(template, values, group), status=201)


async def test_an_empty_argument_of_a_template_must_be_filled_in(cottage: House) -> None:
    template = await cottage.get(f"workflowTemplates/{IDS[7]}")
    body = filled(template, {"groupID": "", "teamID": "t"}, "")

    refused = await cottage.post("workflows", body, status=400)

    assert refused["error"]["code"] == "invalidTask"
    assert refused["error"]["target"] == "tasks/0/arguments"


async def test_the_container_itself_can_be_read(cottage: House) -> None:
    await cottage.get("")


async def test_task_definitions_are_counted_and_can_be_asked_for_by_their_parameters(
    house: House,
) -> None:
    everything = await house.get("taskDefinitions")
    found = await house.values("taskDefinitions?$filter=parameters/any(p:p/name eq 'licenses')")

    assert everything["@odata.count"] == len(everything["value"]) == 31
    assert {d["id"][:8] for d in found} == {"683c87a4", "5fc402a8"}

"""Workflows that run by themselves, told by moving the clock day by day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.scenarios.house import House
from tests.scenarios.names import V1

pytestmark = pytest.mark.asyncio(loop_scope="module")

NS = "#microsoft.graph.identityGovernance."
ADD_TO_GROUPS = "22085229-5809-45e8-97fd-270d28d66910"


async def test_a_joiner_is_prepared_for_seven_days_before_the_first_day(house: House) -> None:
    admin, group = house.admin, await house.make_group()
    department = house.name("department")
    hired = house.clock.now().replace(hour=0) + timedelta(days=10)
    workflow = await admin.post(
        f"{V1.workflows}/workflows",
        {
            "category": "joiner",
            "displayName": house.name("workflow"),
            "isEnabled": True,
            "isSchedulingEnabled": True,
            "executionConditions": {
                "@odata.type": f"{NS}triggerAndScopeBasedConditions",
                "scope": {
                    "@odata.type": f"{NS}ruleBasedSubjectSet",
                    "rule": f"(department eq '{department}') and (accountEnabled eq false)",
                },
                "trigger": {
                    "@odata.type": f"{NS}timeBasedAttributeTrigger",
                    "timeBasedAttribute": "employeeHireDate",
                    "offsetInDays": -7,
                },
            },
            "tasks": [
                {
                    "taskDefinitionId": ADD_TO_GROUPS,
                    "displayName": "Add to the group",
                    "arguments": [{"name": "groupID", "value": group}],
                }
            ],
        },
    )
    joiner = await admin.post("/v1.0/users", new_user(house, department, hired.isoformat()))
    runs = f"{V1.workflows}/workflows/{workflow['id']}/runs"

    day_of_run = hired - timedelta(days=7)
    while house.clock.now() + timedelta(days=1) < day_of_run:
        await house.advance(days=1)
        assert await house.members(group) == set()
        assert (await admin.get(runs))["value"] == []
    await house.advance(days=1)

    assert await house.members(group) == {joiner["id"]}
    (run,) = (await admin.get(runs))["value"]
    assert run["scheduledDateTime"] == f"{day_of_run:%Y-%m-%dT%H:%M:%SZ}"
    assert (run["workflowExecutionType"], run["processingStatus"]) == ("scheduled", "completed")
    await house.advance(days=14)
    assert len((await admin.get(runs))["value"]) == 1


def new_user(house: House, department: str, hired: str) -> dict[str, Any]:
    alias = house.name("joiner").replace(" ", "")
    return {
        "accountEnabled": False,
        "displayName": "Joan Joiner",
        "mailNickname": alias,
        "userPrincipalName": f"{alias}@contoso.example",
        "passwordProfile": {"password": "irrelevant-3"},
        "department": department,
        "employeeHireDate": hired,
    }

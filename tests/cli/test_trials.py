"""``ostiary tasks run``: one task for one person, on a running server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import Commands, started

ROOT = "/v1.0/identityGovernance/lifecycleWorkflows/workflows"
TEAM = "1baa57fa-3c4e-4526-ba5a-db47a9df95f0"
TASKS: list[dict[str, Any]] = [
    {
        "taskDefinitionId": "1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950",
        "displayName": "Disable account",
        "arguments": [],
    },
    {
        "taskDefinitionId": "e440ed8d-25a1-4618-84ce-091ed5be5594",
        "displayName": "Join the team",
        "arguments": [{"name": "teamID", "value": TEAM}],
    },
]
WORKFLOW = {
    "category": "leaver",
    "displayName": "Offboard",
    "executionConditions": {
        "@odata.type": "#microsoft.graph.identityGovernance.onDemandExecutionOnly"
    },
    "tasks": TASKS,
}


def make_workflow(ostiary: Commands, url: str) -> str:
    """Create the workflow, and give somebody's userPrincipalName."""
    roles = ("LifecycleWorkflows.ReadWrite.All", "User.Read.All")
    flags = [part for role in roles for part in ("--role", role)]
    token = ostiary("token", "--app", "maker", *flags).out.strip()
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        made = http.post(ROOT, json=WORKFLOW)
        assert made.status_code == 201, made.text
        people = http.get("/v1.0/users?$filter=accountEnabled eq true&$top=1").json()["value"]
    return str(people[0]["userPrincipalName"])


def test_a_task_is_tried_on_a_person_and_then_really_run(ostiary: Commands, data_dir: Path) -> None:
    with started("serve", "--port", "0", "--data-dir", str(data_dir)) as process:
        person = make_workflow(ostiary, process.told["url"])

        tried = ostiary("tasks", "run", "Offboard", "Disable account", person, "--preview")
        done = ostiary("tasks", "run", "Offboard", "Disable account", person, "--json")
        again = ostiary("tasks", "run", "Offboard", "Disable account", person)
        failed = ostiary("tasks", "run", "Offboard", "Join the team", person, "--json")
        unknown = ostiary("tasks", "run", "Offboard", "Nothing", person)

    assert (tried.code, "Would disable the account." in tried.out) == (0, True)
    assert (done.code, done.json["processingStatus"]) == (0, "completed")
    assert "The account was disabled already." in again.out
    assert failed.code == 1
    assert "not connected" in failed.err
    told = json.loads(failed.out)
    assert told["payload"]["data"]["task"]["arguments"] == {"teamID": TEAM}
    assert (unknown.code, "'Nothing'" in unknown.err) == (1, True)


@pytest.mark.parametrize(("wait", "code"), [("-1", 2), ("1", 1)])
def test_without_a_server_nothing_is_run(ostiary: Commands, wait: str, code: int) -> None:
    assert ostiary("tasks", "run", "a", "b", "c", "--wait", wait).code == code

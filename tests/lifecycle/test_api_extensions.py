"""Custom task extensions through the API."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.lifecycle.house import CUSTOM, ENABLE, ROOT, House, application, callback, task, workflow

NS = "#microsoft.graph.identityGovernance."
LOGIC_APP = {
    "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
    "subscriptionId": "c500b67c-e9b7-4ad2-a90d-77d41385ae55",
    "resourceGroupName": "RG-LCM",
    "logicAppWorkflowName": "ManagerAccess",
}
DOCUMENTED = {
    "displayName": "Grant manager access to mailbox and OneDrive",
    "description": "Grant manager access to mailbox and OneDrive",
    "endpointConfiguration": LOGIC_APP,
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    },
    "clientConfiguration": {
        "@odata.type": "#microsoft.graph.customExtensionClientConfiguration",
        "maximumRetries": 1,
        "timeoutInMilliseconds": 1000,
    },
    "callbackConfiguration": callback("PT30M", "an-app"),
}


async def test_the_documented_extension_is_created_and_read_back(house: House) -> None:
    """Nobody has said where the Logic App is; it is created all the same."""
    made = await house.post("customTaskExtensions", DOCUMENTED, status=201)

    read = await house.get(f"customTaskExtensions/{made['id']}")

    assert read["callbackConfiguration"]["timeoutDuration"] == "PT30M"
    assert read["callbackConfiguration"]["authorizedApps"] == [{"id": "an-app"}]
    assert read["callbackConfiguration"]["@odata.type"] == (
        f"{NS}customTaskExtensionCallbackConfiguration"
    )
    assert read["endpointConfiguration"]["logicAppWorkflowName"] == "ManagerAccess"
    assert read["endpointConfiguration"]["url"] is None
    assert read["clientConfiguration"]["timeoutInMilliseconds"] == 1000
    assert read["createdBy"] == {"id": "00000000-0000-4000-8000-00000000aaaa"}
    assert read["createdDateTime"] == made["createdDateTime"] == "2026-01-05T09:00:00Z"
    assert "createdBy" not in made


@pytest.mark.parametrize(
    ("apps", "kept"),
    [
        ([{"id": "one"}, {"id": "two"}], ["one", "two"]),
        ([{"@odata.type": "#microsoft.graph.application", "id": "one"}], ["one"]),
        ([{"@odata.id": "https://graph.microsoft.com/v1.0/applications/one"}], ["one"]),
        ([{"@odata.id": "https://graph.microsoft.com/v1.0/applications('one')"}], ["one"]),
        ([{"appId": "one"}], ["one"]),
        ([], []),
    ],
)
async def test_authorized_apps_are_taken_in_every_documented_form(
    cottage: House, apps: list[Any], kept: list[str]
) -> None:
    configuration = {**callback("PT30M"), "authorizedApps": apps}

    id = await cottage.extension(callbackConfiguration=configuration)

    read = await cottage.get(f"customTaskExtensions/{id}")
    assert read["callbackConfiguration"]["authorizedApps"] == [{"id": app} for app in kept]


@pytest.mark.parametrize("wait", ["PT3M", "PT5M", "PT3H", "PT5H", "PT300M"])
async def test_a_wait_may_last_from_three_minutes_to_five_hours(cottage: House, wait: str) -> None:
    await cottage.extension(wait=wait)


async def test_there_are_only_so_many_extensions(cottage: House) -> None:
    assert cottage.lifecycle.extensions.limit == 100
    object.__setattr__(cottage.lifecycle.extensions, "limit", 1)
    await cottage.extension()

    error = await cottage.post("customTaskExtensions", DOCUMENTED, status=400)

    assert error["error"]["code"] == "limitExceeded"


async def test_a_wait_without_a_duration_lasts_half_an_hour(cottage: House) -> None:
    kind = f"{NS}customTaskExtensionCallbackConfiguration"
    id = await cottage.extension(callbackConfiguration={"@odata.type": kind})

    read = await cottage.get(f"customTaskExtensions/{id}")

    assert read["callbackConfiguration"]["timeoutDuration"] == "PT30M"


REFUSALS: list[tuple[dict[str, Any], str]] = [
    ({"displayName": ""}, "displayName"),
    ({"displayName": "x" * 257}, "displayName"),
    (
        {"endpointConfiguration": {**LOGIC_APP, "resourceGroupName": None}},
        "endpointConfiguration/resourceGroupName",
    ),
    ({"endpointConfiguration": {**LOGIC_APP, "url": "ftp://x"}}, "endpointConfiguration/url"),
    (
        {"endpointConfiguration": {**LOGIC_APP, "url": "https://10.0.0.1/"}},
        "endpointConfiguration/url",
    ),
    ({"endpointConfiguration": {}}, "endpointConfiguration/@odata.type"),
    (
        {"endpointConfiguration": {**LOGIC_APP, "@odata.type": "#nothing"}},
        "endpointConfiguration/@odata.type",
    ),
    (
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.azureAdTokenAuthentication"
            }
        },
        "authenticationConfiguration/resourceId",
    ),
    ({"clientConfiguration": {"maximumRetries": 2}}, "clientConfiguration/maximumRetries"),
    (
        {"clientConfiguration": {"timeoutInMilliseconds": 100}},
        "clientConfiguration/timeoutInMilliseconds",
    ),
    ({"callbackConfiguration": callback("PT2M59S")}, "callbackConfiguration/timeoutDuration"),
    ({"callbackConfiguration": callback("PT5H1S")}, "callbackConfiguration/timeoutDuration"),
    ({"callbackConfiguration": callback("half an hour")}, "callbackConfiguration/timeoutDuration"),
    ({"callbackConfiguration": callback("PT30M", "")}, "callbackConfiguration/authorizedApps/0/id"),
    ({"nonsense": 1}, "nonsense"),
]


@pytest.mark.parametrize(("changes", "target"), REFUSALS, ids=lambda v: str(v)[:50])
async def test_what_cannot_be_kept_is_refused_by_name(
    cottage: House, changes: dict[str, Any], target: str
) -> None:
    error = await cottage.post("customTaskExtensions", {**DOCUMENTED, **changes}, status=400)

    assert error["error"]["target"] == target


@pytest.mark.parametrize(
    "missing", ["displayName", "endpointConfiguration", "authenticationConfiguration"]
)
async def test_what_an_extension_needs_is_asked_for(cottage: House, missing: str) -> None:
    body = {name: value for name, value in DOCUMENTED.items() if name != missing}

    error = await cottage.post("customTaskExtensions", body, status=400)

    assert error["error"]["target"] == missing


async def test_a_name_belongs_to_one_extension(house: House) -> None:
    await house.post("customTaskExtensions", DOCUMENTED, status=201)

    error = await house.post("customTaskExtensions", DOCUMENTED, status=409)

    assert error["error"]["target"] == "displayName"


async def test_patch_changes_any_subset(house: House) -> None:
    id = (await house.post("customTaskExtensions", DOCUMENTED, status=201))["id"]
    change = {
        "displayName": "New",
        "callbackConfiguration": callback("PT1H", "other"),
        "clientConfiguration": None,
    }

    reply = await house.api.patch(f"{ROOT}/customTaskExtensions/{id}", json=change)

    assert reply.status_code == 204, reply.text
    read = await house.get(f"customTaskExtensions/{id}")
    assert (read["displayName"], read["clientConfiguration"]) == ("New", None)
    assert read["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    assert read["callbackConfiguration"]["authorizedApps"] == [{"id": "other"}]
    assert read["description"] == DOCUMENTED["description"]


async def test_of_two_changes_at_the_same_time_neither_is_lost(house: House) -> None:
    path = f"{ROOT}/customTaskExtensions/{await house.extension()}"

    for round_ in range(5):
        words = {"displayName": f"name {round_}"}, {"description": f"description {round_}"}
        replies = await asyncio.gather(*(house.api.patch(path, json=body) for body in words))
        assert [reply.status_code for reply in replies] == [204, 204]
        found = (await house.api.get(path)).json()
        assert (found["displayName"], found["description"]) == (
            f"name {round_}",
            f"description {round_}",
        )


async def test_a_secret_in_a_url_is_not_shown_and_survives_being_sent_back(house: House) -> None:
    url = f"{house.endpoint.url}?api-version=2016-10-01&sig=secret"
    endpoint = {**LOGIC_APP, "url": url}
    id = await house.extension(endpointConfiguration=endpoint)
    shown = (await house.get(f"customTaskExtensions/{id}"))["endpointConfiguration"]

    whole = await house.get(f"customTaskExtensions/{id}")
    reply = await house.api.patch(f"{ROOT}/customTaskExtensions/{id}", json=whole)

    assert reply.status_code == 204, reply.text
    assert "secret" not in str(shown)
    (alice,) = await house.people("alice")
    run = await house.workflow(task(CUSTOM, "Call", customTaskExtensionID=id))
    await house.activate(run, alice)
    await house.settle()
    assert house.endpoint.calls[0].path.endswith("sig=secret")


async def test_an_extension_in_use_stays(house: House) -> None:
    id = await house.extension()
    body = workflow(task(CUSTOM, "Call", CustomTaskExtensionID=id), displayName="Leavers")
    used_by = (await house.post("workflows", body, status=201))["id"]
    path = f"{ROOT}/customTaskExtensions/{id}"

    in_use = await house.api.delete(path)
    await house.api.delete(f"{ROOT}/workflows/{used_by}")
    still_in_use = await house.api.delete(path)

    assert (in_use.status_code, in_use.json()["error"]["code"]) == (409, "conflict")
    assert "'Leavers'" in in_use.json()["error"]["message"]
    assert still_in_use.status_code == 409


async def test_an_extension_that_no_current_version_uses_can_be_deleted(house: House) -> None:
    id = await house.extension()
    body = workflow(task(CUSTOM, "Call", customTaskExtensionID=id))
    used_by = (await house.post("workflows", body, status=201))["id"]
    await house.post(
        f"workflows/{used_by}/createNewVersion",
        {"workflow": workflow(task(ENABLE, "Enable"))},
        status=200,
    )

    reply = await house.api.delete(f"{ROOT}/customTaskExtensions/{id}")

    assert reply.status_code == 204, reply.text
    assert await house.values("customTaskExtensions") == []


async def test_the_stale_definition_of_the_task_is_understood(cottage: House) -> None:
    id = await cottage.extension()
    stale = task("d79d1fcc-16be-490c-a865-f4533b1639ee", "Call", customTaskExtensionID=id)

    workflow_id = await cottage.workflow(stale)

    (shown,) = await cottage.values(f"workflows/{workflow_id}/tasks")
    assert shown["taskDefinitionId"] == CUSTOM


async def test_reading_extensions_needs_a_permission_of_their_own(cottage: House) -> None:
    await cottage.get(
        "customTaskExtensions",
        headers=application("LifecycleWorkflows-Workflow.Read.All"),
        status=403,
    )
    await cottage.get(
        "customTaskExtensions", headers=application("LifecycleWorkflows-CustomExt.Read.All")
    )

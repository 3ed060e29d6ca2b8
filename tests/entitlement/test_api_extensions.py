"""Custom workflow extensions through the API."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.extensions import extension_store, registry
from ostiary.extensions.caller import Caller
from ostiary.extensions.endpoints import LogicAppName, given_url
from ostiary.storage.database import Database
from tests.entitlement.house import (
    ASSIGNMENT_EXTENSION,
    BETA,
    EM,
    GRAPH,
    REQUEST_EXTENSION,
    House,
    calls,
    extension,
    policy,
)
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.clocks import FixedClock

PUBLISHED: dict[str, Any] = {
    "@odata.type": "#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension",
    "displayName": "test_action_0124_email",
    "description": "this is for graph testing only",
    "endpointConfiguration": {
        "@odata.type": "#microsoft.graph.logicAppTriggerEndpointConfiguration",
        "subscriptionId": "38ab2ccc-3747-4567-b36b-9478f5602f0d",
        "resourceGroupName": "test",
        "logicAppWorkflowName": "elm-extension-email",
    },
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
    },
    "callbackConfiguration": {
        "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
        "durationBeforeTimeout": "PT1H",
    },
}
LOGIC_APP = LogicAppName("38ab2ccc-3747-4567-b36b-9478f5602f0d", "test", "elm-extension-email")
URL = "https://prod-31.example.com/workflows/1/triggers/manual/paths/invoke?sig=SECRET"


async def register(house: House, url: str = URL) -> None:
    async with house.database.transaction() as conn:
        await registry.register(conn, LOGIC_APP, url, now=house.clock.now())


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        f"{EM}/catalogs/{{}}/customWorkflowExtensions",
        f"{BETA}/accessPackageCatalogs/{{}}/accessPackageCustomWorkflowExtensions",
        f"{EM}/accessPackageCatalogs('{{}}')/accessPackageCustomWorkflowExtensions",
    ],
)
async def test_the_published_request_creates_an_extension_on_a_fresh_server(
    cottage: House, path: str, wrapped: bool
) -> None:
    catalog = await cottage.catalog()

    made = await cottage.post(path.format(catalog), {"value": PUBLISHED} if wrapped else PUBLISHED)

    assert made["@odata.type"] == REQUEST_EXTENSION
    assert made["id"]
    assert made["createdDateTime"] == made["lastModifiedDateTime"] == "2026-01-05T09:00:00Z"
    assert made["clientConfiguration"] is None
    assert made["endpointConfiguration"]["url"] is None
    assert made["endpointConfiguration"]["logicAppWorkflowName"] == "elm-extension-email"
    assert made["callbackConfiguration"] == {
        "@odata.type": "#microsoft.graph.customExtensionCallbackConfiguration",
        "timeoutDuration": "PT1H",
        "durationBeforeTimeout": "PT1H",
    }


async def test_an_extension_shows_where_its_logic_app_is_without_the_secret(
    cottage: House,
) -> None:
    await register(cottage)
    catalog = await cottage.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"

    made = await cottage.post(path, PUBLISHED)
    shown = await cottage.get(f"{path}/{made['id']}")

    url = made["endpointConfiguration"]["url"]
    assert url.startswith("https://prod-31.example.com/")
    assert "SECRET" not in url
    assert shown["endpointConfiguration"]["url"] == url


async def test_what_was_shown_can_be_sent_back(cottage: House) -> None:
    catalog = await cottage.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"
    endpoint = {**PUBLISHED["endpointConfiguration"], "url": URL}
    made = await cottage.post(path, {**PUBLISHED, "endpointConfiguration": endpoint})
    del made["@odata.context"]

    put = await cottage.call("PUT", f"{path}/{made['id']}", made, status=200)

    assert put["endpointConfiguration"] == made["endpointConfiguration"]
    async with cottage.database.reading() as conn:
        stored = (await extension_store.read(conn, [made["id"]]))[made["id"]]
    assert given_url(stored.endpoint) == URL


async def test_the_secret_of_any_endpoint_is_not_shown_and_survives_a_change(
    cottage: House,
) -> None:
    catalog = await cottage.catalog()
    url = "https://example.com/hook?code=SECRET&x=1"
    path = f"catalogs/{catalog}/customWorkflowExtensions"
    made = await cottage.post(path, extension(url))

    shown = await cottage.get(f"{path}/{made['id']}")
    listed = await cottage.get(path)
    above = await cottage.get(f"catalogs/{catalog}?$expand=customWorkflowExtensions")
    patched = await cottage.call(
        "PATCH",
        f"{path}/{made['id']}",
        {"description": "new", "endpointConfiguration": shown["endpointConfiguration"]},
        status=200,
    )

    redacted = "https://example.com/hook?code=REDACTED&x=1"
    assert shown["endpointConfiguration"]["targetUrl"] == redacted
    assert "SECRET" not in str([made, shown, listed, above, patched])
    async with cottage.database.reading() as conn:
        stored = (await extension_store.read(conn, [made["id"]]))[made["id"]]
    assert (given_url(stored.endpoint), stored.description) == (url, "new")


async def test_a_url_without_its_secret_is_not_taken_for_another(cottage: House) -> None:
    catalog = await cottage.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"
    body = extension("https://example.com/hook?sig=REDACTED")

    code, message, target = await cottage.refused("POST", path, body)

    assert (code, target) == ("InvalidModel", "endpointConfiguration/targetUrl")
    assert "REDACTED" in message


async def test_put_replaces_and_patch_merges(cottage: House) -> None:
    catalog = await cottage.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions/{await cottage.extension(catalog)}"

    patched = await cottage.call("PATCH", path, {"description": "x"}, status=200)
    body = extension("https://example.com/hook", wait=None)
    put = await cottage.call("PUT", path, body, status=200)

    assert patched["displayName"] == "sod-check"
    assert patched["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    assert put["description"] is None
    assert put["callbackConfiguration"] is None
    assert put["endpointConfiguration"]["targetUrl"] == "https://example.com/hook"
    other = {**body, "@odata.type": ASSIGNMENT_EXTENSION}
    code, _, target = await cottage.refused("PUT", path, other)
    assert (code, target) == ("InvalidModel", "@odata.type")


async def test_a_list_names_the_type_of_each(cottage: House) -> None:
    catalog = await cottage.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"
    await cottage.extension(catalog)
    await cottage.post(
        path, extension("https://x.example", **{"@odata.type": ASSIGNMENT_EXTENSION})
    )

    found = await cottage.values(path)
    cast = await cottage.values(f"{path}/microsoft.graph.accessPackageAssignmentWorkflowExtension")

    assert {one["@odata.type"] for one in found} == {REQUEST_EXTENSION, ASSIGNMENT_EXTENSION}
    assert len(cast) == 1


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"@odata.type": None}, "@odata.type"),
        ({"@odata.type": f"{GRAPH}accessPackageCatalog"}, "@odata.type"),
        ({"displayName": None}, "displayName"),
        ({"displayName": " "}, "displayName"),
        ({"endpointConfiguration": None}, "endpointConfiguration"),
        ({"endpointConfiguration": {}}, "endpointConfiguration/@odata.type"),
        (
            {"endpointConfiguration": {"@odata.type": f"{GRAPH}httpRequestEndpoint"}},
            "endpointConfiguration/targetUrl",
        ),
        (
            {
                "endpointConfiguration": {
                    "@odata.type": f"{GRAPH}httpRequestEndpoint",
                    "targetUrl": "ftp://example.com",
                }
            },
            "endpointConfiguration/targetUrl",
        ),
        (
            {
                "endpointConfiguration": {
                    "@odata.type": f"{GRAPH}httpRequestEndpoint",
                    "targetUrl": "http://169.254.169.254/latest",
                }
            },
            "endpointConfiguration/targetUrl",
        ),
        ({"authenticationConfiguration": None}, "authenticationConfiguration"),
        (
            {"authenticationConfiguration": {"@odata.type": f"{GRAPH}azureAdTokenAuthentication"}},
            "authenticationConfiguration/resourceId",
        ),
        (
            {"clientConfiguration": {"timeoutInMilliseconds": 100}},
            "clientConfiguration/timeoutInMilliseconds",
        ),
        ({"clientConfiguration": {"maximumRetries": 2}}, "clientConfiguration/maximumRetries"),
        (
            {"callbackConfiguration": {"timeoutDuration": "PT4M"}},
            "callbackConfiguration/timeoutDuration",
        ),
        (
            {"callbackConfiguration": {"durationBeforeTimeout": "P15D"}},
            "callbackConfiguration/timeoutDuration",
        ),
        (
            {"callbackConfiguration": {"timeoutDuration": "PT1H", "durationBeforeTimeout": "PT2H"}},
            "callbackConfiguration/timeoutDuration",
        ),
        ({"callbackConfiguration": {"timeoutDuration": "soon"}}, None),
        ({"callBackConfiguration2": {}}, "callBackConfiguration2"),
    ],
)
async def test_what_is_wrong_with_an_extension_is_named(
    cottage: House, change: dict[str, Any], target: str | None
) -> None:
    catalog = await cottage.catalog()
    merged = {**extension("https://example.com/hook"), **change}
    body = {name: value for name, value in merged.items() if value is not None}

    code, message, named = await cottage.refused(
        "POST", f"catalogs/{catalog}/customWorkflowExtensions", body
    )

    assert code == "InvalidModel"
    assert message
    assert target is None or named == target


async def test_a_callback_without_a_duration_waits_fourteen_days(cottage: House) -> None:
    catalog = await cottage.catalog()
    callback = {"@odata.type": f"{GRAPH}customExtensionCallbackConfiguration"}

    made = await cottage.post(
        f"catalogs/{catalog}/customWorkflowExtensions",
        extension("https://example.com/hook", callbackConfiguration=callback),
    )

    assert made["callbackConfiguration"]["timeoutDuration"] == "P14D"


async def test_an_extension_that_a_policy_calls_stays_until_the_policy_lets_go(
    house: House,
) -> None:
    catalog = await house.catalog()
    key = await house.extension(catalog)
    package = await house.package(catalog)
    named = calls(("assignmentRequestCreated", key))
    kept = await house.policy(package, customExtensionStageSettings=named)
    path = f"catalogs/{catalog}/customWorkflowExtensions/{key}"

    code, message, _ = await house.refused("DELETE", path)
    assert code == "OperationNotAllowed"
    assert "All staff" in message
    body = policy(package, customExtensionStageSettings=[])
    await house.call("PUT", f"assignmentPolicies/{kept}", body, status=200)

    await house.call("DELETE", path, status=204)
    await house.get(path, status=404)


async def test_a_request_fails_closed_when_its_extension_is_gone(house: House) -> None:
    alice = await house.person("alice")
    catalog, group = await house.catalog(), await house.group("sales")
    key, package = await house.extension(catalog), await house.package(catalog, group)
    named = calls(("assignmentRequestApproved", key))
    kept = await house.policy(package, customExtensionStageSettings=named)
    request = await house.ask(alice, package, kept)
    await house.call("PUT", f"assignmentPolicies/{kept}", policy(package), status=200)
    await house.call("DELETE", f"catalogs/{catalog}/customWorkflowExtensions/{key}", status=204)

    await house.settle()

    assert await house.standing(request) == ("deliveryFailed", "CalloutFailed")
    assert await house.members(group) == set()


async def test_extensions_of_other_catalogs_are_not_found(cottage: House) -> None:
    catalog, other = await cottage.catalog(), await cottage.catalog("Other")
    key = await cottage.extension(catalog)
    path = f"catalogs/{other}/customWorkflowExtensions/{key}"

    await cottage.get(path, status=404)
    await cottage.refused("PATCH", path, {"description": "x"}, status=404)
    await cottage.refused("DELETE", path, status=404)
    await cottage.refused("POST", "catalogs/none/customWorkflowExtensions", PUBLISHED, status=404)


async def test_a_setting_refuses_logic_apps_that_nobody_can_find(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> None:
    house = House(memory, clock, caller, endpoint, refuse_unresolved=True)
    await house.start()
    catalog = await house.catalog()
    path = f"catalogs/{catalog}/customWorkflowExtensions"

    code, message, target = await house.refused("POST", path, PUBLISHED)

    assert (code, target) == ("LogicAppNotResolved", "endpointConfiguration/url")
    assert "ostiary logicapps set" in message
    await register(house)
    await house.post(path, PUBLISHED)
    await house.close()

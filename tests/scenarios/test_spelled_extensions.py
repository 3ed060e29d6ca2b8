"""Extensions under every documented path, and with every documented spelling of a body."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.scenarios import bodies
from tests.scenarios.api import Json
from tests.scenarios.bodies import DOCUMENTED_EXTENSION, GRAPH
from tests.scenarios.house import House

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["memory"], indirect=True),
]

ROOTS = ("/v1.0", "/beta")
EM = "identityGovernance/entitlementManagement"


@pytest.mark.parametrize(
    "path",
    [
        f"{root}/{EM}/{catalogs}{key}/{extensions}"
        for root, catalogs, key, extensions in product(
            ROOTS,
            ("catalogs", "accessPackageCatalogs"),
            ("/{}", "('{}')"),
            ("customWorkflowExtensions", "accessPackageCustomWorkflowExtensions"),
        )
    ]
    + [f"/v1.0/{EM.lower()}/catalogs/{{}}/customworkflowextensions/"],
)
async def test_every_path_of_extensions_creates_one(house: House, path: str) -> None:
    catalog = await house.access().make_catalog()

    made = await house.admin.post(path.format(catalog), DOCUMENTED_EXTENSION)

    found = await house.admin.values(house.access().extensions_path(catalog))
    assert [one["id"] for one in found] == [made["id"]]
    assert (await house.admin.get(f"{path.format(catalog).rstrip('/')}/{made['id']}"))["id"]


async def test_the_reply_to_the_documented_example_has_what_it_should(house: House) -> None:
    catalog = await house.access().make_catalog()
    path = house.access().extensions_path(catalog)

    reply = await house.admin.send("POST", path, DOCUMENTED_EXTENSION)

    assert reply.status_code == 201
    made = reply.json()
    assert reply.headers["Location"].endswith(made["id"])
    assert made["@odata.type"] == DOCUMENTED_EXTENSION["@odata.type"]
    assert made["createdDateTime"] == made["lastModifiedDateTime"]
    assert made["createdDateTime"].startswith("2026-01-")
    assert made["clientConfiguration"] is None
    assert made["endpointConfiguration"] == {
        **DOCUMENTED_EXTENSION["endpointConfiguration"],
        "url": None,
    }
    assert made["callbackConfiguration"]["durationBeforeTimeout"] == "PT1H"
    assert made["callbackConfiguration"]["timeoutDuration"] == "PT1H"
    again = await house.admin.get(f"{path}/{made['id']}")
    assert {**again, "@odata.context": ""} == {**made, "@odata.context": ""}


def changed(**changes: Any) -> Json:
    """Give the documented extension with other properties."""
    return {**DOCUMENTED_EXTENSION, **changes}


def callback(**properties: Any) -> Json:
    """Give the documented extension with another callback configuration."""
    return changed(callbackConfiguration=properties)


EXTENSION_BODIES: dict[str, tuple[Json, str | None]] = {
    "as documented": (DOCUMENTED_EXTENSION, "PT1H"),
    "wrapped in value": ({"value": DOCUMENTED_EXTENSION}, "PT1H"),
    "timeoutDuration": (callback(timeoutDuration="PT2H"), "PT2H"),
    "durationBeforeTimeout": (callback(durationBeforeTimeout="P14D"), "P14D"),
    "both names, one value": (
        callback(durationBeforeTimeout="PT60M", timeoutDuration="PT1H"),
        "PT1H",
    ),
    "no duration": (callback(), "P14D"),
    "no callback": (changed(callbackConfiguration=None), None),
    "type without #": (
        changed(**{"@odata.type": DOCUMENTED_EXTENSION["@odata.type"].lstrip("#")}),
        "PT1H",
    ),
    "escaped type": (
        {
            "@@odata.type": DOCUMENTED_EXTENSION["@odata.type"],
            **{k: v for k, v in DOCUMENTED_EXTENSION.items() if k != "@odata.type"},
        },
        "PT1H",
    ),
    "doubled namespace": (
        changed(
            **{
                "@odata.type": "#microsoft.graph.microsoft.graph."
                "accessPackageAssignmentRequestWorkflowExtension"
            }
        ),
        "PT1H",
    ),
    "assignment extension": (
        changed(**{"@odata.type": bodies.ASSIGNMENT_EXTENSION}),
        "PT1H",
    ),
    "PascalCase": (
        {
            (k if k.startswith("@") else k[0].upper() + k[1:]): v
            for k, v in DOCUMENTED_EXTENSION.items()
        },
        "PT1H",
    ),
    "numbers as strings": (
        changed(clientConfiguration={"maximumRetries": "1", "timeoutInMilliseconds": "1000"}),
        "PT1H",
    ),
    "bearer": (
        changed(
            authenticationConfiguration={
                "@odata.type": f"{GRAPH}azureAdTokenAuthentication",
                "resourceId": "2b7f7a8b-9a51-4a6f-9d1e-5a0c2b7f4d21",
            }
        ),
        "PT1H",
    ),
    "plain http endpoint": (
        changed(endpointConfiguration=bodies.http_endpoint("https://hooks.contoso.com/sod")),
        "PT1H",
    ),
    "what the server sends itself": (
        changed(id="ignored", createdDateTime=None, createdBy="ignored"),
        "PT1H",
    ),
}


@pytest.mark.parametrize("case", EXTENSION_BODIES)
async def test_every_spelling_of_an_extension_creates_the_same(house: House, case: str) -> None:
    body, wait = EXTENSION_BODIES[case]
    catalog = await house.access().make_catalog()
    path = house.access().extensions_path(catalog)

    made = await house.admin.post(path, body)

    assert made["displayName"] == "test_action_0124_email"
    configuration = made["callbackConfiguration"]
    assert (configuration and configuration["timeoutDuration"]) == wait
    (listed,) = await house.admin.values(path)
    assert listed["@odata.type"] == made["@odata.type"]

"""Attributes that a resource asks for, and what is wrong with a change of a resource."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.house import BETA, GRAPH, House
from tests.entitlement.resources import request


def attribute(name: str = "jobTitle", **changes: Any) -> dict[str, Any]:
    question = {
        "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
        "text": "What do you do?",
        "isRequired": True,
    }
    return {
        "name": name,
        "isEditable": True,
        "isPersistedOnAssignmentRemoval": False,
        "destination": {"@odata.type": f"{GRAPH}accessPackageUserDirectoryAttributeStore"},
        "source": {
            "@odata.type": f"{GRAPH}accessPackageResourceAttributeQuestion",
            "question": question,
        },
        **changes,
    }


async def test_the_attributes_of_a_resource_are_replaced(lodge: House) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup"}
    await lodge.take_in(catalog, {**resource, "attributes": [attribute()]})

    (kept,) = await lodge.values(f"catalogs/{catalog}/resources")
    (one,) = kept["attributes"]
    assert (one["name"], one["isPersistedOnAssignmentRemoval"]) == ("jobTitle", False)
    assert one["source"]["question"]["text"] == "What do you do?"
    assert one["source"]["question"]["id"]
    changed = {**resource, "attributes": [attribute("EXTENSIONATTRIBUTE3")]}
    await lodge.post("resourceRequests", request("adminUpdate", catalog, changed))
    path = f"{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources"
    (shown,) = await lodge.values(path)
    assert [one["attributeName"] for one in shown["attributes"]] == ["extensionAttribute3"]
    assert shown["attributes"][0]["id"]


@pytest.mark.parametrize(
    ("resource", "target"),
    [
        ({}, "resource/attributes"),
        ({"attributes": [attribute("userPrincipalName")]}, "resource/attributes/0/name"),
        ({"attributes": [attribute(), attribute()]}, "resource/attributes/1/name"),
        ({"attributes": [attribute(destination=None)]}, "resource/attributes/0/destination"),
        ({"attributes": [attribute(source=None)]}, "resource/attributes/0/source"),
        ({"attributes": [], "displayName": "other"}, "resource/displayName"),
        ({"attributes": [], "colour": "red"}, "resource/colour"),
    ],
)
async def test_what_is_wrong_with_a_change_is_named(
    lodge: House, resource: dict[str, Any], target: str
) -> None:
    catalog, group = await lodge.catalog(), await lodge.group("sales")
    named = {"originId": group, "originSystem": "AadGroup"}
    await lodge.take_in(catalog, named)

    refusal = await lodge.refused(
        "POST", "resourceRequests", request("adminUpdate", catalog, {**named, **resource})
    )

    assert refusal[0::2] == ("InvalidModel", target)

"""What infrastructure-as-code and scripts send to entitlement management, and must get back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from ostiary.directory import seed
from ostiary.identity.ports import Client
from ostiary.server.composition import opened
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

BETA = "/beta/identityGovernance/entitlementManagement"
GROUP = seed.group_id("Sales team")
ROLES = ["EntitlementManagement.ReadWrite.All", "Group.ReadWrite.All"]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """An application with the permissions that such tools are given."""
    async with opened(Settings(data_dir=tmp_path), base_urls=["http://localhost"]) as server:
        async with server.database.transaction() as conn:
            await seed.small_organisation(conn, server.clock.now())
        assert server.issuer is not None
        tool = Client(app_id="00000000-0000-4000-8000-000000000001", object_id=new_id())
        token = server.issuer.for_app(tool, roles=ROLES, now=datetime.now(UTC)).token
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(server.app),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
        ) as found:
            yield found


async def made(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    reply = await client.post(f"{BETA}/{path}", json=body)
    assert reply.status_code == 201, reply.text
    result: dict[str, Any] = reply.json()
    return result


async def catalog_and_package(client: httpx.AsyncClient) -> tuple[str, dict[str, Any]]:
    catalog = await made(
        client,
        "accessPackageCatalogs",
        {
            "@odata.type": "#microsoft.graph.accessPackageCatalog",
            "displayName": "Tools",
            "catalogStatus": "Published",
            "catalogType": "UserManaged",
            "isExternallyVisible": False,
        },
    )
    package = await made(
        client,
        "accessPackages",
        {
            "displayName": "Tool access",
            "description": "made by a tool",
            "accessPackageCatalog": {"id": catalog["id"], "displayName": "Tools"},
        },
    )
    return catalog["id"], package


async def test_a_catalog_may_be_named_by_an_object_and_is_answered_flat_too(
    client: httpx.AsyncClient,
) -> None:
    catalog, package = await catalog_and_package(client)

    assert package["catalogId"] == catalog


async def test_explicit_nulls_and_empty_lists_are_as_good_as_nothing(
    client: httpx.AsyncClient,
) -> None:
    _, package = await catalog_and_package(client)

    policy = await made(
        client,
        "accessPackageAssignmentPolicies",
        {
            "displayName": "Everybody waits",
            "description": None,
            "accessPackage": {"id": package["id"]},
            "allowedTargetScope": "notSpecified",
            "specificAllowedTargets": [],
            "questions": [],
            "reviewSettings": None,
            "automaticRequestSettings": None,
            "customExtensionStageSettings": [],
            "expiration": {"type": "noExpiration", "endDateTime": None, "duration": None},
        },
    )

    assert policy["description"] is None


async def test_resources_are_found_by_where_they_come_from(client: httpx.AsyncClient) -> None:
    catalog, _ = await catalog_and_package(client)
    await made(
        client,
        "accessPackageResourceRequests",
        {
            "requestType": "AdminAdd",
            "catalogId": catalog,
            "accessPackageResource": {"originId": GROUP, "originSystem": "AadGroup"},
        },
    )

    place = f"{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources"
    for expression in (f"startswith(originId,'{GROUP[:8]}')", f"originId eq '{GROUP}'"):
        found = (await client.get(place, params={"$filter": expression})).json()
        assert [r["originId"] for r in found["value"]] == [GROUP], expression


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"{BETA}/accessPackageCatalogs", "Tools"),
        (f"{BETA}/accessPackages", "Tool access"),
        ("/beta/roleManagement/entitlementManagement/roleDefinitions", "Catalog owner"),
    ],
)
async def test_things_are_found_by_display_name(
    client: httpx.AsyncClient, path: str, name: str
) -> None:
    await catalog_and_package(client)

    found = (await client.get(path, params={"$filter": f"displayName eq '{name}'"})).json()

    assert [thing["displayName"] for thing in found["value"]] == [name]


async def test_what_is_deleted_is_gone_at_once_and_stays_gone(client: httpx.AsyncClient) -> None:
    _, package = await catalog_and_package(client)
    place = f"{BETA}/accessPackages/{package['id']}"

    assert (await client.delete(place)).status_code == 204
    assert [(await client.get(place)).status_code for _ in range(5)] == [404] * 5
    assert (await client.delete(place)).status_code == 404


async def test_an_action_may_come_without_body_and_content_type(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.post(f"{BETA}/assignmentRequests/nope/reprocess")

    assert reply.status_code in (400, 404)
    assert "nope" in reply.json()["error"]["message"]


async def test_the_description_of_the_cloud_leads_back_to_the_server(
    client: httpx.AsyncClient,
) -> None:
    cloud = (await client.get("/metadata/endpoints?api-version=2022-09-01")).json()

    assert cloud["microsoftGraphResourceId"] == "http://localhost"
    assert cloud["authentication"]["loginEndpoint"] == "http://localhost"

"""``/applications`` and ``/servicePrincipals`` as clients see them: how one registers itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from ostiary.directory.clients import DirectoryClients
from ostiary.directory.seed import person_id
from ostiary.identity.catalogue import GRAPH_APP_ID, PERMISSIONS
from ostiary.identity.secrets import is_secret
from ostiary.storage.database import Database
from tests.directory.conftest import application
from tests.support.clocks import FixedClock

READ = PERMISSIONS["EntitlementManagement.Read.All"].application_id
ROLE = {
    "id": "5c1f4a2e-0000-4000-8000-000000000001",
    "allowedMemberTypes": ["User"],
    "displayName": "Reader",
    "isEnabled": True,
    "value": "reader",
}


async def _registered(api: httpx.AsyncClient, **properties: Any) -> dict[str, Any]:
    reply = await api.post("/applications", json={"displayName": "Script", **properties})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def _acting(api: httpx.AsyncClient, app_id: str) -> dict[str, Any]:
    reply = await api.post("/servicePrincipals", json={"appId": app_id})
    assert reply.status_code == 201, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def _graph(api: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await api.get(f"/servicePrincipals(appId='{GRAPH_APP_ID}')")).json()
    return found


async def test_a_client_registers_with_a_secret_and_a_permission(
    api_on_both: httpx.AsyncClient, staffed: Database, clock: FixedClock
) -> None:
    api = api_on_both
    registered = await _registered(api)
    asked = {"passwordCredential": {"displayName": "CI"}}
    secret = await api.post(f"/applications/{registered['id']}/addPassword", json=asked)
    assert secret.status_code == 200, secret.text
    acting = await _acting(api, registered["appId"])
    grant = {
        "principalId": acting["id"],
        "resourceId": (await _graph(api))["id"],
        "appRoleId": READ,
    }
    place = f"/servicePrincipals/{acting['id']}/appRoleAssignments"
    granted = await api.post(place, json=grant)
    assert granted.status_code == 201, granted.text
    assert granted.json()["principalDisplayName"] == "Script"
    assert granted.json()["principalType"] == "ServicePrincipal"
    assert granted.json()["resourceDisplayName"] == "Microsoft Graph"

    client = await DirectoryClients(staffed, clock.now).client(registered["appId"])

    assert client is not None
    assert client.app_roles == {"EntitlementManagement.Read.All"}
    assert is_secret(secret.json()["secretText"], client.secret_hashes)


async def test_the_text_of_a_secret_shows_once(api: httpx.AsyncClient) -> None:
    registered = await _registered(api)
    place = f"/applications/{registered['id']}"

    made = (await api.post(f"{place}/addPassword", json={})).json()

    (kept,) = (await api.get(place)).json()["passwordCredentials"]
    assert kept["keyId"] == made["keyId"]
    assert kept["hint"] == made["secretText"][:3]
    assert kept["secretText"] is None
    assert made["secretText"] not in (await api.get("/applications")).text


async def test_a_removed_secret_is_no_good(
    api: httpx.AsyncClient, memory: Database, clock: FixedClock
) -> None:
    registered = await _registered(api)
    await _acting(api, registered["appId"])
    place = f"/applications(appId='{registered['appId']}')"
    key_id = (await api.post(f"{place}/addPassword", json={})).json()["keyId"]

    assert (await api.post(f"{place}/removePassword", json={"keyId": key_id})).status_code == 204

    client = await DirectoryClients(memory, clock.now).client(registered["appId"])
    assert client is not None
    assert client.secret_hashes == ()
    again = await api.post(f"{place}/removePassword", json={"keyId": key_id})
    assert again.json()["error"]["target"] == "keyId"
    odd = await api.post(f"{place}/removePassword", json={"keyId": "one"})
    assert odd.json()["error"]["target"] == "keyId"


async def test_a_secret_that_has_ended_already_is_refused(
    api: httpx.AsyncClient, clock: FixedClock
) -> None:
    registered = await _registered(api)
    ended = (clock.now() - timedelta(days=1)).isoformat()

    reply = await api.post(
        f"/applications/{registered['id']}/addPassword",
        json={"passwordCredential": {"endDateTime": ended}},
    )

    assert reply.json()["error"]["target"] == "endDateTime"


async def test_an_application_acts_once(api: httpx.AsyncClient) -> None:
    registered = await _registered(api)
    await _acting(api, registered["appId"])

    twice = await api.post("/servicePrincipals", json={"appId": registered["appId"]})
    unknown = await api.post("/servicePrincipals", json={"appId": READ})
    missing = await api.post("/servicePrincipals", json={})

    assert twice.status_code == 409
    assert unknown.json()["error"]["code"] == "NoBackingApplicationObject"
    assert missing.json()["error"]["target"] == "appId"


async def test_the_principal_follows_its_application(api: httpx.AsyncClient) -> None:
    registered = await _registered(api)
    acting = await _acting(api, registered["appId"])

    changed = await api.patch(
        f"/applications/{registered['id']}", json={"displayName": "Portal", "appRoles": [ROLE]}
    )
    assert changed.status_code == 204, changed.text

    found = (await api.get(f"/servicePrincipals/{acting['id']}")).json()
    assert found["displayName"] == "Portal"
    assert [role["value"] for role in found["appRoles"]] == ["reader"]
    assert (await api.delete(f"/applications/{registered['id']}")).status_code == 204
    assert (await api.get(f"/servicePrincipals/{acting['id']}")).status_code == 404


async def test_people_are_given_roles_of_applications(api_on_both: httpx.AsyncClient) -> None:
    api = api_on_both
    registered = await _registered(api, appRoles=[ROLE])
    acting = await _acting(api, registered["appId"])
    grant = {
        "principalId": person_id("adele"),
        "resourceId": acting["id"],
        "appRoleId": ROLE["id"],
    }
    place = f"/servicePrincipals/{acting['id']}/appRoleAssignedTo"

    given = await api.post(place, json=grant)
    assert given.status_code == 201, given.text
    again = await api.post(f"/users/{person_id('adele')}/appRoleAssignments", json=grant)
    assert again.json()["error"]["message"] == (
        "Permission being assigned already exists on the object"
    )

    held = await api.get(f"/users/{person_id('adele')}/appRoleAssignments")
    assert [item["id"] for item in held.json()["value"]] == [given.json()["id"]]
    assert (await api.delete(f"{place}/{given.json()['id']}")).status_code == 204
    assert (await api.get(place)).json()["value"] == []
    assert (await api.delete(f"{place}/{given.json()['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"appRoleId": "5c1f4a2e-0000-4000-8000-00000000beef"}, "appRoleId"),
        ({"appRoleId": "reader"}, "appRoleId"),
        ({"principalId": None}, "principalId"),
        ({"principalId": person_id("megan")}, "principalId"),
    ],
)
async def test_a_grant_that_cannot_be_is_refused_by_property(
    api: httpx.AsyncClient, changes: dict[str, Any], target: str
) -> None:
    registered = await _registered(api, appRoles=[ROLE])
    acting = await _acting(api, registered["appId"])
    grant = {
        "principalId": person_id("adele"),
        "resourceId": acting["id"],
        "appRoleId": ROLE["id"],
        **changes,
    }

    reply = await api.post(f"/users/{person_id('adele')}/appRoleAssignments", json=grant)

    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["target"] == target


async def test_a_principal_is_disabled_and_deleted(
    api: httpx.AsyncClient, memory: Database, clock: FixedClock
) -> None:
    registered = await _registered(api)
    acting = await _acting(api, registered["appId"])
    place = f"/servicePrincipals(appId='{registered['appId']}')"

    assert (await api.patch(place, json={"accountEnabled": False})).status_code == 204
    assert await DirectoryClients(memory, clock.now).client(registered["appId"]) is None

    other = await api.patch(place, json={"appId": READ})
    assert other.json()["error"]["target"] == "appId"
    assert (await api.delete(place)).status_code == 204
    assert (await api.get(f"/servicePrincipals/{acting['id']}")).status_code == 404


async def test_granting_roles_needs_more_than_writing_applications(
    api: httpx.AsyncClient,
) -> None:
    registered = await _registered(api)
    acting = await _acting(api, registered["appId"])
    writer = application("Application.ReadWrite.All")
    grant = {"principalId": acting["id"], "resourceId": acting["id"], "appRoleId": READ}

    reply = await api.post(
        f"/servicePrincipals/{acting['id']}/appRoleAssignments", json=grant, headers=writer
    )

    assert reply.status_code == 403
    assert "AppRoleAssignment.ReadWrite.All" in reply.json()["error"]["message"]

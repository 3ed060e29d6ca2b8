"""``/users`` and ``/me`` as clients see them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.directory.seed import group_id, person_id
from tests.directory.conftest import application, person

ADELE, NESTOR, MEGAN = (person_id(alias) for alias in ("adele", "nestor", "megan"))
NOBODY = "00000000-0000-4000-8000-00000000dead"
SKU = "6fd2c87f-b296-42f0-b197-1e91e994b900"
NEW = {
    "accountEnabled": True,
    "displayName": "Ada Newcomer",
    "mailNickname": "ada",
    "userPrincipalName": "ada@contoso.example",
    "passwordProfile": {"forceChangePasswordNextSignIn": True, "password": "xWwvJ]6NMw+bWH-d"},
}


async def _error(reply: httpx.Response, status: int = 400) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    error: dict[str, Any] = reply.json()["error"]
    return error


async def test_a_user_is_created_read_changed_and_deleted(api_on_both: httpx.AsyncClient) -> None:
    made = await api_on_both.post("/users", json=NEW)
    assert made.status_code == 201, made.text
    place = made.headers["Location"]
    assert place.endswith(f"/users/{made.json()['id']}")
    assert "passwordProfile" not in made.json()

    changed = await api_on_both.patch(
        place, json={"jobTitle": "Analyst", "employeeOrgData": {"costCenter": "77"}}
    )
    assert changed.status_code == 204, changed.text
    found = (await api_on_both.get(place)).json()
    assert found["jobTitle"] == "Analyst"
    assert found["employeeOrgData"] == {"costCenter": "77", "division": None}
    assert found["userPrincipalName"] == "ada@contoso.example"

    assert (await api_on_both.delete(place)).status_code == 204
    assert (await api_on_both.get(place)).status_code == 404
    assert (await api_on_both.delete(place)).status_code == 404


async def test_a_user_is_created_below_a_manager(api: httpx.AsyncClient) -> None:
    bound = {**NEW, "manager@odata.bind": f"http://localhost/v1.0/users/{ADELE}"}

    made = await api.post("/users", json=bound)

    manager = await api.get(f"/users/{made.json()['id']}/manager")
    assert manager.json()["@odata.type"] == "#microsoft.graph.user"
    assert manager.json()["id"] == ADELE


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({"displayName": None}, "displayName"),
        ({"userPrincipalName": None}, "userPrincipalName"),
        ({"userPrincipalName": "ada"}, "userPrincipalName"),
        ({"userPrincipalName": "Adele@Contoso.example"}, "userPrincipalName"),
        ({"accountEnabled": "yes"}, "accountEnabled"),
        ({"shoeSize": 38}, "shoeSize"),
        ({"ageGroup": "Adult"}, "ageGroup"),
        ({"showInAddressList": False}, "showInAddressList"),
        ({"manager@odata.bind": f"/users/{NOBODY}"}, "manager"),
    ],
)
async def test_a_user_that_cannot_be_is_refused_by_property(
    api: httpx.AsyncClient, changes: dict[str, Any], target: str
) -> None:
    error = await _error(await api.post("/users", json={**NEW, **changes}))

    assert error["target"] == target


async def test_a_taken_name_is_refused_in_the_words_of_the_directory(
    api: httpx.AsyncClient,
) -> None:
    reply = await api.patch(f"/users/{MEGAN}", json={"userPrincipalName": "ADELE@contoso.example"})

    error = await _error(reply)
    assert error["code"] == "Request_BadRequest"
    assert error["message"] == (
        "Another object with the same value for property userPrincipalName already exists."
    )


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (
            "$filter=department eq 'sales'&$orderby=displayName",
            ["Adele", "Alex", "Megan", "Nestor"],
        ),
        ("$filter=startswith(displayName,'Pa')", ["Patti"]),
        ("$filter=userType eq 'Guest'", ["Rosa"]),
        ("$filter=employeeOrgData/costCenter eq 'FIN-1' and jobTitle eq 'Controller'", ["Diego"]),
        ("$filter=manager/displayName eq 'Lee Gu'&$orderby=displayName desc", ["Isaiah", "Grady"]),
        ("$filter=memberOf/any(g:g/displayName eq 'Partner portal')", ["Adele", "Rosa"]),
        ("$filter=employeeLeaveDateTime ge 2026-01-01T00:00:00Z", ["Diego"]),
        ('$search="displayName:wilber"', ["Alex"]),
        ("$filter=onPremisesExtensionAttributes/extensionAttribute3 eq 'x'", []),
    ],
)
async def test_people_are_found_by_what_the_directory_knows(
    api_on_both: httpx.AsyncClient, options: str, names: list[str]
) -> None:
    reply = await api_on_both.get(f"/users?{options}&$count=true")

    assert reply.status_code == 200, reply.text
    assert [user["givenName"] for user in reply.json()["value"]] == names or sorted(
        user["givenName"] for user in reply.json()["value"]
    ) == names
    assert reply.json()["@odata.count"] == len(names)


async def test_links_of_a_user_are_followed_and_expanded(api_on_both: httpx.AsyncClient) -> None:
    expanded = await api_on_both.get(
        f"/users/{NESTOR}?$select=displayName&$expand=manager($select=displayName),directReports"
    )
    reports = expanded.json()["directReports"]
    assert expanded.json()["manager"]["displayName"] == "Miriam Graham"
    assert {report["givenName"] for report in reports} == {"Adele", "Megan", "Alex"}

    groups = await api_on_both.get(f"/users/{ADELE}/memberOf/microsoft.graph.group")
    assert {group["displayName"] for group in groups.json()["value"]} == {
        "All employees",
        "Sales team",
        "Partner portal",
    }
    owned = await api_on_both.get(f"/users/{NESTOR}/ownedObjects")
    assert {item["@odata.type"] for item in owned.json()["value"]} == {"#microsoft.graph.group"}


async def test_a_manager_is_set_changed_and_taken_away(api: httpx.AsyncClient) -> None:
    place = f"/users/{ADELE}/manager/$ref"

    for reference in (f"users/{MEGAN}", "users/lee@contoso.example"):
        body = {"@odata.id": f"https://graph.microsoft.com/v1.0/{reference}"}
        assert (await api.put(place, json=body)).status_code == 204
    assert (await api.get(f"/users/{ADELE}/manager")).json()["displayName"] == "Lee Gu"

    assert (await api.delete(place)).status_code == 204
    assert (await api.get(f"/users/{ADELE}/manager")).status_code == 404
    itself = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{ADELE}"}
    assert (await _error(await api.put(place, json=itself)))["target"] == "manager"


async def test_licences_are_assigned_and_removed(api: httpx.AsyncClient) -> None:
    place = f"/users/{ADELE}/assignLicense"
    add = {"addLicenses": [{"skuId": SKU.upper(), "disabledPlans": []}], "removeLicenses": []}
    remove = {"addLicenses": [], "removeLicenses": [SKU]}

    given = await api.post(place, json=add)
    assert given.status_code == 200, given.text
    assert given.json()["assignedLicenses"] == [{"disabledPlans": [], "skuId": SKU}]

    assert (await api.post(place, json=remove)).json()["assignedLicenses"] == []
    assert (await _error(await api.post(place, json=remove)))["target"] == "removeLicenses"
    assert (await _error(await api.post(place, json={})))["target"] == "addLicenses"


async def test_revoking_sessions_answers_true(api: httpx.AsyncClient) -> None:
    reply = await api.post(f"/users/{ADELE}/revokeSignInSessions")

    assert reply.json()["value"] is True


async def test_a_read_only_property_is_taken_unchanged_and_refused_changed(
    api: httpx.AsyncClient,
) -> None:
    found = (await api.get(f"/users/{ADELE}")).json()

    echoed = {**found, "jobTitle": "Director"}
    assert (await api.patch(f"/users/{ADELE}", json=echoed)).status_code == 204

    error = await _error(await api.patch(f"/users/{ADELE}", json={"id": NOBODY}))
    assert "read-only" in error["message"]


async def test_me_is_the_person_who_calls(api: httpx.AsyncClient) -> None:
    reply = await api.get("/me", headers=person("adele", "User.Read"))

    assert reply.json()["id"] == ADELE
    assert reply.json()["jobTitle"] == "Account Manager"


async def test_an_application_is_nobodys_me(api: httpx.AsyncClient) -> None:
    error = await _error(await api.get("/me", headers=application("User.Read.All")))

    assert error["message"] == "/me request is only valid with delegated authentication flow."


async def test_with_basic_permission_only_names_show(api: httpx.AsyncClient) -> None:
    basic = application("User.ReadBasic.All")

    found = (await api.get(f"/users/{ADELE}", headers=basic)).json()

    assert found["displayName"] == "Adele Vance"
    assert not {"jobTitle", "department", "employeeId", "accountEnabled"} & found.keys()
    assert (await api.get(f"/users/{ADELE}/manager", headers=basic)).status_code == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (application(), 403),
        (application("User.Read.All"), 403),
        (application("User.ReadWrite.All"), 201),
        (person("adele", "User.ReadWrite.All"), 403),
        (person("grady", "User.ReadWrite.All", admin=True), 201),
        (person("grady", "User.Read.All", admin=True), 403),
    ],
)
async def test_creating_people_needs_permission_and_of_a_person_a_role(
    api: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    reply = await api.post("/users", json=NEW, headers=headers)

    assert reply.status_code == status


async def test_who_was_deleted_is_listed_and_restored(api: httpx.AsyncClient) -> None:
    await api.delete(f"/users/{ADELE}")
    group = group_id("Sales team")
    assert ADELE not in (await api.get(f"/groups/{group}/members")).text

    deleted = (await api.get("/directory/deletedItems/microsoft.graph.user")).json()["value"]
    assert [item["id"] for item in deleted] == [ADELE]
    assert deleted[0]["deletedDateTime"] == "2026-01-05T09:00:00Z"

    back = await api.post(f"/directory/deletedItems/{ADELE}/restore")
    assert back.status_code == 200, back.text
    assert ADELE in (await api.get(f"/groups/{group}/members")).text
    assert (await api.post(f"/directory/deletedItems/{ADELE}/restore")).status_code == 404


@pytest.mark.parametrize("path", ["", "/$count", "?$top=1"])
async def test_what_was_deleted_is_listed_by_type_only(api: httpx.AsyncClient, path: str) -> None:
    await api.delete(f"/users/{ADELE}")

    reply = await api.get(f"/directory/deletedItems{path}")
    one = await api.get(f"/directory/deletedItems/{ADELE}")

    assert (reply.status_code, one.status_code) == (400, 200)
    error = reply.json()["error"]
    assert error["code"] == "Request_UnsupportedQuery"
    assert "'deletedItems/microsoft.graph.user'" in error["message"]


async def test_objects_are_given_by_ids_whatever_they_are(api: httpx.AsyncClient) -> None:
    body = {"ids": [group_id("Sales team"), ADELE.upper(), NOBODY]}

    found = (await api.post("/directoryObjects/getByIds", json=body)).json()["value"]
    people = await api.post("/directoryObjects/getByIds", json={**body, "types": ["user"]})

    assert [item["@odata.type"] for item in found] == [
        "#microsoft.graph.group",
        "#microsoft.graph.user",
    ]
    assert [item["id"] for item in people.json()["value"]] == [ADELE]
    assert (await api.get(f"/directoryObjects/{ADELE}")).json()["displayName"] == "Adele Vance"


async def test_the_organisation_tells_its_tenant_and_domains(
    api_on_both: httpx.AsyncClient,
) -> None:
    (organisation,) = (await api_on_both.get("/organization")).json()["value"]
    domains = (await api_on_both.get("/domains?$filter=isDefault eq true")).json()["value"]

    assert organisation["id"] == "5a9f3f1e-6f3a-4b5e-8f63-2f0f2d0c9b11"
    assert organisation["verifiedDomains"][0]["name"] == "contoso.example"
    assert [domain["id"] for domain in domains] == ["contoso.example"]


async def test_the_organisation_and_domains_have_permissions_of_their_own(
    api: httpx.AsyncClient,
) -> None:
    organisation, domain = (application(f"{of}.Read.All") for of in ("Organization", "Domain"))

    assert (await api.get("/organization", headers=organisation)).status_code == 200
    assert (await api.get("/domains", headers=domain)).status_code == 200
    assert (await api.get("/organization", headers=domain)).status_code == 403
    assert (await api.get("/users", headers=organisation)).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "$filter=department eq 'Sales'",
        "$orderby=employeeHireDate",
        "$filter=manager/displayName eq 'Megan Bowen'",
        "$filter=memberOf/any(g: g/id eq 'x')",
    ],
)
async def test_what_a_caller_may_not_see_it_may_not_ask_about(
    api: httpx.AsyncClient, query: str
) -> None:
    basic = application("User.ReadBasic.All")

    error = await _error(await api.get(f"/users?{query}", headers=basic), 403)

    assert error["code"] == "Authorization_RequestDenied"
    assert (await api.get(f"/users?{query}")).status_code == 200


async def test_a_person_is_found_by_principal_name_in_any_case(
    api_on_both: httpx.AsyncClient,
) -> None:
    name = (await api_on_both.get(f"/users/{ADELE}")).json()["userPrincipalName"]

    assert (await api_on_both.get(f"/users/{name}")).json()["id"] == ADELE
    assert (await api_on_both.get(f"/users('{name.upper()}')")).json()["id"] == ADELE
    assert (await api_on_both.get(f"/users/{name.title()}/manager")).status_code == 200


async def test_a_missing_object_is_told_in_the_words_of_the_directory(
    api: httpx.AsyncClient,
) -> None:
    error = await _error(await api.get(f"/users/{NOBODY}"), 404)

    assert error["code"] == "Request_ResourceNotFound"
    assert NOBODY in error["message"]


async def test_sign_ins_are_told_and_asked_for(api: httpx.AsyncClient) -> None:
    """People sign in elsewhere, so whoever may change people may tell of it."""
    told = {"signInActivity": {"lastSuccessfulSignInDateTime": "2025-12-24T18:00:00Z"}}

    assert (await api.patch(f"/users/{ADELE}", json=told)).status_code == 204

    shown = (await api.get(f"/users/{ADELE}?$select=signInActivity")).json()["signInActivity"]
    assert shown["lastSuccessfulSignInDateTime"] == "2025-12-24T18:00:00Z"
    test = "signInActivity/lastSuccessfulSignInDateTime le 2026-01-01T00:00:00Z"
    found = (await api.get(f"/users?$filter={test}&$select=id")).json()["value"]
    assert [one["id"] for one in found] == [ADELE]

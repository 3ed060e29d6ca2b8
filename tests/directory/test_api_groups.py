"""``/groups``, their members and their owners as clients see them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.directory.seed import group_id, person_id
from tests.directory.conftest import application, person

SALES, FINANCE = group_id("Sales team"), group_id("Finance team")
ADELE, JONI, NESTOR = (person_id(alias) for alias in ("adele", "joni", "nestor"))
NOBODY = "00000000-0000-4000-8000-00000000dead"
NEW = {
    "displayName": "Readers",
    "mailEnabled": False,
    "mailNickname": "readers",
    "securityEnabled": True,
}


def _reference(path: str) -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/{path}"}


async def _ids(api: httpx.AsyncClient, path: str) -> set[str]:
    reply = await api.get(path)
    assert reply.status_code == 200, reply.text
    return {item["id"] for item in reply.json()["value"]}


async def test_a_group_is_created_with_members_changed_and_deleted(
    api_on_both: httpx.AsyncClient,
) -> None:
    bound = {
        **NEW,
        "members@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{ADELE}"],
        "owners@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{JONI}"],
    }
    made = await api_on_both.post("/groups", json=bound)
    assert made.status_code == 201, made.text
    place = f"/groups/{made.json()['id']}"
    assert made.json()["groupTypes"] == []
    assert await _ids(api_on_both, f"{place}/members") == {ADELE}
    assert await _ids(api_on_both, f"{place}/owners") == {JONI}

    more = {"description": "Read", "members@odata.bind": [f"/directoryObjects/{JONI}"]}
    assert (await api_on_both.patch(place, json=more)).status_code == 204
    assert (await api_on_both.get(place)).json()["description"] == "Read"
    assert await _ids(api_on_both, f"{place}/members") == {ADELE, JONI}

    assert (await api_on_both.delete(place)).status_code == 204
    assert (await api_on_both.get(place)).status_code == 404
    assert made.json()["id"] not in await _ids(api_on_both, f"/users/{ADELE}/memberOf")


@pytest.mark.parametrize(
    ("changes", "status", "target"),
    [
        ({"displayName": None}, 400, "displayName"),
        ({"mailNickname": None}, 400, "mailNickname"),
        ({"mailEnabled": True}, 400, "mailEnabled"),
        ({"groupTypes": ["DynamicMembership"]}, 501, "groupTypes"),
        ({"groupTypes": "Unified"}, 400, "groupTypes"),
        ({"colour": "red"}, 400, "colour"),
        ({"hideFromAddressLists": True}, 400, "hideFromAddressLists"),
    ],
)
async def test_a_group_that_cannot_be_is_refused_by_property(
    api: httpx.AsyncClient, changes: dict[str, Any], status: int, target: str
) -> None:
    reply = await api.post("/groups", json={**NEW, **changes})

    assert reply.status_code == status
    assert reply.json()["error"]["target"] == target


async def test_a_group_with_a_member_that_is_not_there_is_not_created(
    api: httpx.AsyncClient,
) -> None:
    reply = await api.post("/groups", json={**NEW, "members@odata.bind": [f"/users/{NOBODY}"]})

    assert reply.status_code == 404
    assert (await api.get("/groups?$filter=displayName eq 'Readers'")).json()["value"] == []


@pytest.mark.parametrize(
    "path", [f"directoryObjects/{JONI}", f"users('{JONI}')", "users/joni@contoso.example"]
)
async def test_a_member_is_added_and_removed_by_reference(
    api_on_both: httpx.AsyncClient, path: str
) -> None:
    place = f"/groups/{SALES}/members"

    added = await api_on_both.post(f"{place}/$ref", json=_reference(path))
    assert added.status_code == 204, added.text
    assert JONI in await _ids(api_on_both, place)

    assert (await api_on_both.delete(f"{place}/{JONI}/$ref")).status_code == 204
    assert JONI not in await _ids(api_on_both, place)
    assert (await api_on_both.delete(f"{place}/{JONI}/$ref")).status_code == 404


async def test_a_reference_that_is_there_is_refused_in_the_words_of_the_directory(
    api: httpx.AsyncClient,
) -> None:
    reply = await api.post(f"/groups/{SALES}/members/$ref", json=_reference(f"users/{ADELE}"))

    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "Request_BadRequest"
    assert reply.json()["error"]["message"] == (
        "One or more added object references already exist for the following modified "
        "properties: 'members'."
    )


@pytest.mark.parametrize(
    ("group", "member", "status"),
    [(SALES, NOBODY, 404), (NOBODY, ADELE, 404), (SALES, SALES, 400)],
)
async def test_a_member_that_cannot_be_is_refused(
    api: httpx.AsyncClient, group: str, member: str, status: int
) -> None:
    body = _reference(f"directoryObjects/{member}")

    reply = await api.post(f"/groups/{group}/members/$ref", json=body)

    assert reply.status_code == status


async def test_owners_are_added_and_removed_by_reference(api: httpx.AsyncClient) -> None:
    place = f"/groups/{SALES}/owners"

    assert (await api.post(f"{place}/$ref", json=_reference(f"users/{JONI}"))).status_code == 204
    assert await _ids(api, place) == {JONI, NESTOR}

    assert (await api.delete(f"{place}/{JONI}/$ref")).status_code == 204
    assert await _ids(api, place) == {NESTOR}
    group = await api.post(f"{place}/$ref", json=_reference(f"groups/{FINANCE}"))
    assert group.status_code == 400


async def test_members_are_filtered_cast_and_counted(api_on_both: httpx.AsyncClient) -> None:
    await api_on_both.post(f"/groups/{SALES}/members/$ref", json=_reference(f"groups/{FINANCE}"))
    place = f"/groups/{SALES}/members"

    people = await _ids(api_on_both, f"{place}/microsoft.graph.user")
    groups = await _ids(api_on_both, f"{place}/graph.group")
    chosen = await _ids(api_on_both, f"{place}/graph.user?$filter=jobTitle eq 'Head of Sales'")
    count = await api_on_both.get(f"{place}/$count", headers={"ConsistencyLevel": "eventual"})

    assert len(people) == 3
    assert groups == {FINANCE}
    assert chosen == {NESTOR}
    assert count.text == "4"


async def test_a_group_is_expanded_with_its_members(api_on_both: httpx.AsyncClient) -> None:
    options = "$filter=displayName eq 'Sales team'&$expand=members($select=id),owners"

    (group,) = (await api_on_both.get(f"/groups?{options}")).json()["value"]

    assert len(group["members"]) == 3
    assert [owner["id"] for owner in group["owners"]] == [NESTOR]


async def test_who_owns_a_group_may_change_it_and_nobody_elses(api: httpx.AsyncClient) -> None:
    owner = person("nestor", "Group.ReadWrite.All")
    body = _reference(f"users/{JONI}")

    own = await api.post(f"/groups/{SALES}/members/$ref", json=body, headers=owner)
    described = await api.patch(f"/groups/{SALES}", json={"description": "x"}, headers=owner)
    others = await api.post(f"/groups/{FINANCE}/owners/$ref", json=body, headers=owner)
    without = person("nestor", "Group.Read.All")
    scopeless = await api.patch(f"/groups/{SALES}", json={"description": "y"}, headers=without)

    assert own.status_code == 204
    assert described.status_code == 204
    assert others.status_code == 403
    assert scopeless.status_code == 403


async def test_a_person_owns_the_group_that_they_create(api: httpx.AsyncClient) -> None:
    administrator = person("grady", "Group.ReadWrite.All", admin=True)

    made = await api.post("/groups", json=NEW, headers=administrator)

    assert await _ids(api, f"/groups/{made.json()['id']}/owners") == {person_id("grady")}


async def test_members_show_only_names_to_who_may_not_read_people(
    api: httpx.AsyncClient,
) -> None:
    reader = application("GroupMember.Read.All")

    reply = await api.get(f"/groups/{SALES}/members", headers=reader)

    assert all("jobTitle" not in member for member in reply.json()["value"])
    assert {member["displayName"] for member in reply.json()["value"]} >= {"Adele Vance"}


async def test_groups_are_found_by_their_types(api_on_both: httpx.AsyncClient) -> None:
    found = await api_on_both.get("/groups?$filter=groupTypes/any(t: t eq 'Unified')")

    assert found.status_code == 200, found.text
    assert {"Unified" in group["groupTypes"] for group in found.json()["value"]} <= {True}
    others = await api_on_both.get("/groups?$filter=not groupTypes/any(t: t eq 'Unified')")
    everybody = await api_on_both.get("/groups")
    listed = len(found.json()["value"]) + len(others.json()["value"])
    assert listed == len(everybody.json()["value"])

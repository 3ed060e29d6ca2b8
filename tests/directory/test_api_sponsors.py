"""Sponsors of users, and the questions which groups somebody belongs to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from ostiary.directory.seed import group_id, person_id
from tests.directory.conftest import application, person

SALES, FINANCE, PORTAL, EVERYBODY, ADMINISTRATORS = (
    group_id(name)
    for name in (
        "Sales team",
        "Finance team",
        "Partner portal",
        "All employees",
        "IT administrators",
    )
)
ADELE, NESTOR, ROSA = (person_id(alias) for alias in ("adele", "nestor", "rosa"))
NOBODY = "00000000-0000-4000-8000-00000000dead"
PLACE = f"/users/{ROSA}/sponsors"


def _reference(path: str) -> dict[str, str]:
    return {"@odata.id": f"https://graph.microsoft.com/v1.0/{path}"}


async def _ids(api: httpx.AsyncClient, path: str) -> set[str]:
    reply = await api.get(path)
    assert reply.status_code == 200, reply.text
    return {item["id"] for item in reply.json()["value"]}


async def test_people_and_groups_become_sponsors_and_cease_to_be(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    for path in (f"users/{NESTOR}", f"groups/{SALES}"):
        added = await api.post(f"{PLACE}/$ref", json=_reference(path))
        assert added.status_code == 204, added.text
    assert await _ids(api, PLACE) == {NESTOR, SALES}
    assert await _ids(api, f"{PLACE}/microsoft.graph.group") == {SALES}
    expanded = await api.get(f"/users/{ROSA}?$expand=sponsors($select=id)")
    assert {sponsor["id"] for sponsor in expanded.json()["sponsors"]} == {NESTOR, SALES}

    assert (await api.delete(f"{PLACE}/{NESTOR}/$ref")).status_code == 204
    assert (await api.delete(f"{PLACE}/{NESTOR}/$ref")).status_code == 404
    assert await _ids(api, PLACE) == {SALES}


async def test_a_guest_is_created_with_sponsors_and_given_more(
    api_on_both: httpx.AsyncClient,
) -> None:
    guest = {
        "accountEnabled": True,
        "displayName": "Gus Guest",
        "mailNickname": "gus",
        "userPrincipalName": "gus@contoso.example",
        "passwordProfile": {"password": "unread"},
        "sponsors@odata.bind": [f"https://graph.microsoft.com/v1.0/users/{ADELE}"],
    }

    made = await api_on_both.post("/users", json=guest)
    assert made.status_code == 201, made.text
    assert "sponsors" not in made.json()
    place = f"/users/{made.json()['id']}"
    more = {"sponsors@odata.bind": [f"/groups/{SALES}"]}
    assert (await api_on_both.patch(place, json=more)).status_code == 204

    assert await _ids(api_on_both, f"{place}/sponsors") == {ADELE, SALES}


@pytest.mark.parametrize(
    ("user", "sponsor", "status"),
    [(ROSA, NOBODY, 404), (NOBODY, ADELE, 404), (ROSA, ROSA, 400)],
)
async def test_a_sponsor_that_cannot_be_is_refused(
    api: httpx.AsyncClient, user: str, sponsor: str, status: int
) -> None:
    body = _reference(f"directoryObjects/{sponsor}")

    assert (await api.post(f"/users/{user}/sponsors/$ref", json=body)).status_code == status


async def test_a_sponsor_that_is_there_is_refused_and_reading_asks_for_details(
    api: httpx.AsyncClient,
) -> None:
    await api.post(f"{PLACE}/$ref", json=_reference(f"users/{ADELE}"))

    again = await api.post(f"{PLACE}/$ref", json=_reference(f"users/{ADELE}"))

    assert again.status_code == 400
    assert again.json()["error"]["target"] == "sponsors"
    reader = application("User.ReadBasic.All")
    assert (await api.get(PLACE, headers=reader)).status_code == 403
    body = _reference(f"users/{NESTOR}")
    reader = application("User.Read.All")
    assert (await api.post(f"{PLACE}/$ref", json=body, headers=reader)).status_code == 403


async def test_a_sponsor_is_removed_by_the_url_in_the_query(api: httpx.AsyncClient) -> None:
    await api.post(f"{PLACE}/$ref", json=_reference(f"users/{ADELE}"))

    url = f"https://graph.microsoft.com/v1.0/users/{ADELE}"
    assert (await api.delete(f"{PLACE}/$ref?@id={url}")).status_code == 204

    assert await _ids(api, PLACE) == set()


async def _ask(
    api: httpx.AsyncClient, path: str, body: Any, headers: dict[str, str] | None = None
) -> list[str]:
    reply = await api.post(path, json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    assert reply.json()["@odata.context"].endswith("#Collection(Edm.String)")
    found: list[str] = reply.json()["value"]
    return found


async def test_groups_are_checked_directly_and_through_others(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    await api.post(f"/groups/{PORTAL}/members/$ref", json=_reference(f"groups/{FINANCE}"))
    asked = {"groupIds": [PORTAL.upper(), SALES, NOBODY, FINANCE]}

    for path in ("users/joni@contoso.example", f"directoryObjects/{person_id('joni')}"):
        assert await _ask(api, f"/{path}/checkMemberGroups", asked) == [PORTAL, FINANCE]
    assert await _ask(api, f"/groups/{FINANCE}/checkMemberGroups", asked) == [PORTAL]
    me = person("joni", "GroupMember.Read.All")
    assert await _ask(api, "/me/checkMemberGroups", asked, me) == [PORTAL, FINANCE]
    everything = await _ask(api, f"/users/{person_id('joni')}/getMemberGroups", {})
    assert set(everything) == {PORTAL, FINANCE, EVERYBODY}


async def test_groups_of_a_service_principal_are_found_by_its_app_id(
    api: httpx.AsyncClient,
) -> None:
    (graph,) = (
        await api.get("/servicePrincipals?$filter=displayName eq 'Microsoft Graph'")
    ).json()["value"]
    body = _reference(f"servicePrincipals/{graph['id']}")
    await api.post(f"/groups/{ADMINISTRATORS}/members/$ref", json=body)

    path = f"/servicePrincipals(appId='{graph['appId']}')/getMemberGroups"

    assert await _ask(api, path, {"securityEnabledOnly": True}) == [ADMINISTRATORS]


async def test_only_security_groups_are_given_where_that_is_asked(
    api_on_both: httpx.AsyncClient,
) -> None:
    unified = {
        "displayName": "Chat",
        "groupTypes": ["Unified"],
        "mailEnabled": True,
        "mailNickname": "chat",
        "securityEnabled": False,
        "members@odata.bind": [f"/users/{ROSA}"],
    }
    chat = (await api_on_both.post("/groups", json=unified)).json()["id"]
    path = f"/users/{ROSA}/getMemberGroups"

    assert set(await _ask(api_on_both, path, {})) == {PORTAL, chat}
    assert await _ask(api_on_both, path, {"securityEnabledOnly": True}) == [PORTAL]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (f"users/{ROSA}/checkMemberGroups", {"groupIds": [NOBODY] * 21}, 400),
        (f"users/{ROSA}/checkMemberGroups", {}, 400),
        (f"users/{NOBODY}/checkMemberGroups", {"groupIds": []}, 404),
        (f"groups/{ROSA}/getMemberGroups", {}, 404),
        (f"directoryObjects/{NOBODY}/getMemberGroups", {}, 404),
    ],
)
async def test_questions_that_have_no_answer_are_refused(
    api: httpx.AsyncClient, path: str, body: Any, status: int
) -> None:
    assert (await api.post(f"/{path}", json=body)).status_code == status


async def test_the_questions_ask_for_the_permission_to_read_members(
    api: httpx.AsyncClient,
) -> None:
    reader = application("User.Read.All")

    reply = await api.post(f"/users/{ROSA}/getMemberGroups", json={}, headers=reader)

    assert reply.status_code == 403

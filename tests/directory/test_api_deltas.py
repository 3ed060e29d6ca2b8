"""Delta queries: what there is, page by page, and what changed since."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ostiary.directory.seed import ALIASES, GROUP_NAMES, group_id, person_id
from ostiary.directory.store import journal
from ostiary.storage.database import Database
from tests.directory.conftest import application
from tests.support.clocks import FixedClock

SALES, FINANCE = group_id("Sales team"), group_id("Finance team")
ADELE, MEGAN, JONI, NESTOR = (person_id(a) for a in ("adele", "megan", "joni", "nestor"))
Json = dict[str, Any]


async def _get(api: httpx.AsyncClient, url: str, **headers: str) -> Json:
    reply = await api.get(url, headers=headers)
    assert reply.status_code == 200, reply.text
    found: Json = reply.json()
    return found


async def _pages(api: httpx.AsyncClient, url: str, size: int = 999) -> AsyncIterator[Json]:
    while url:
        page = await _get(api, url, Prefer=f"odata.maxpagesize={size}")
        assert ("@odata.nextLink" in page) != ("@odata.deltaLink" in page)
        yield page
        url = page.get("@odata.nextLink", "")


async def _round(api: httpx.AsyncClient, url: str, size: int = 999) -> tuple[list[Json], str]:
    """Follow a round to its end; give all that it told and the link to the next."""
    pages = [page async for page in _pages(api, url, size)]
    return [item for page in pages for item in page["value"]], pages[-1]["@odata.deltaLink"]


async def _member(api: httpx.AsyncClient, group: str, member: str) -> None:
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{member}"}
    assert (await api.post(f"/groups/{group}/members/$ref", json=body)).status_code == 204


def _members(items: list[Json], group: str) -> dict[str, bool]:
    """Give the members that were told of a group; False for those who left."""
    return {
        member["id"]: "@removed" not in member
        for item in items
        if item["id"] == group
        for member in item.get("members@delta", ())
    }


@pytest.mark.parametrize("name", ["delta", "delta()", "microsoft.graph.delta()", "graph.delta"])
async def test_the_first_round_lists_everybody_under_each_name(
    api: httpx.AsyncClient, name: str
) -> None:
    told, link = await _round(api, f"/users/{name}")

    assert {item["id"] for item in told} == {person_id(alias) for alias in ALIASES}
    assert {item["jobTitle"] for item in told} > {"Controller", "Accountant"}
    assert f"/v1.0/users/{name}?$deltatoken=" in link
    assert (await _round(api, link))[0] == []


@pytest.mark.parametrize("size", [1, 2, 3, 5])
async def test_the_first_round_comes_in_pages_that_list_each_member_once(
    api_on_both: httpx.AsyncClient, size: int
) -> None:
    told: dict[str, list[str]] = {}
    async for page in _pages(api_on_both, "/groups/delta?$select=members", size):
        entries = [max(len(i.get("members@delta", ())), 1) for i in page["value"]]
        assert sum(entries) <= size
        for item in page["value"]:
            members = [member["id"] for member in item.get("members@delta", ())]
            told.setdefault(item["id"], []).extend(members)

    assert told.keys() == {group_id(name) for name in GROUP_NAMES}
    for group, members in told.items():
        listed = await _get(api_on_both, f"/groups/{group}/members")
        assert sorted(members) == sorted(item["id"] for item in listed["value"])


async def test_the_first_round_lists_groups_all_of_whose_members_are_deleted(
    api_on_both: httpx.AsyncClient,
) -> None:
    members = {person_id("adele"), person_id("rosa")}
    for member in members:
        await api_on_both.delete(f"/users/{member}")

    told, _ = await _round(api_on_both, "/groups/delta", 1)

    assert {item["id"] for item in told} == {group_id(name) for name in GROUP_NAMES}
    named = {m["id"]: m for item in told for m in item.get("members@delta", ())}
    assert not members & named.keys()
    assert not [member for member in named.values() if "@removed" in member]


async def test_a_later_round_tells_of_new_changed_deleted_and_restored_users(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    _, link = await _round(api, "/users/delta")

    await api.patch(f"/users/{ADELE}", json={"jobTitle": "Director"})
    await api.delete(f"/users/{MEGAN}")
    told, link = await _round(api, link)
    assert {item["id"]: item.get("jobTitle") for item in told} == {ADELE: "Director", MEGAN: None}
    assert {"id": MEGAN, "@removed": {"reason": "changed"}} in told

    await api.post(f"/directory/deletedItems/{MEGAN}/restore")
    told, link = await _round(api, link)
    assert [item["displayName"] for item in told] == ["Megan Bowen"]

    told, again = await _round(api, link)
    assert told == []
    assert again == link


async def test_changes_of_the_manager_the_account_and_the_sessions_are_told(
    api: httpx.AsyncClient,
) -> None:
    _, link = await _round(api, "/users/delta")

    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{JONI}"}
    await api.put(f"/users/{ADELE}/manager/$ref", json=body)
    await api.patch(f"/users/{MEGAN}", json={"accountEnabled": False})
    await api.post(f"/users/{NESTOR}/revokeSignInSessions")

    told, _ = await _round(api, link)
    assert [item["id"] for item in told] == [ADELE, MEGAN, NESTOR]


@pytest.mark.parametrize("size", [1, 999])
async def test_a_later_round_tells_who_joined_and_who_left(
    api_on_both: httpx.AsyncClient, size: int
) -> None:
    api = api_on_both
    _, link = await _round(api, "/groups/delta")

    await _member(api, SALES, JONI)
    await _member(api, SALES, FINANCE)
    await api.delete(f"/groups/{SALES}/members/{ADELE}/$ref")
    await _member(api, FINANCE, ADELE)
    await api.delete(f"/groups/{FINANCE}/members/{ADELE}/$ref")
    told, _ = await _round(api, link, size)

    assert _members(told, SALES) == {JONI: True, FINANCE: True, ADELE: False}
    assert _members(told, FINANCE) == {ADELE: False}
    types = {m["@odata.type"] for item in told for m in item["members@delta"]}
    assert types == {"#microsoft.graph.user", "#microsoft.graph.group"}
    assert all(item["displayName"] for item in told)


async def test_who_is_deleted_leaves_the_groups_and_comes_back_with_the_restoration(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    _, link = await _round(api, "/groups/delta?$select=members")

    await api.delete(f"/users/{ADELE}")
    told, link = await _round(api, link)
    assert _members(told, SALES) == {ADELE: False}

    await api.post(f"/directory/deletedItems/{ADELE}/restore")
    told, link = await _round(api, link)
    assert _members(told, SALES) == {ADELE: True}

    await api.delete(f"/groups/{SALES}")
    told, link = await _round(api, link)
    assert told == [{"id": SALES, "@removed": {"reason": "changed"}}]

    await api.post(f"/directory/deletedItems/{SALES}/restore")
    told, _ = await _round(api, link)
    assert _members(told, SALES) == {ADELE: True, MEGAN: True, NESTOR: True}


async def test_what_changes_while_the_first_round_is_read_is_told_in_the_next(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    pages = _pages(api, "/users/delta", 4)
    seen = {item["id"] for item in (await anext(pages))["value"]}

    await api.patch(f"/users/{min(seen)}", json={"jobTitle": "Director"})
    await api.delete(f"/users/{max(seen)}")
    last: Json = {}
    async for page in pages:
        last = page

    told, _ = await _round(api, last["@odata.deltaLink"])
    assert {item["id"] for item in told} == {min(seen), max(seen)}


async def test_the_options_of_the_first_call_hold_for_all_rounds(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    options = f"$select=displayName&$filter=id eq '{ADELE}' or id eq '{MEGAN.upper()}'"

    told, link = await _round(api, f"/users/delta?{options}", 1)
    assert {item["id"] for item in told} == {ADELE, MEGAN}
    assert all(item.keys() == {"id", "displayName"} for item in told)

    await api.patch(f"/users/{ADELE}", json={"displayName": "Adele V."})
    await api.patch(f"/users/{JONI}", json={"displayName": "Joni S."})
    told, _ = await _round(api, link)
    assert told == [{"id": ADELE, "displayName": "Adele V."}]


async def test_members_are_not_told_where_they_were_not_selected(
    api: httpx.AsyncClient,
) -> None:
    told, link = await _round(api, "/groups/delta?$select=displayName")
    assert all(item.keys() == {"id", "displayName"} for item in told)

    await _member(api, SALES, JONI)

    assert (await _round(api, link))[0] == []


async def test_latest_gives_an_empty_page_and_the_link_for_what_comes(
    api_on_both: httpx.AsyncClient,
) -> None:
    url = "/users/delta?$select=displayName&$deltatoken=latest"

    page = await _get(api_on_both, url)
    assert page["value"] == []

    await api_on_both.patch(f"/users/{ADELE}", json={"displayName": "Adele V."})
    told, _ = await _round(api_on_both, page["@odata.deltaLink"])
    assert told == [{"id": ADELE, "displayName": "Adele V."}]


@pytest.mark.parametrize(
    ("query", "target"),
    [
        ("$expand=manager", "$expand"),
        ("$top=5", "$top"),
        ("$orderby=displayName", "$orderby"),
        ("$count=true", "$count"),
        ("$search=x", "$search"),
        ("$skip=1", "$skip"),
        ("$filter=displayName eq 'x'", "$filter"),
        ("$filter=id eq 'x' and id eq 'y'", "$filter"),
        ("$filter=" + " or ".join([f"id eq '{n}'" for n in range(51)]), "$filter"),
        ("$select=colour", "colour"),
        ("$deltatoken=nonsense", "$deltatoken"),
        ("$skiptoken=nonsense", "$skiptoken"),
        ("$skiptoken=x&$deltatoken=y", "$deltatoken"),
        ("$deltatoken=x&$select=id", "$select"),
    ],
)
async def test_what_a_delta_query_does_not_support_is_refused_by_name(
    api: httpx.AsyncClient, query: str, target: str
) -> None:
    reply = await api.get(f"/users/delta?{query}")

    assert reply.status_code == 400, reply.text
    assert reply.json()["error"]["target"] == target


async def test_a_token_serves_only_the_link_and_the_objects_that_it_was_made_for(
    api: httpx.AsyncClient,
) -> None:
    _, link = await _round(api, "/users/delta")
    token = link.partition("$deltatoken=")[2]
    forged = base64.urlsafe_b64encode(b'[1,"user",0,null,null,["__class__"],null]').decode()

    for url in (
        f"/groups/delta?$deltatoken={token}",
        f"/users/delta?$skiptoken={token}",
        f"/users/delta?$deltatoken={forged}",
    ):
        assert (await api.get(url)).status_code == 400


async def test_a_token_from_before_the_oldest_kept_change_is_gone(
    staffed: Database, clock: FixedClock, api_on_both: httpx.AsyncClient
) -> None:
    api = api_on_both
    options = f"$select=displayName&$filter=id eq '{ADELE}'"
    _, old = await _round(api, f"/users/delta?{options}")
    await api.patch(f"/users/{ADELE}", json={"city": "Kiel"})
    _, current = await _round(api, old)
    clock.advance(days=31)
    await api.patch(f"/users/{ADELE}", json={"city": "Ulm"})

    async with staffed.transaction() as conn:
        await journal.forget(conn, until=clock.now() - timedelta(days=30), limit=999)

    gone = await api.get(old)
    assert gone.status_code == 410
    assert gone.json()["error"]["code"] == "resyncRequired"
    again = gone.headers["Location"]
    assert [item["id"] for item in (await _round(api, again))[0]] == [ADELE]
    assert [item["id"] for item in (await _round(api, current))[0]] == [ADELE]


async def test_a_token_of_a_database_that_was_lost_is_gone(api: httpx.AsyncClient) -> None:
    ahead = base64.urlsafe_b64encode(b'[1,"user",999999,null,null,null,null]').decode()

    reply = await api.get(f"/users/delta?$deltatoken={ahead.rstrip('=')}")

    assert reply.status_code == 410
    assert reply.headers["Location"].endswith("/v1.0/users/delta")


async def test_delta_asks_for_the_permission_to_read_details(api: httpx.AsyncClient) -> None:
    basic = application("User.ReadBasic.All")
    members = application("GroupMember.Read.All")

    assert (await api.get("/users/delta", headers=basic)).status_code == 403
    assert (await api.get("/groups/delta", headers=basic)).status_code == 403
    assert (await api.get("/groups/delta", headers=members)).status_code == 200
    assert (await api.post("/groups/delta")).status_code == 405


async def test_applications_and_their_principals_are_told_of_as_people_are(
    api_on_both: httpx.AsyncClient,
) -> None:
    api = api_on_both
    listed, applications = await _round(api, "/applications/delta?$select=displayName,appId")
    acting, principals = await _round(api, "/servicePrincipals/delta()")
    assert listed == []
    assert {one["displayName"] for one in acting} >= {"Microsoft Graph"}
    created = (await api.post("/applications", json={"displayName": "Script"})).json()
    body = {"appId": created["appId"]}
    acts = (await api.post("/servicePrincipals", json=body)).json()

    told, applications = await _round(api, applications)
    assert told == [{name: created[name] for name in ("id", "appId", "displayName")}]
    told, principals = await _round(api, principals)
    assert [(one["id"], one["displayName"]) for one in told] == [(acts["id"], "Script")]
    await api.patch(f"/applications/{created['id']}", json={"displayName": "Renamed"})
    told, principals = await _round(api, principals)
    assert [(one["id"], one["displayName"]) for one in told] == [(acts["id"], "Renamed")]
    await api.delete(f"/applications/{created['id']}")
    gone = {"@removed": {"reason": "changed"}}
    assert (await _round(api, applications))[0] == [{"id": created["id"], **gone}]
    assert (await _round(api, principals))[0] == [{"id": acts["id"], **gone}]


async def test_a_new_secret_is_a_change_of_its_application(api: httpx.AsyncClient) -> None:
    created = (await api.post("/applications", json={"displayName": "Script"})).json()
    _, link = await _round(api, "/applications/delta")
    asked = {"passwordCredential": {"displayName": "CI"}}
    await api.post(f"/applications/{created['id']}/addPassword", json=asked)

    (told,), _ = await _round(api, link)

    assert [secret["displayName"] for secret in told["passwordCredentials"]] == ["CI"]
    assert told["passwordCredentials"][0]["secretText"] is None


async def test_delta_of_applications_asks_for_the_permission_to_read_them(
    api: httpx.AsyncClient,
) -> None:
    for name in ("applications", "servicePrincipals"):
        denied = await api.get(f"/{name}/delta", headers=application("User.Read.All"))
        allowed = await api.get(f"/{name}/delta", headers=application("Application.Read.All"))
        assert (denied.status_code, allowed.status_code) == (403, 200)

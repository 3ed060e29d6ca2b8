"""Members of members, groups of groups, reports of reports; and what lies below ``/me``."""

from __future__ import annotations

import httpx
import pytest

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.objects import Kind
from ostiary.directory.seed import group_id, person_id
from ostiary.storage.database import Database
from tests.directory.conftest import application, person
from tests.support.clocks import FixedClock

SALES, FINANCE, PORTAL, EVERYBODY = (
    group_id(name) for name in ("Sales team", "Finance team", "Partner portal", "All employees")
)
ADELE, MEGAN, NESTOR, MIRIAM, ROSA, JONI, PATTI, DIEGO = (
    person_id(alias)
    for alias in ("adele", "megan", "nestor", "miriam", "rosa", "joni", "patti", "diego")
)
READER = ("User.Read.All", "GroupMember.Read.All", "Directory.Read.All")


@pytest.fixture
async def nested(api_on_both: httpx.AsyncClient) -> httpx.AsyncClient:
    """The portal holds sales, sales holds finance, and finance holds the portal: a ring."""
    for outer, inner in ((PORTAL, SALES), (SALES, FINANCE), (FINANCE, PORTAL)):
        body = {"@odata.id": f"https://graph.microsoft.com/v1.0/groups/{inner}"}
        reply = await api_on_both.post(f"/groups/{outer}/members/$ref", json=body)
        assert reply.status_code == 204, reply.text
    return api_on_both


async def _ids(api: httpx.AsyncClient, path: str, **options: dict[str, str]) -> set[str]:
    reply = await api.get(path, **options)  # type: ignore[arg-type]  # headers alone
    assert reply.status_code == 200, reply.text
    found = [item["id"] for item in reply.json()["value"]]
    assert len(found) == len(set(found))
    return set(found)


async def test_members_of_members_are_listed_once_though_groups_form_a_ring(
    nested: httpx.AsyncClient,
) -> None:
    place = f"/groups/{PORTAL}/transitiveMembers"
    people = {ADELE, ROSA, NESTOR, MEGAN, PATTI, DIEGO, JONI}

    assert await _ids(nested, place) == people | {SALES, FINANCE}
    assert await _ids(nested, f"{place}/microsoft.graph.user") == people
    assert await _ids(nested, f"{place}/graph.group") == {SALES, FINANCE}
    assert await _ids(nested, f"{place}/graph.user?$filter=department eq 'Finance'") == {
        PATTI,
        DIEGO,
        JONI,
    }
    count = await nested.get(f"{place}/microsoft.graph.user/$count")
    assert count.text == str(len(people))


async def test_groups_of_groups_are_listed_for_people_and_groups(
    nested: httpx.AsyncClient,
) -> None:
    assert await _ids(nested, f"/users/{JONI}/memberOf") == {FINANCE, EVERYBODY}
    assert await _ids(nested, f"/users/{JONI}/transitiveMemberOf") == {
        FINANCE,
        EVERYBODY,
        SALES,
        PORTAL,
    }
    assert await _ids(nested, f"/groups/{FINANCE}/transitiveMemberOf") == {SALES, PORTAL}
    first = await nested.get(f"/users/{JONI}/transitiveMemberOf?$top=3")
    rest = await nested.get(first.json()["@odata.nextLink"])
    assert len(rest.json()["value"]) == 1


async def test_groups_of_groups_are_expanded_for_many_people_at_once(
    nested: httpx.AsyncClient,
) -> None:
    options = f"$filter=id in ('{JONI}','{ROSA}')&$expand=transitiveMemberOf($select=id)"

    reply = await nested.get(f"/users?{options}")

    found = {
        user["id"]: {group["id"] for group in user["transitiveMemberOf"]}
        for user in reply.json()["value"]
    }
    assert found == {
        JONI: {FINANCE, EVERYBODY, SALES, PORTAL},
        ROSA: {PORTAL, FINANCE, SALES},
    }


async def test_what_is_deleted_leads_nowhere(nested: httpx.AsyncClient) -> None:
    assert (await nested.delete(f"/groups/{SALES}")).status_code == 204

    assert await _ids(nested, f"/groups/{PORTAL}/transitiveMembers") == {ADELE, ROSA}
    assert await _ids(nested, f"/users/{JONI}/transitiveMemberOf") == {FINANCE, EVERYBODY}


async def test_reports_of_reports_are_listed(api_on_both: httpx.AsyncClient) -> None:
    direct = await _ids(api_on_both, f"/users/{MIRIAM}/directReports")
    every = await _ids(api_on_both, f"/users/{MIRIAM}/transitiveReports")

    assert NESTOR in direct
    assert ADELE not in direct
    assert {NESTOR, ADELE, MEGAN, PATTI} < every
    assert len(every) == 10
    assert await _ids(api_on_both, f"/users/{ADELE}/transitiveReports") == set()


async def test_below_me_lies_what_lies_below_the_signed_in_user(
    api_on_both: httpx.AsyncClient,
) -> None:
    me = {"headers": person("nestor", *READER)}

    manager = await api_on_both.get("/me/manager", **me)  # type: ignore[arg-type]  # headers
    assert manager.json()["id"] == MIRIAM
    assert ADELE in await _ids(api_on_both, "/me/directReports", **me)
    assert await _ids(api_on_both, "/me/memberOf", **me) == {SALES, EVERYBODY}
    assert SALES in await _ids(api_on_both, "/me/transitiveMemberOf/graph.group", **me)
    assert await _ids(api_on_both, "/me/ownedObjects", **me) == {SALES, PORTAL}
    expanded = await api_on_both.get("/me?$select=id&$expand=manager", **me)  # type: ignore[arg-type]  # headers
    assert expanded.json()["manager"]["id"] == MIRIAM
    name = await api_on_both.get("/me/displayName/$value", **me)  # type: ignore[arg-type]  # headers
    assert name.text == "Nestor Wilke"


async def test_below_me_the_same_permissions_hold_as_below_a_user(
    api: httpx.AsyncClient,
) -> None:
    narrow = person("nestor", "User.Read")

    assert (await api.get("/me", headers=narrow)).status_code == 200
    assert (await api.get("/me/memberOf", headers=narrow)).status_code == 403
    assert (await api.get("/me?$expand=manager", headers=narrow)).status_code == 403
    assert (await api.patch("/me", json={"city": "Kiel"}, headers=narrow)).status_code == 403
    everything = application("Directory.ReadWrite.All")
    assert (await api.get("/me/memberOf", headers=everything)).status_code == 400


async def test_a_signed_in_person_who_is_deleted_is_not_found(
    memory: Database, clock: FixedClock, api: httpx.AsyncClient
) -> None:
    async with memory.transaction() as conn:
        await changes.delete_objects(conn, Kind.USER, [NESTOR], now=clock.now(), actor=SYSTEM)

    reply = await api.get("/me/memberOf", headers=person("nestor", *READER))

    assert reply.status_code == 404

"""Members of members, groups of groups, reports of reports; and what lies below ``/me``."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.objects import Kind
from ostiary.directory.seed import GROUP_NAMES, group_id, person_id
from ostiary.directory.tables import memberships
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


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (f"transitiveMemberOf/any(g: g/id eq '{PORTAL}')", {PATTI, DIEGO, JONI, NESTOR, MEGAN}),
        (f"memberOf/any(g: g/id eq '{PORTAL}')", set()),
        ("memberOf/any(g: startswith(g/displayName,'Fin'))", {PATTI, DIEGO, JONI}),
        (
            "transitiveMemberOf/any(g: startswith(g/displayName,'Fin'))",
            {PATTI, DIEGO, JONI, NESTOR, MEGAN},
        ),
        (f"not transitiveMemberOf/any(g: g/id in ('{PORTAL}','{FINANCE}'))", {MIRIAM}),
        ("transitiveMemberOf/all(g: g/displayName eq 'All employees')", {MIRIAM}),
        (f"transitiveReports/any(u: u/id eq '{MEGAN}')", {MIRIAM, NESTOR}),
        (f"transitiveReports/any() and manager/id eq '{MIRIAM}'", {NESTOR, PATTI}),
    ],
)
async def test_people_are_found_by_relations_that_are_worked_out(
    nested: httpx.AsyncClient, condition: str, expected: set[str]
) -> None:
    """Among people of whom none is a direct member of the portal."""
    among = ",".join(f"'{key}'" for key in (PATTI, DIEGO, JONI, NESTOR, MEGAN, MIRIAM))

    found = await _ids(nested, f"/users?$filter=id in ({among}) and {condition}")

    assert found == expected


async def test_a_group_in_a_ring_is_no_member_of_itself(nested: httpx.AsyncClient) -> None:
    inside = f"transitiveMemberOf/any(g: g/id eq '{PORTAL}')"
    holding = f"transitiveMembers/any(m: m/id eq '{PORTAL}')"

    assert await _ids(nested, f"/groups?$filter={inside}") == {SALES, FINANCE}
    assert await _ids(nested, f"/groups?$filter={holding}") == {SALES, FINANCE}
    assert PORTAL in await _ids(nested, f"/groups?$filter=not {inside}")
    count = await nested.get(f"/groups/$count?$filter={holding}")
    assert count.text == "2"


async def test_members_of_members_are_filtered_counted_sorted_and_paged(
    nested: httpx.AsyncClient,
) -> None:
    place = f"/groups/{PORTAL}/transitiveMembers"
    options = "$filter=department eq 'Finance'&$orderby=displayName&$count=true&$top=2"

    first = (await nested.get(f"{place}?{options}")).json()
    rest = (await nested.get(first["@odata.nextLink"])).json()

    names = [item["displayName"] for item in first["value"] + rest["value"]]
    assert first["@odata.count"] == len(names) == 3
    assert names == sorted(names)
    narrowed = f"{place}/graph.user?$filter=memberOf/any(g: g/id eq '{FINANCE}')"
    assert (await nested.get(narrowed)).status_code == 400  # objects of any kind have no relations


async def test_a_filter_through_memberships_needs_the_permission_to_read_them(
    api: httpx.AsyncClient,
) -> None:
    condition = f"transitiveMemberOf/any(g: g/id eq '{PORTAL}')"
    narrow = {"headers": application("User.Read.All")}

    reply = await api.get(f"/users?$filter={condition}", **narrow)  # type: ignore[arg-type]  # headers

    assert reply.status_code == 403


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


GROUPS = [group_id(name) for name in GROUP_NAMES]
NODES = [*GROUPS, ADELE, MEGAN]


def reachable(edges: set[tuple[str, str]], start: str) -> set[str]:
    """Follow edges from ``start`` in plain Python; it is not linked to itself."""
    found: set[str] = set()
    pending = [start]
    while pending:
        at = pending.pop()
        further = {to for origin, to in edges if origin == at} - found
        found |= further
        pending += further
    return found - {start}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    edges=st.sets(st.tuples(st.sampled_from(GROUPS), st.sampled_from(NODES)), max_size=9),
    wanted=st.sets(st.sampled_from(NODES), min_size=1, max_size=2),
    op=st.sampled_from(["any", "all"]),
    way=st.sampled_from(["transitiveMembers", "transitiveMemberOf"]),
)
async def test_any_web_of_groups_is_filtered_as_it_would_be_walked(
    staffed: Database,
    api_on_both: httpx.AsyncClient,
    edges: set[tuple[str, str]],
    wanted: set[str],
    op: str,
    way: str,
) -> None:
    edges = {(outer, inner) for outer, inner in edges if outer != inner}
    async with staffed.transaction() as conn:
        await conn.execute(delete(memberships))
        now = {"added_at": datetime(2026, 1, 5, tzinfo=UTC)}
        rows = [{"group_id": outer, "member_id": inner, **now} for outer, inner in edges]
        if rows:
            await conn.execute(insert(memberships), rows)
    keys = ",".join(f"'{key}'" for key in sorted(wanted))

    found = await _ids(api_on_both, f"/groups?$filter={way}/{op}(x: x/id in ({keys}))")

    ways = edges if way == "transitiveMembers" else {(inner, outer) for outer, inner in edges}
    quantify = any if op == "any" else all
    assert found == {
        group for group in GROUPS if quantify(x in wanted for x in reachable(ways, group))
    }

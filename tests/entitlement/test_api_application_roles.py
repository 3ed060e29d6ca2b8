"""Roles of applications that packages hand out, through the API."""

from __future__ import annotations

from ostiary.directory import changes, model, store
from ostiary.directory.model import AppRole
from ostiary.entitlement.roles import Role
from tests.entitlement.house import ROLES, House
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.entitlement.resources import (
    READER,
    SALES,
    WRITE,
    granted,
    of_application,
    register,
    request,
    resource_of,
    role,
)
from tests.support.callers import application, person


async def test_a_role_of_an_application_is_given_and_taken(house: House) -> None:
    alice = await house.person("alice")
    _, principal = await register(house, role(SALES, "Sales"), role(READER, "Reader"))
    catalog = await house.catalog()
    await house.take_in(catalog, of_application(principal.upper()))
    package = await house.package(catalog)
    await house.hand_out(package, of_application(principal), SALES.upper())

    made = await house.assign(alice, package, await house.policy(package))
    await house.settle()

    assert (await house.standing(made))[0] == "delivered"
    assert await granted(house, alice) == {SALES}
    await house.remove((await house.assignment_of(made))["id"])
    await house.settle()
    assert await granted(house, alice) == set()


async def test_a_role_that_the_application_lost_is_given_when_it_is_back(house: House) -> None:
    alice = await house.person("alice")
    registered, principal = await register(house, role(SALES, "Sales"))
    catalog = await house.catalog()
    await house.take_in(catalog, of_application(principal))
    package = await house.package(catalog)
    await house.hand_out(package, of_application(principal), SALES)
    await set_roles(house, registered, role(SALES, "Sales", enabled=False))

    made = await house.assign(alice, package, await house.policy(package))
    await house.settle()
    assert (await house.standing(made))[0] == "delivering"
    await set_roles(house, registered, role(SALES, "Sales"))
    house.clock.advance(minutes=1)
    await house.settle()

    assert (await house.standing(made))[0] == "delivered"
    assert await granted(house, alice) == {SALES}


async def set_roles(house: House, registered: str, *roles: AppRole) -> None:
    """Give an application other roles."""
    async with house.database.transaction() as conn:
        before = (await store.applications(conn, [registered]))[registered]
        after = model.Application(
            id=before.id,
            app_id=before.app_id,
            display_name=before.display_name,
            created_date_time=before.created_date_time,
            app_roles=list(roles),
        )
        now = house.clock.now()
        await changes.update_applications(conn, [(before, after)], now=now, actor=ADMINISTRATOR)


async def test_an_application_offers_its_roles_for_people_or_plain_access(lodge: House) -> None:
    other = role(READER, "Machine", kinds=("Application",))
    _, crm = await register(lodge, role(SALES, "Sales"), other)
    _, wiki = await register(lodge, name="Wiki")
    catalog, second = await lodge.catalog(), await lodge.catalog("Second")
    await lodge.take_in(catalog, of_application(crm))
    await lodge.take_in(second, of_application(wiki))

    offered = [await resource_of(lodge, one) for one in (catalog, second)]

    names = [[one["displayName"] for one in resource["roles"]] for resource in offered]
    assert names == [["Sales"], ["Default Access"]]
    assert offered[1]["roles"][0]["originId"] == "00000000-0000-0000-0000-000000000000"
    assert offered[0]["scopes"][0]["originId"] == crm


async def test_an_application_needs_somebody_who_has_a_say_over_it(house: House) -> None:
    owner, catalog = await house.person("owner"), await house.catalog()
    registered, principal = await register(house, role(SALES, "Sales"))
    scope = f"/AccessPackageCatalog/{catalog}"
    grant = {"principalId": owner, "roleDefinitionId": Role.CATALOG_OWNER, "appScopeId": scope}
    await house.post(f"{ROLES}/roleAssignments", grant)
    body = request("adminAdd", catalog, of_application(principal))

    for headers in (person(owner, WRITE), application(WRITE)):
        _, message, _ = await house.refused(
            "POST", "resourceRequests", body, status=403, headers=headers
        )
        assert "own the application" in message
    await house.owns(owner, registered)

    await house.post("resourceRequests", body, headers=person(owner, WRITE))

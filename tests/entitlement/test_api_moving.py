"""Packages that move to another catalog, and the search functions of beta."""

from __future__ import annotations

from tests.entitlement.house import BETA, House, calls
from tests.support.callers import application

NOBODY = "00000000-0000-4000-8000-00000000dead"


async def take_in(house: House, catalog: str, group: str) -> None:
    await house.take_in(catalog, {"originId": group, "originSystem": "AadGroup"})


async def test_a_package_moves_with_everything_and_nobody_loses_anything(house: House) -> None:
    old, new = await house.catalog("Old"), await house.catalog("New")
    group = await house.group("sales")
    package = await house.package(old, group)
    policy = await house.policy(package)
    alice, bob = await house.person("alice"), await house.person("bob")
    request = await house.assign(alice, package, policy)
    await house.settle()
    before = await house.values(f"accessPackages/{package}/resourceRoleScopes")
    await take_in(house, new, group)
    waiting = await house.ask(bob, package, policy)

    move = f"{BETA}/accessPackages/{package}/moveToCatalog"
    await house.post(move, {"catalogId": new}, status=200)
    await house.settle()
    await house.post(move, {"catalogId": new.upper()}, status=200)

    assert await house.members(group) == {alice, bob}
    assert (await house.standing(waiting))[0] == "delivered"
    after = await house.values(f"accessPackages/{package}/resourceRoleScopes?$expand=role,scope")
    assert [one["role"]["originId"] for one in after] == [f"Member_{group}"]
    assert after[0]["id"] not in [one["id"] for one in before]
    path = f"{BETA}/accessPackages/{package}/accessPackageResourceRoleScopes"
    (scope,) = await house.values(path)
    assert scope["createdBy"] == scope["modifiedBy"] == "an-app"
    assert scope["createdDateTime"] == scope["modifiedDateTime"]
    for path in ("accessPackages", "assignmentPolicies"):
        (found,) = await house.values(f"{path}?$expand=catalog")
        assert found["catalog"]["id"] == new, path
    held = await house.get(f"{BETA}/accessPackageAssignments")
    assert {one["catalogId"] for one in held["value"]} == {new}
    roles = (await house.get(f"{BETA}/accessPackageAssignmentResourceRoles"))["value"]
    assert [one["status"] for one in roles] == ["Fulfilled", "Fulfilled"]
    await house.call("DELETE", f"catalogs/{old}", status=204)

    assignment = (await house.assignment_of(request))["id"]
    await house.remove(assignment)
    await house.settle()
    assert await house.members(group) == {bob}


async def test_a_package_stays_where_the_other_catalog_lacks_something(house: House) -> None:
    old, new = await house.catalog("Old"), await house.catalog("New")
    group = await house.group("sales")
    package = await house.package(old, group)
    extension = await house.extension(old)
    stage = calls(("assignmentRequestCreated", extension))
    await house.policy(package, displayName="Checked", customExtensionStageSettings=stage)
    move = f"{BETA}/accessPackages/{package}/moveToCatalog"

    code, message, target = await house.refused("POST", move, {"catalogId": new})
    assert (code, target) == ("OperationNotAllowed", "catalogId")
    assert "does not have the resources: sales" in message

    await take_in(house, new, group)
    code, message, _ = await house.refused("POST", move, {"catalogId": new})
    assert code == "OperationNotAllowed"
    assert "Checked" in message

    _, _, target = await house.refused("POST", move, {"catalogId": NOBODY})
    assert target == "catalogId"
    there = f"{BETA}/accessPackages/{NOBODY}/moveToCatalog"
    await house.refused("POST", there, {"catalogId": new}, status=404)


async def test_whoever_moves_a_package_manages_both_catalogs(cottage: House) -> None:
    old, new = await cottage.catalog("Old"), await cottage.catalog("New")
    package = await cottage.package(old)
    manager = await cottage.service_principal("manager")
    own = application(id=manager)
    move = f"{BETA}/accessPackages/{package}/moveToCatalog"

    for catalog, status in [(old, 403), (new, 200)]:
        body = {
            "principalId": manager,
            "roleDefinitionId": "7f480852-ebdc-47d4-87de-0d8498384a83",
            "appScopeId": f"/AccessPackageCatalog/{catalog}",
        }
        await cottage.post("/v1.0/roleManagement/entitlementManagement/roleAssignments", body)
        await cottage.post(move, {"catalogId": new}, status=status, headers=own)


async def test_search_gives_what_the_other_options_leave(cottage: House) -> None:
    catalog = await cottage.catalog("Sales")
    await cottage.package(catalog, name="Laptop")
    await cottage.package(catalog, name="Badge")

    async def names(path: str) -> list[str]:
        return sorted(one["displayName"] for one in await cottage.values(f"{BETA}/{path}"))

    assert await names("accessPackages/Search()") == ["Badge", "Laptop"]
    assert await names('accessPackages/microsoft.graph.search()?$search="lap"') == ["Laptop"]
    assert await names("accessPackageCatalogs/Search()?$filter=displayName eq 'Sales'") == ["Sales"]

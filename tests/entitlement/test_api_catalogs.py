"""Catalogs, packages and resources through the API."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.entitlement.roles import Role
from tests.entitlement.house import BETA, EM, ROLES, House
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.support.callers import application, person

WRITE = "EntitlementManagement.ReadWrite.All"
READ = "EntitlementManagement.Read.All"


async def grant(house: House, who: str, role: Role, scope: str) -> str:
    body = {"principalId": who, "roleDefinitionId": role.value, "appScopeId": scope}
    return str((await house.post(f"{ROLES}/roleAssignments", body))["id"])


async def test_there_is_one_built_in_catalog_however_often_the_server_starts(
    house: House,
) -> None:
    await house.start()

    (general,) = await house.values("catalogs")

    assert (general["displayName"], general["catalogType"]) == ("General", "serviceDefault")
    await house.refused("DELETE", f"catalogs/{general['id']}")


async def test_a_catalog_is_made_changed_and_deleted(cottage: House) -> None:
    made = await cottage.post("catalogs", {"displayName": "sales", "isExternallyVisible": "false"})
    path = f"catalogs/{made['id']}"

    assert (made["state"], made["catalogType"], made["isExternallyVisible"]) == (
        "published",
        "userManaged",
        False,
    )
    await cottage.call("PATCH", path, {"state": "unpublished", "description": "x"}, status=204)
    shown = await cottage.get(f"{BETA}/accessPackageCatalogs/{made['id']}")
    assert (shown["catalogStatus"], shown["catalogType"]) == ("Unpublished", "UserManaged")
    assert "state" not in shown
    await cottage.call("DELETE", path, status=204)
    await cottage.get(path, status=404)


async def test_a_catalog_with_packages_stays(cottage: House) -> None:
    catalog = await cottage.catalog()
    await cottage.package(catalog, name="CRM")

    code, message, _ = await cottage.refused("DELETE", f"catalogs/{catalog}")

    assert code == "OperationNotAllowed"
    assert "CRM" in message


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({}, "displayName"),
        ({"displayName": "  "}, "displayName"),
        ({"displayName": "x", "state": "open"}, "state"),
        ({"displayName": "x", "catalogType": "serviceDefault"}, "catalogType"),
        ({"displayName": "x", "owner": "me"}, "owner"),
    ],
)
async def test_what_is_wrong_with_a_catalog_is_named(
    cottage: House, body: dict[str, Any], target: str
) -> None:
    code, _, named = await cottage.refused("POST", "catalogs", body)

    assert (code, named) == ("InvalidModel", target)


async def test_whoever_makes_a_catalog_owns_it(house: House) -> None:
    creator, other = await house.person("creator"), await house.person("other")
    await grant(house, creator, Role.CATALOG_CREATOR, "/")
    headers = person(creator, WRITE)
    await house.refused(
        "POST", "catalogs", {"displayName": "x"}, status=403, headers=person(other, WRITE)
    )

    made = await house.post("catalogs", {"displayName": "mine"}, headers=headers)

    path = f"catalogs/{made['id']}"
    assert [c["displayName"] for c in await house.values("catalogs", headers=headers)] == ["mine"]
    await house.call("PATCH", path, {"description": "x"}, status=204, headers=headers)
    await house.get(path, status=403, headers=person(other, READ))
    roles = await house.values(f"{ROLES}/roleAssignments", headers=headers)
    assert {role["roleDefinitionId"] for role in roles} == {
        Role.CATALOG_CREATOR,
        Role.CATALOG_OWNER,
    }


async def test_a_role_counts_in_its_own_catalog_only_and_ends_when_it_is_taken_away(
    house: House,
) -> None:
    manager = await house.person("manager")
    mine, other = await house.catalog("Mine"), await house.catalog("Other")
    scope = f"/AccessPackageCatalog/{mine}"
    role = await grant(house, manager, Role.PACKAGE_MANAGER, scope)
    headers = person(manager, WRITE)
    body = {"displayName": "x", "catalog": {"id": mine}}

    package = await house.post("accessPackages", body, headers=headers)
    bound = {"displayName": "y", "catalog@odata.bind": f"{EM}/catalogs/{other}"}
    await house.refused("POST", "accessPackages", bound, status=403, headers=headers)
    await house.refused("DELETE", f"catalogs/{mine}", status=403, headers=headers)
    await house.call("DELETE", f"{ROLES}/roleAssignments/{role}", status=204)
    path = f"accessPackages/{package['id']}"
    await house.refused("PATCH", path, {"isHidden": True}, status=403, headers=headers)


async def test_a_group_that_holds_a_role_gives_it_to_its_members(cottage: House) -> None:
    member, team = await cottage.person("member"), await cottage.group("team")
    await cottage.join(team, member)
    catalog = await cottage.catalog()
    await grant(cottage, team, Role.CATALOG_READER, f"/AccessPackageCatalog/{catalog}")

    shown = await cottage.values("catalogs", headers=person(member, READ))

    assert [one["id"] for one in shown] == [catalog]


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"appScopeId": "/"}, "roleDefinitionId"),
        ({"roleDefinitionId": Role.CATALOG_OWNER, "appScopeId": "/"}, "appScopeId"),
        (
            {
                "roleDefinitionId": Role.CATALOG_CREATOR,
                "appScopeId": "/AccessPackageCatalog/x",
            },
            "appScopeId",
        ),
        (
            {"roleDefinitionId": Role.CATALOG_CREATOR, "appScopeId": "/", "principalId": "x"},
            "principalId",
        ),
    ],
)
async def test_what_is_wrong_with_a_role_assignment_is_named(
    cottage: House, body: dict[str, Any], target: str
) -> None:
    code, _, named = await cottage.refused("POST", f"{ROLES}/roleAssignments", body)

    assert (code, named) == ("InvalidModel", target)


async def test_role_definitions_and_principals_can_be_looked_up(cottage: House) -> None:
    who = await cottage.person("alice")
    catalog = await cottage.catalog()
    scope = f"/AccessPackageCatalog/{catalog}"
    await grant(cottage, who, Role.ASSIGNMENT_MANAGER, scope)

    path = f"{ROLES}/roleAssignments?$filter=appScopeId eq '{scope}' and principalId eq '{who}'"
    (found,) = await cottage.values(f"{path}&$expand=principal,roleDefinition")
    definitions = await cottage.values(f"{ROLES}/roleDefinitions")

    assert found["roleDefinition"]["displayName"] == "Access package assignment manager"
    assert found["principal"]["id"] == who
    assert {one["id"] for one in definitions} == {role.value for role in Role}


async def test_a_package_names_its_catalog_in_every_documented_way(cottage: House) -> None:
    catalog = await cottage.catalog()
    named: list[dict[str, Any]] = [
        {"catalog": {"id": catalog}},
        {"catalog@odata.bind": f"https://graph.microsoft.com/v1.0/x/catalogs/{catalog}"},
        {"catalogId": catalog},
        {"accessPackageCatalog": {"id": catalog}},
    ]

    for body in named:
        made = await cottage.post("accessPackages", {"displayName": "CRM", **body})
        path = f"accessPackages/{made['id']}?$expand=catalog"
        assert (await cottage.get(path))["catalog"]["id"] == catalog
    code, _, target = await cottage.refused("POST", "accessPackages", {"displayName": "CRM"})
    assert (code, target) == ("InvalidModel", "catalog")
    many = await cottage.values(f"catalogs/{catalog}/accessPackages")
    assert len(many) == len(named)


async def test_a_package_is_changed_and_deleted_but_not_moved(cottage: House) -> None:
    catalog, other = await cottage.catalog(), await cottage.catalog("Other")
    package = await cottage.package(catalog)
    path = f"accessPackages/{package}"

    await cottage.call("PATCH", path, {"isHidden": True, "description": "x"}, status=204)
    assert (await cottage.get(path))["isHidden"]
    await cottage.refused("PATCH", path, {"catalog": {"id": other}})
    await cottage.policy(package)
    await cottage.call("DELETE", path, status=204)
    await cottage.get(path, status=404)


async def test_a_package_that_somebody_has_stays(cottage: House) -> None:
    alice = await cottage.person("alice")
    package = await cottage.package(await cottage.catalog())
    policy = await cottage.policy(package)
    await cottage.assign(alice, package, policy)

    for path in (f"accessPackages/{package}", f"assignmentPolicies/{policy}"):
        assert (await cottage.refused("DELETE", path))[0] == "OperationNotAllowed"
    await cottage.settle()
    assert (await cottage.refused("DELETE", f"accessPackages/{package}"))[0] == (
        "OperationNotAllowed"
    )


async def test_a_group_is_taken_into_a_catalog_with_its_roles_and_scope(house: House) -> None:
    catalog, group = await house.catalog(), await house.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup"}
    body = {"requestType": "adminAdd", "resource": resource, "catalog": {"id": catalog}}

    request = await house.post("resourceRequests", body)

    assert request["state"] == "delivered"
    (kept,) = await house.values(f"catalogs/{catalog}/resources?$expand=roles,scopes")
    assert kept["displayName"] == "sales"
    assert {role["originId"] for role in kept["roles"]} == {f"Member_{group}", f"Owner_{group}"}
    (scope,) = kept["scopes"]
    assert (scope["isRootScope"], scope["originId"]) == (True, group)
    query = f"$filter=(originSystem eq 'AadGroup' and resource/id eq '{kept['id']}')"
    roles = await house.values(f"catalogs/{catalog}/resourceRoles?{query}&$expand=resource")
    assert {role["resource"]["id"] for role in roles} == {kept["id"]}
    assert (await house.refused("POST", "resourceRequests", body))[0] == (
        "ResourceAlreadyOnboarded"
    )


async def test_beta_names_do_the_same(cottage: House) -> None:
    catalog, group = await cottage.catalog(), await cottage.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup", "resourceType": "AadGroup"}
    body = {"requestType": "AdminAdd", "catalogId": catalog, "accessPackageResource": resource}

    made = await cottage.post(f"{BETA}/accessPackageResourceRequests", body)

    assert (made["requestState"], made["requestStatus"]) == ("Delivered", "Fulfilled")
    path = f"{BETA}/accessPackageCatalogs/{catalog}/accessPackageResources"
    (kept,) = await cottage.values(f"{path}?$expand=accessPackageResourceScopes")
    assert kept["accessPackageResourceScopes"][0]["isRootScope"]
    assert kept["addedOn"]


async def test_resources_that_do_not_fit_are_refused(cottage: House) -> None:
    catalog = await cottage.catalog()

    async def refused(resource: Any, *, status: int = 400, **more: Any) -> str:
        body = {"requestType": "adminAdd", "resource": resource, "catalog": {"id": catalog}}
        found = await cottage.refused("POST", "resourceRequests", body | more, status=status)
        return found[0]

    unknown = {"originId": "nobody", "originSystem": "AadGroup"}
    site = {"originId": "https://x", "originSystem": "SharePointOnline"}
    assert await refused(unknown) == "ResourceNotFoundInOriginSystem"
    assert await refused(site, status=501) == "NotImplemented"
    assert await refused(None) == "InvalidModel"
    assert await refused(unknown, catalog=None) == "InvalidModel"
    assert await refused(unknown, catalog={"id": "none"}, status=404) == "ResourceNotFound"


async def test_whoever_adds_a_group_needs_a_say_over_it(house: House) -> None:
    owner, group, catalog = (
        await house.person("owner"),
        await house.group("sales"),
        await house.catalog(),
    )
    await grant(house, owner, Role.CATALOG_OWNER, f"/AccessPackageCatalog/{catalog}")
    resource = {"originId": group, "originSystem": "AadGroup"}
    body = {"requestType": "adminAdd", "resource": resource, "catalog": {"id": catalog}}

    for headers in (person(owner, WRITE), application(WRITE)):
        code, message, _ = await house.refused(
            "POST", "resourceRequests", body, status=403, headers=headers
        )
        assert code == "Authorization_RequestDenied"
        assert "own the group" in message
    await house.owns(owner, group)

    await house.post("resourceRequests", body, headers=person(owner, WRITE))


async def test_a_resource_leaves_its_catalog_when_no_package_uses_it(cottage: House) -> None:
    catalog, group = await cottage.catalog(), await cottage.group("sales")
    package = await cottage.package(catalog, group)
    resource = {"originId": group, "originSystem": "AadGroup"}
    body = {"requestType": "adminRemove", "resource": resource, "catalog": {"id": catalog}}
    assert (await cottage.refused("POST", "resourceRequests", body))[0] == "OperationNotAllowed"

    (held,) = await cottage.values(f"accessPackages/{package}/resourceRoleScopes")
    path = f"accessPackages/{package}/resourceRoleScopes/{held['id']}"
    await cottage.call("DELETE", path, status=204)
    await cottage.post("resourceRequests", body)

    assert await cottage.values(f"catalogs/{catalog}/resources") == []


async def test_a_role_of_a_package_is_named_by_ids_or_by_origin(cottage: House) -> None:
    catalog, group = await cottage.catalog(), await cottage.group("sales")
    package = await cottage.package(catalog, group)
    path = f"accessPackages/{package}?$expand=resourceRoleScopes($expand=role,scope)"

    (held,) = (await cottage.get(path))["resourceRoleScopes"]

    role, scope = held["role"], held["scope"]
    assert held["id"] == f"{role['id']}_{scope['id']}"
    assert role["originId"] == f"Member_{group}"
    again = {"role": {"id": role["id"]}, "scope": {"id": scope["id"]}}
    where = f"accessPackages/{package}/resourceRoleScopes"
    assert (await cottage.refused("POST", where, again))[0] == "OperationNotAllowed"
    other = {"role": {"originId": "Member_x", "originSystem": "AadGroup"}, "scope": again["scope"]}
    assert (await cottage.refused("POST", where, other))[2] == "role"
    assert (await cottage.refused("POST", where, {"scope": again["scope"]}))[2] == "role"


async def test_everybody_needs_a_permission(cottage: House) -> None:
    for headers in (application(), person(ADMINISTRATOR.id, "User.Read")):
        code, message, _ = await cottage.refused("GET", "catalogs", status=403, headers=headers)
        assert code == "Authorization_RequestDenied"
        assert "EntitlementManagement.Read.All" in message

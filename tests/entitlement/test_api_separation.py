"""Separation of duties: what nobody may have together with a package."""

from __future__ import annotations

from typing import Any

from ostiary.entitlement.roles import Role
from ostiary.identity.catalogue import GLOBAL_READER
from tests.entitlement.house import BASE, BETA, EM, ROLES, SUBJECT, House
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.support.callers import application, person

SALES, AUDIT = "Sales", "Audit"


async def two_packages(house: House) -> tuple[str, str, str, str]:
    """Give two packages and a policy of each."""
    catalog = await house.catalog()
    sales = await house.package(catalog, await house.group("sales"), name=SALES)
    audit = await house.package(catalog, await house.group("audit"), name=AUDIT)
    return sales, await house.policy(sales), audit, await house.policy(audit)


async def exclude(house: House, package: str, other: str, **options: Any) -> None:
    body = {"@odata.id": f"{BASE}{EM}/accessPackages/{other}"}
    path = f"accessPackages/{package}/incompatibleAccessPackages/$ref"
    await house.post(path, body, status=204, **options)


async def exclude_group(house: House, package: str, group: str) -> None:
    body = {"@odata.id": f"{BASE}/v1.0/groups/{group}"}
    await house.post(f"accessPackages/{package}/incompatibleGroups/$ref", body, status=204)


def wanting(kind: str, package: str, policy: str, **more: str) -> dict[str, Any]:
    assignment = {"accessPackageId": package, "assignmentPolicyId": policy, **more}
    return {"requestType": kind, "assignment": assignment}


async def test_what_is_referred_to_already_is_refused(house: House) -> None:
    sales, _, audit, _ = await two_packages(house)
    group = await house.group("auditors")
    await exclude(house, sales, audit)
    await exclude_group(house, sales, group)

    for navigation, url in [
        ("incompatibleAccessPackages", f"{BASE}{EM}/accessPackages/{audit}"),
        ("incompatibleGroups", f"{BASE}/v1.0/groups/{group}"),
    ]:
        path = f"accessPackages/{sales}/{navigation}/$ref"
        code, message, target = await house.refused("POST", path, {"@odata.id": url})
        assert (code, target) == ("Request_BadRequest", navigation)
        assert "already exist" in message


async def test_references_name_packages_where_they_stand(house: House) -> None:
    sales, _, audit, _ = await two_packages(house)
    await exclude(house, sales, audit)

    (named,) = await house.values(f"accessPackages/{sales}/incompatibleAccessPackages/$ref")
    (reverse,) = await house.values(f"accessPackages/{audit}/accessPackagesIncompatibleWith/$ref")

    assert named == {"@odata.id": f"{BASE}{EM}/accessPackages/{audit}"}
    assert reverse == {"@odata.id": f"{BASE}{EM}/accessPackages/{sales}"}
    assert (await house.get(named["@odata.id"].removeprefix(BASE)))["displayName"] == AUDIT


async def test_what_excludes_a_package_is_listed_there_and_the_other_way_round(
    house: House,
) -> None:
    sales, _, audit, _ = await two_packages(house)
    group = await house.group("auditors")
    await exclude(house, sales, audit)
    await exclude_group(house, sales, group)

    async def names(path: str) -> list[str]:
        return [one["displayName"] for one in await house.values(f"accessPackages/{path}")]

    assert await names(f"{sales}/incompatibleAccessPackages") == [AUDIT]
    assert await names(f"{sales}/incompatibleAccessPackages?$filter=displayName eq 'x'") == []
    assert await names(f"{sales}/accessPackagesIncompatibleWith") == []
    assert await names(f"{audit}/accessPackagesIncompatibleWith") == [SALES]
    assert await names(f"{audit}/incompatibleAccessPackages") == []
    assert await names(f"{sales}/incompatibleGroups?$select=displayName") == ["auditors"]
    found = await house.get(
        f"{BETA}/accessPackages/{sales}?$expand=incompatibleAccessPackages,incompatibleGroups"
    )
    assert [one["id"] for one in found["incompatibleAccessPackages"]] == [audit]
    assert [one["id"] for one in found["incompatibleGroups"]] == [group]
    any_ = f"accessPackages?$filter=incompatibleAccessPackages/any(p: p/id eq '{audit}')"
    assert [one["id"] for one in await house.values(any_)] == [sales]

    await house.call(
        "DELETE", f"accessPackages/{sales}/incompatibleAccessPackages/{audit}/$ref", status=204
    )
    named = f"$ref?@id={BASE}/v1.0/groups/{group}"
    await house.call("DELETE", f"accessPackages/{sales}/incompatibleGroups/{named}", status=204)

    assert await names(f"{sales}/incompatibleAccessPackages") == []
    assert await names(f"{sales}/incompatibleGroups") == []


async def test_what_cannot_exclude_is_refused(cottage: House) -> None:
    sales, _, audit, _ = await two_packages(cottage)
    alice = await cottage.person("alice")
    packages = f"accessPackages/{sales}/incompatibleAccessPackages"
    groups = f"accessPackages/{sales}/incompatibleGroups"
    nobody = "00000000-0000-4000-8000-00000000dead"

    for path, url, said in [
        (packages, f"{EM}/accessPackages/{sales}", "with itself"),
        (packages, f"{EM}/accessPackages/{nobody}", "no access package"),
        (packages, f"{EM}/catalogs/{audit}", "must name one of '/accessPackages'"),
        (groups, f"/v1.0/users/{alice}", "must name one of '/groups'"),
        (groups, f"/v1.0/directoryObjects/{alice}", "no group"),
    ]:
        body = {"@odata.id": BASE + url}
        code, message, target = await cottage.refused("POST", f"{path}/$ref", body)
        assert (code, target) == ("InvalidModel", "@odata.id")
        assert said in message
    for path in (f"{packages}/{audit}", f"{groups}/{nobody}"):
        await cottage.refused("DELETE", f"{path}/$ref", status=404)
    body = {"@odata.id": f"{EM}/accessPackages/{audit}"}
    path = f"accessPackages/{nobody}/incompatibleAccessPackages/$ref"
    await cottage.refused("POST", path, body, status=404)
    change = {"displayName": SALES, "incompatibleAccessPackages": [{"id": audit}]}
    _, _, target = await cottage.refused("PATCH", f"accessPackages/{sales}", change)
    assert target == "incompatibleAccessPackages"


async def test_an_incompatible_package_is_refused_in_one_direction(house: House) -> None:
    """Administrators are refused like everybody else; so is a mere validation."""
    sales, sales_policy, audit, audit_policy = await two_packages(house)
    await exclude(house, sales, audit)
    alice, bob = await house.person("alice"), await house.person("bob")
    await house.assign(alice, audit, audit_policy)
    await house.assign(bob, sales, sales_policy)
    await house.settle()

    body = wanting("userAdd", sales, sales_policy)
    code, message, _ = await house.refused(
        "POST", "assignmentRequests", body, headers=person(alice, SUBJECT)
    )
    assert code == "IncompatibleAccessPackage"
    assert f"'{AUDIT}'" in message
    body = wanting("adminAdd", sales, sales_policy, targetId=alice)
    for more in ({}, {"isValidationOnly": True}):
        code, _, _ = await house.refused("POST", "assignmentRequests", {**body, **more})
        assert code == "IncompatibleAccessPackage"

    await house.ask(bob, audit, audit_policy)
    await house.settle()
    held = await house.values("assignments?$filter=state eq 'delivered'&$expand=target")
    assert sorted(one["target"]["objectId"] for one in held) == sorted([alice, bob, bob])


async def test_members_of_an_incompatible_group_are_refused_through_other_groups(
    house: House,
) -> None:
    sales, policy, _, _ = await two_packages(house)
    inner, outer = await house.group("inner"), await house.group("outer")
    alice = await house.person("alice")
    await house.join(outer, inner)
    await house.join(inner, alice)
    await exclude_group(house, sales, outer)

    body = wanting("adminAdd", sales, policy, targetId=alice)
    code, message, _ = await house.refused("POST", "assignmentRequests", body)
    assert code == "IncompatibleGroup"
    assert "'outer'" in message

    await house.leave(inner, alice)
    await house.ask(alice, sales, policy)


async def test_what_came_between_request_and_delivery_counts(house: House) -> None:
    """Of two packages that exclude each other one is given, though both were asked for."""
    sales, sales_policy, audit, audit_policy = await two_packages(house)
    await exclude(house, sales, audit)
    await exclude(house, audit, sales)
    alice = await house.person("alice")
    first = await house.ask(alice, sales, sales_policy)
    second = await house.ask(alice, audit, audit_policy)

    await house.settle()

    given, kept_back = first, second
    if (await house.standing(first))[0] == "deliveryFailed":
        given, kept_back = second, first
    assert await house.standing(given) == ("delivered", "FulfilledNotificationTriggered")
    assert await house.standing(kept_back) == ("deliveryFailed", "IncompatibleAccess")
    assert len(await house.values("assignments?$filter=state eq 'delivered'")) == 1

    await house.remove((await house.assignment_of(given))["id"])
    await house.settle()
    await house.post(f"assignmentRequests/{kept_back}/reprocess", status=202)
    await house.settle()
    assert (await house.standing(kept_back))[0] == "delivered"


async def test_additional_access_finds_those_who_have_both(house: House) -> None:
    sales, sales_policy, audit, audit_policy = await two_packages(house)
    people = {name: await house.person(name) for name in ("alice", "bob", "carol")}
    for name in ("alice", "bob"):
        await house.assign(people[name], sales, sales_policy)
    for name in ("alice", "carol"):
        await house.assign(people[name], audit, audit_policy)
    await house.settle()
    reader = person(
        ADMINISTRATOR.id, "EntitlementManagement.Read.All", directory_roles=[GLOBAL_READER]
    )

    async def found(arguments: str) -> list[str]:
        path = f"assignments/additionalAccess({arguments})?$expand=target,accessPackage"
        rows = await house.values(path, headers=reader)
        return [f"{row['target']['displayName']} {row['accessPackage']['id']}" for row in rows]

    both = f"accessPackageId='{{}}',incompatibleAccessPackageId='{audit}'"
    assert await found(both.format(sales)) == [f"Alice {sales}"]
    assert await found("") == []
    await exclude(house, sales, audit)
    assert await found("") == [f"Alice {sales}"]
    assert await found(f"accessPackageId='{sales}'") == [f"Alice {sales}"]
    assert await found(f"accessPackageId='{audit}'") == []
    for arguments in (both.format(audit), f"incompatibleAccessPackageId='{audit}'"):
        path = f"assignments/additionalAccess({arguments})"
        await house.refused("GET", path, status=400, headers=reader)
    path = f"assignments/additionalAccess({both.format(sales)})"
    app = application("EntitlementManagement.Read.All")
    await house.refused("GET", path, status=403, headers=app)


async def test_additional_access_does_not_tell_who_has_what_in_catalogs_of_others(
    house: House,
) -> None:
    sales, sales_policy, _, _ = await two_packages(house)
    secret = await house.package(await house.catalog("Secret"), name="Secret")
    secret_policy = await house.policy(secret)
    alice, reader = await house.person("alice"), await house.person("reader")
    await house.assign(alice, sales, sales_policy)
    await house.assign(alice, secret, secret_policy)
    await exclude(house, sales, secret)
    await house.settle()
    catalog = (await house.get(f"accessPackages/{sales}?$expand=catalog"))["catalog"]["id"]
    role = {
        "principalId": reader,
        "roleDefinitionId": Role.CATALOG_READER.value,
        "appScopeId": f"/AccessPackageCatalog/{catalog}",
    }
    await house.post(f"{ROLES}/roleAssignments", role)
    limited = person(reader, "EntitlementManagement.Read.All")
    everything = person(reader, "EntitlementManagement.Read.All", directory_roles=[GLOBAL_READER])

    for arguments in (
        f"accessPackageId='{sales}',incompatibleAccessPackageId='{secret}'",
        f"accessPackageId='{sales}'",
        "",
    ):
        path = f"assignments/additionalAccess({arguments})"
        assert await house.values(path, headers=limited) == [], arguments
        assert len(await house.values(path, headers=everything)) == 1, arguments


async def test_whoever_manages_a_package_names_only_packages_that_they_see(
    cottage: House,
) -> None:
    sales, _, audit, _ = await two_packages(cottage)
    secret = await cottage.package(await cottage.catalog("Secret"), name="Secret")
    catalog = (await cottage.get(f"accessPackages/{sales}?$expand=catalog"))["catalog"]["id"]
    manager = await cottage.service_principal("manager")
    body = {
        "principalId": manager,
        "roleDefinitionId": "7f480852-ebdc-47d4-87de-0d8498384a83",
        "appScopeId": f"/AccessPackageCatalog/{catalog}",
    }
    path = "/v1.0/roleManagement/entitlementManagement/roleAssignments"
    await cottage.post(path, body)
    own = application(id=manager)

    await exclude(cottage, sales, audit, headers=own)
    body = {"@odata.id": f"{EM}/accessPackages/{secret}"}
    path = f"accessPackages/{sales}/incompatibleAccessPackages/$ref"
    await cottage.refused("POST", path, body, status=403, headers=own)
    body = {"@odata.id": f"{EM}/accessPackages/{sales}"}
    path = f"accessPackages/{secret}/incompatibleAccessPackages/$ref"
    await cottage.refused("POST", path, body, status=403, headers=own)


async def test_deleting_a_package_frees_those_that_it_excluded(house: House) -> None:
    sales, policy, _, _ = await two_packages(house)
    other = await house.package(await house.catalog("Other"), name="Other")
    await exclude(house, sales, other)

    await house.call("DELETE", f"accessPackages/{other}", status=204)

    assert await house.values(f"accessPackages/{sales}/incompatibleAccessPackages") == []
    await house.ask(await house.person("alice"), sales, policy)

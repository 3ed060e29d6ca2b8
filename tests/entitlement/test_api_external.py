"""People from elsewhere: which policies are for them, and whom they bring along."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import changes, store
from tests.entitlement.house import (
    EM,
    GRAPH,
    SUBJECT,
    House,
    decision,
    policy,
)
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.support.callers import person

CONNECTED = "connectedOrganizations"


async def connect(house: House, domain: str, state: str = "configured") -> str:
    source = {"@odata.type": f"{GRAPH}domainIdentitySource", "domainName": domain}
    body = {"displayName": domain, "identitySources": [source], "state": state}
    return str((await house.post(CONNECTED, body))["id"])


async def guest(house: House, alias: str, domain: str) -> str:
    return await house.person(alias, user_type="Guest", mail=f"{alias}@{domain}")


def members_of(organization: str) -> dict[str, Any]:
    type_ = f"{GRAPH}connectedOrganizationMembers"
    return {"@odata.type": type_, "connectedOrganizationId": organization}


async def may_ask(house: House, who: str, package: str, key: str) -> bool:
    """Say whether somebody may ask for a package, by asking only whether they may."""
    body = {
        "requestType": "userAdd",
        "isValidationOnly": True,
        "assignment": {"accessPackageId": package, "assignmentPolicyId": key},
    }
    reply = await house.api.post(
        f"{EM}/assignmentRequests", json=body, headers=person(who, SUBJECT)
    )
    if not reply.is_success:
        assert reply.json()["error"]["code"] == "PolicyRequirementsNotMet", reply.text
    return reply.is_success


async def test_each_scope_is_for_its_own_people(house: House) -> None:
    configured = await connect(house, "fabrikam.example")
    await connect(house, "proposed.example", "proposed")
    people = {
        "member": await house.person("member"),
        "fabrikam": await guest(house, "fay", "fabrikam.example"),
        "proposed": await guest(house, "pat", "proposed.example"),
        "nobodys": await guest(house, "nob", "nobody.example"),
    }
    everybody = set(people)
    scopes: dict[str, set[str]] = {
        "specificConnectedOrganizationUsers": {"fabrikam"},
        "allConfiguredConnectedOrganizationUsers": {"fabrikam"},
        "allExternalUsers": everybody - {"member"},
        "allMemberUsers": {"member"},
        "allDirectoryUsers": everybody,
        "notSpecified": set(),
    }
    for scope, wanted in scopes.items():
        package = await house.package(await house.catalog())
        named = [members_of(configured)] if scope.startswith("specific") else []
        key = await house.policy(package, allowedTargetScope=scope, specificAllowedTargets=named)

        found = {one for one, id in people.items() if await may_ask(house, id, package, key)}

        assert found == wanted, scope


async def test_a_catalog_that_is_not_for_outsiders_lets_none_of_them_ask(house: House) -> None:
    ann = await guest(house, "ann", "fabrikam.example")
    catalog = await house.catalog()
    package = await house.package(catalog)
    key = await house.policy(package, allowedTargetScope="allExternalUsers")
    assert await may_ask(house, ann, package, key)

    change = {"isExternallyVisible": False}
    await house.call("PATCH", f"catalogs/{catalog}", change, status=204)

    assert not await may_ask(house, ann, package, key)
    request = await house.assign(ann, package, key)
    await house.settle()
    assert (await house.standing(request))[0] == "delivered"


async def test_whoever_comes_from_an_unknown_domain_brings_a_proposed_organisation(
    house: House,
) -> None:
    ann, bob = [await guest(house, alias, "fabrikam.example") for alias in ("ann", "bob")]
    package = await house.package(await house.catalog())
    key = await house.policy(package, allowedTargetScope="allExternalUsers")
    assert await may_ask(house, ann, package, key)
    assert await house.values(CONNECTED) == []

    await house.ask(ann, package, key)
    await house.ask(bob, package, key)

    (made,) = await house.values(CONNECTED)
    assert (made["displayName"], made["state"]) == ("fabrikam.example", "proposed")
    (source,) = made["identitySources"]
    assert source["domainName"] == "fabrikam.example"
    shown = await house.get(f"subjects/{bob}?$expand=connectedOrganization")
    assert shown["connectedOrganization"]["id"] == made["id"]


async def test_a_proposed_organisation_becomes_one_whose_people_may_ask(house: House) -> None:
    ann = await guest(house, "ann", "fabrikam.example")
    package = await house.package(await house.catalog())
    open_to_all = await house.policy(package, allowedTargetScope="allExternalUsers")
    await house.ask(ann, package, open_to_all)
    (made,) = await house.values(CONNECTED)
    other = await house.package(await house.catalog(), name="Other")
    scope = "allConfiguredConnectedOrganizationUsers"
    key = await house.policy(other, allowedTargetScope=scope)
    assert not await may_ask(house, ann, other, key)

    change = {"state": "configured"}
    await house.call("PATCH", f"{CONNECTED}/{made['id']}", change, status=204)

    assert await may_ask(house, ann, other, key)


async def test_somebody_who_is_invited_is_of_their_organisation_at_once(house: House) -> None:
    home = await connect(house, "fabrikam.example")
    package = await house.package(await house.catalog())
    scope = "specificConnectedOrganizationUsers"
    key = await house.policy(
        package, allowedTargetScope=scope, specificAllowedTargets=[members_of(home)]
    )

    async def assign(email: str, status: int) -> Any:
        assignment = {"target": {"email": email}, "assignmentPolicyId": key}
        body = {
            "requestType": "adminAdd",
            "assignment": {**assignment, "accessPackageId": package},
        }
        return await house.post("assignmentRequests", body, status=status)

    error = (await assign("eve@stranger.example", 403))["error"]
    assert error["code"] == "PolicyRequirementsNotMet"
    request = (await assign("eve@fabrikam.example", 201))["id"]
    await house.settle()

    found = await house.get(
        f"assignmentRequests/{request}"
        "?$expand=assignment($expand=target($expand=connectedOrganization))"
    )
    target = found["assignment"]["target"]
    assert target["subjectLifecycle"] == "governed"
    assert target["connectedOrganization"]["id"] == home
    assert found["state"] == "delivered"


async def test_service_principals_are_assigned_under_policies_of_their_own(house: House) -> None:
    robot = await house.service_principal("robot")
    group = await house.group("robots")
    package = await house.package(await house.catalog(), group)
    named = {"@odata.type": f"{GRAPH}singleServicePrincipal", "servicePrincipalId": robot}
    specific = await house.policy(
        package,
        allowedTargetScope="specificDirectoryServicePrincipals",
        specificAllowedTargets=[named],
    )
    for_people = await house.policy(package, allowedTargetScope="allDirectoryUsers")

    body = {
        "requestType": "adminAdd",
        "assignment": {
            "targetId": robot,
            "accessPackageId": package,
            "assignmentPolicyId": for_people,
        },
    }
    code, _, _ = await house.refused("POST", "assignmentRequests", body, status=403)
    assert code == "PolicyRequirementsNotMet"
    request = await house.assign(robot, package, specific)
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"
    assert await house.members(group) == {robot}


async def test_the_owners_of_the_application_decide_about_its_access(house: House) -> None:
    bob = await house.person("bob")
    robot = await house.service_principal("robot")
    async with house.database.transaction() as conn:
        principal = (await store.references(conn, [robot]))[robot]
        (application,) = (
            await store.applications_by_app_id(conn, [principal.app_id or ""])
        ).values()
        await changes.add_owners(
            conn, [(application.id, bob)], now=house.clock.now(), actor=ADMINISTRATOR
        )
    package = await house.package(await house.catalog())
    owners = {"@odata.type": f"{GRAPH}targetApplicationOwners"}
    key = await house.policy(
        package, decision(owners), allowedTargetScope="allDirectoryServicePrincipals"
    )
    needed = [{"name": "IsApprovalRequired", "value": "true"}]
    request = await house.assign(robot, package, key, parameters=needed)
    await house.settle()

    path = "accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')"
    headers = person(bob, "EntitlementManagement.ReadWrite.All")
    found = await house.values(path, headers=headers)

    assert [one["id"] for one in found] == [request]


@pytest.mark.parametrize(
    ("scope", "target"),
    [
        ("specificDirectoryUsers", members_of("00000000-0000-4000-8000-000000000001")),
        (
            "specificConnectedOrganizationUsers",
            {"@odata.type": f"{GRAPH}singleUser", "userId": "x"},
        ),
        (
            "specificDirectoryServicePrincipals",
            {"@odata.type": f"{GRAPH}groupMembers", "groupId": "x"},
        ),
    ],
)
async def test_a_scope_names_its_own_kind_of_targets(
    cottage: House, scope: str, target: dict[str, Any]
) -> None:
    package = await cottage.package(await cottage.catalog())
    body = policy(package, allowedTargetScope=scope, specificAllowedTargets=[target])

    code, message, path = await cottage.refused("POST", "assignmentPolicies", body)

    assert (code, path) == ("InvalidModel", "specificAllowedTargets/0")
    assert scope in message


async def test_agent_identities_are_refused_with_a_reason(cottage: House) -> None:
    package = await cottage.package(await cottage.catalog())
    body = policy(package, allowedTargetScope="allDirectoryAgentIdentities")

    _, message, target = await cottage.refused("POST", "assignmentPolicies", body, status=501)

    assert (target, "agent identities" in message) == ("allowedTargetScope", True)

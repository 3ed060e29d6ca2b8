"""Connected organisations, their sponsors and their people, through the API."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import changes
from tests.entitlement.house import (
    APPROVER,
    BETA,
    GRAPH,
    SUBJECT,
    House,
    decision,
    policy,
)
from tests.entitlement.inhabitants import ADMINISTRATOR
from tests.support.callers import application, person

ORGANIZATIONS = "connectedOrganizations"
APPROVALS = "accessPackageAssignmentApprovals"
TENANT = "0d9c7f9c-5c0a-4c9e-8f62-3c7a3a4b5c6d"


def source(kind: str = "domainIdentitySource", **more: Any) -> dict[str, Any]:
    usual = {"domainName": "fabrikam.example", "displayName": "Fabrikam"}
    given = more if more else usual
    return {"@odata.type": f"{GRAPH}{kind}", **given}


def organization(*sources: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "displayName": "Fabrikam",
        "description": "A partner",
        "identitySources": list(sources or [source()]),
        "state": "configured",
        **more,
    }


async def connect(house: House, *sources: dict[str, Any], **more: Any) -> str:
    return str((await house.post(ORGANIZATIONS, organization(*sources, **more)))["id"])


async def guest(house: House, alias: str, domain: str = "fabrikam.example") -> str:
    name = f"{alias}_{domain}#EXT#@contoso.example"
    return await house.person(alias, user_type="Guest", user_principal_name=name, mail=None)


async def test_an_organisation_is_connected_changed_and_disconnected(house: House) -> None:
    made = await house.post(ORGANIZATIONS, organization())
    path = f"{ORGANIZATIONS}/{made['id']}"
    assert made["state"] == "configured"
    assert made["identitySources"] == [source()]
    assert "createdBy" not in made

    await house.call("PATCH", path, {"state": "proposed", "description": None}, status=204)
    shown = await house.get(path)
    assert (shown["state"], shown["description"]) == ("proposed", None)
    by_name = f"{ORGANIZATIONS}?$filter=displayName eq 'Fabrikam'"
    assert [one["id"] for one in await house.values(by_name)] == [made["id"]]
    for member, found in (
        ("displayName", [made["id"]]),
        ("microsoft.graph.domainIdentitySource/displayName", [made["id"]]),
        ("microsoft.graph.azureActiveDirectoryTenant/displayName", []),
    ):
        by_source = f"{ORGANIZATIONS}?$filter=identitySources/any(s:s/{member} eq 'Fabrikam')"
        assert [one["id"] for one in await house.values(by_source)] == found
    beta = await house.get(f"{BETA}/{path}")
    assert beta["createdBy"]

    await house.call("DELETE", path, status=204)
    await house.get(path, status=404)
    await connect(house)


@pytest.mark.parametrize(
    "given",
    [
        source(),
        source("azureActiveDirectoryTenant", tenantId=TENANT, displayName="Fabrikam"),
        source(
            "crossCloudAzureActiveDirectoryTenant",
            tenantId=TENANT,
            displayName="Fabrikam",
            cloudInstance="microsoftonline.us",
        ),
        source(
            "externalDomainFederation",
            domainName="fabrikam.example",
            displayName="Fabrikam",
            issuerUri="https://login.fabrikam.example",
        ),
        source("socialIdentitySource", displayName="Facebook", socialIdentitySourceType="facebook"),
    ],
    ids=lambda one: one["@odata.type"].rpartition(".")[2],
)
async def test_an_identity_source_of_every_kind_comes_back_as_it_went(
    cottage: House, given: dict[str, Any]
) -> None:
    made = await connect(cottage, given)

    assert (await cottage.get(f"{ORGANIZATIONS}/{made}"))["identitySources"] == [given]
    code, message, target = await cottage.refused(
        "POST", ORGANIZATIONS, organization(given, displayName="Another")
    )
    assert (code, target) == ("OperationNotAllowed", "identitySources")
    assert "identity source" in message


@pytest.mark.parametrize(
    ("body", "target"),
    [
        (organization(displayName=" "), "displayName"),
        ({"displayName": "Fabrikam"}, "identitySources"),
        (organization(source(), source()), "identitySources"),
        (organization({"displayName": "a.example"}), "identitySources/0/@odata.type"),
        (organization(source(domainName="no domain")), "identitySources/0/domainName"),
        (organization(source(domainName="contoso.example")), "identitySources/0/domainName"),
        (
            organization(source("azureActiveDirectoryTenant", tenantId="fabrikam")),
            "identitySources/0/tenantId",
        ),
        (
            organization(
                source(
                    "crossCloudAzureActiveDirectoryTenant", tenantId=TENANT, cloudInstance="moon"
                )
            ),
            "identitySources/0/cloudInstance",
        ),
        (organization(state="unknownFutureValue"), "state"),
    ],
    ids=[
        "no name",
        "no source",
        "two sources",
        "untold type",
        "no domain",
        "our own",
        "no guid",
        "cloud",
        "state",
    ],
)
async def test_an_organisation_that_is_not_right_is_refused_by_name(
    cottage: House, body: dict[str, Any], target: str
) -> None:
    code, _, told = await cottage.refused("POST", ORGANIZATIONS, body)

    assert (code, told) == ("InvalidModel", target)


async def test_the_identity_source_stays(cottage: House) -> None:
    made = await connect(cottage)

    _, _, target = await cottage.refused(
        "PATCH",
        f"{ORGANIZATIONS}/{made}",
        {"identitySources": [source(domainName="other.example")]},
    )

    assert target == "identitySources"


async def test_sponsors_are_referred_to_on_both_sides(house: House) -> None:
    made, bob, team = (
        await connect(house),
        await house.person("bob"),
        await house.group("team"),
    )
    for side, sponsor, kind in (("internal", bob, "users"), ("external", team, "groups")):
        path = f"{ORGANIZATIONS}/{made}/{side}Sponsors"
        body = {"@odata.id": f"https://graph.microsoft.com/v1.0/{kind}/{sponsor}"}
        await house.post(f"{path}/$ref", body, status=204)
        code, _, target = await house.refused("POST", f"{path}/$ref", body)
        assert (code, target) == ("Request_BadRequest", f"{side}Sponsors")
        assert [one["id"] for one in await house.values(path)] == [sponsor]
    expanded = await house.get(f"{ORGANIZATIONS}/{made}?$expand=internalSponsors")
    assert [one["id"] for one in expanded["internalSponsors"]] == [bob]

    path = f"{ORGANIZATIONS}/{made}/internalSponsors"
    await house.call("DELETE", f"{path}/{bob}/$ref", status=204)
    assert await house.values(path) == []
    await house.refused("DELETE", f"{path}/{bob}/$ref", status=404)
    nobody = {"@odata.id": "https://graph.microsoft.com/v1.0/users/" + TENANT}
    _, _, target = await house.refused("POST", f"{path}/$ref", nobody)
    assert target == "@odata.id"


async def test_only_administrators_connect(cottage: House) -> None:
    alice = await cottage.person("alice")

    for headers in (person(alice, APPROVER), application("EntitlementManagement.Read.All")):
        code, _, _ = await cottage.refused(
            "POST", ORGANIZATIONS, organization(), status=403, headers=headers
        )
        assert code == "Authorization_RequestDenied"


async def test_an_organisation_that_is_in_use_stays(house: House) -> None:
    made = await connect(house)
    package = await house.package(await house.catalog())
    key = await house.policy(package, **for_members_of(made))

    code, message, _ = await house.refused("DELETE", f"{ORGANIZATIONS}/{made}")
    assert (code, "All staff" in message) == ("OperationNotAllowed", True)
    await house.call("DELETE", f"assignmentPolicies/{key}", status=204)
    ann = await guest(house, "ann")
    key = await house.policy(package, allowedTargetScope="allDirectoryUsers")
    request = await house.assign(ann, package, key)
    await house.settle()
    assert (await house.standing(request))[0] == "delivered"
    code, message, _ = await house.refused("DELETE", f"{ORGANIZATIONS}/{made}")

    assert (code, "People of the organization" in message) == ("OperationNotAllowed", True)


async def test_a_policy_names_only_organisations_that_exist(cottage: House) -> None:
    package = await cottage.package(await cottage.catalog())

    _, message, target = await cottage.refused(
        "POST", "assignmentPolicies", policy(package, **for_members_of(TENANT))
    )

    assert target == "specificAllowedTargets/0"
    assert "connectedOrganization" in message


async def test_a_subject_shows_the_organisation_that_they_are_of(house: House) -> None:
    ann = await guest(house, "ann")
    package = await house.package(await house.catalog())
    key = await house.policy(package, allowedTargetScope="allDirectoryUsers")
    request = await house.assign(ann, package, key)
    await house.settle()
    expanded = f"subjects(objectId='{ann}')?$expand=connectedOrganization"
    assert (await house.get(expanded))["connectedOrganization"] is None

    made = await connect(house)

    assert (await house.get(expanded))["connectedOrganization"]["id"] == made
    beta = await house.get(f"{BETA}/subjects/{ann}")
    assert beta["connectedOrganizationId"] == made
    assert (await house.standing(request))[0] == "delivered"


@pytest.mark.parametrize("kind", ["internal", "external"])
async def test_sponsors_decide_for_the_people_of_their_organisation(
    house: House, kind: str
) -> None:
    made, bob = await connect(house), await house.person("bob")
    ann, team = await guest(house, "ann"), await house.group("sponsors")
    await house.join(team, bob, ann)
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/groups/{team}"}
    await house.post(f"{ORGANIZATIONS}/{made}/{kind}Sponsors/$ref", body, status=204)
    package = await house.package(await house.catalog())
    stage = decision({"@odata.type": f"{GRAPH}{kind}Sponsors"})
    key = await house.policy(package, stage, allowedTargetScope="allDirectoryUsers")
    request = await house.ask(ann, package, key)
    await house.settle()

    mine = f"{APPROVALS}/filterByCurrentUser(on='approver')?$expand=stages"
    (found,) = await house.values(mine, headers=person(bob, APPROVER))
    assert found["stages"][0]["assignedToMe"]
    assert await house.values(mine, headers=person(ann, APPROVER)) == []
    path = f"{APPROVALS}/{request}/stages/{found['stages'][0]['id']}"
    await house.call(
        "PATCH", path, {"reviewResult": "Approve"}, status=204, headers=person(bob, APPROVER)
    )
    await house.settle()

    assert (await house.standing(request))[0] == "delivered"


async def test_the_sponsors_of_the_target_decide(house: House) -> None:
    ann, bob, carol = await guest(house, "ann"), await house.person("bob"), await house.person("c")
    async with house.database.transaction() as conn:
        now = house.clock.now()
        await changes.add_sponsors(conn, [(ann, bob)], now=now, actor=ADMINISTRATOR)
    package = await house.package(await house.catalog())
    stage = decision(
        {"@odata.type": f"{GRAPH}targetUserSponsors"},
        fallbackPrimaryApprovers=[{"@odata.type": f"{GRAPH}singleUser", "userId": carol}],
    )
    key = await house.policy(package, stage, allowedTargetScope="allDirectoryUsers")
    request = await house.ask(ann, package, key)
    await house.settle()
    other = await house.ask(carol, package, key)
    await house.settle()

    async def asked(who: str) -> set[str]:
        path = f"{APPROVALS}/filterByCurrentUser(on='approver')"
        return {one["id"] for one in await house.values(path, headers=person(who, APPROVER))}

    assert await asked(bob) == {request}
    assert await asked(carol) == set()
    assert (await house.standing(other))[0] == "pendingApproval"


@pytest.mark.parametrize(
    ("visibility", "shows", "is_guest", "seen"),
    [
        ("visible", False, True, True),
        ("notVisible", True, False, False),
        ("default", True, False, True),
        ("default", True, True, False),
        ("default", False, False, False),
    ],
)
async def test_whoever_asked_sees_who_decided_only_where_they_may(
    cottage: House, visibility: str, shows: bool, is_guest: bool, seen: bool
) -> None:
    bob = await cottage.person("bob")
    ann = await guest(cottage, "ann") if is_guest else await cottage.person("ann")
    await cottage.call(
        "PUT",
        "controlConfigurations/endUserSettings",
        {
            "@odata.type": f"{GRAPH}endUserSettings",
            "relatedPeopleInsightLevel": "count",
            "showApproverDetailsToMembers": shows,
        },
        status=200,
    )
    package = await cottage.package(await cottage.catalog())
    stage = decision(
        {"@odata.type": f"{GRAPH}singleUser", "userId": bob},
        approverInformationVisibility=visibility,
    )
    key = await cottage.policy(package, stage, allowedTargetScope="allDirectoryUsers")
    request = await cottage.ask(ann, package, key)
    await cottage.settle()
    stages = f"{APPROVALS}/{request}/stages"
    (one,) = await cottage.values(stages, headers=person(bob, APPROVER))
    await cottage.call(
        "PATCH",
        f"{stages}/{one['id']}",
        {"reviewResult": "Deny"},
        status=204,
        headers=person(bob, APPROVER),
    )

    path = f"{APPROVALS}/filterByCurrentUser(on='target')?$expand=stages"
    (own,) = await cottage.values(path, headers=person(ann, APPROVER))
    (decided,) = await cottage.values(stages, headers=person(bob, APPROVER))

    assert own["stages"][0]["reviewResult"] == "Denied"
    assert (own["stages"][0]["reviewedBy"] is not None) == seen
    assert decided["reviewedBy"]["id"] == bob
    assert await cottage.values(
        "assignmentRequests/filterByCurrentUser(on='target')", headers=person(ann, SUBJECT)
    )


def for_members_of(organization: str) -> dict[str, Any]:
    """Give a policy's part that is for the people of an organisation."""
    members = f"{GRAPH}connectedOrganizationMembers"
    return {
        "allowedTargetScope": "specificConnectedOrganizationUsers",
        "specificAllowedTargets": [
            {"@odata.type": members, "connectedOrganizationId": organization}
        ],
    }

"""Requests for others, by approvers, by applications, and for validation only."""

from __future__ import annotations

from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from tests.entitlement.asking import decide_only_stage
from tests.entitlement.house import APPROVER, BETA, GRAPH, SUBJECT, House, decision, user
from tests.entitlement.teams import FOR_OTHERS, asking_for, given, team
from tests.support.callers import application, person


async def test_a_manager_asks_for_somebody_who_reports_to_them(house: House) -> None:
    it = await team(house)
    as_mary = person(it.mary, SUBJECT)

    made = await house.post("assignmentRequests", asking_for(it, it.alice), headers=as_mary)
    await house.settle()

    assert await house.members(it.group) == {it.alice}
    found = await house.get(
        f"assignmentRequests/{made['id']}?$expand=requestor,assignment($expand=target)"
    )
    assert found["requestor"]["objectId"] == it.mary
    assert found["assignment"]["target"]["objectId"] == it.alice
    function = "assignmentRequests/filterByCurrentUser(on='{}')"
    for option, who, count in [
        ("requestForOthers", it.mary, 1),
        ("requestForOthers", it.alice, 0),
        ("targetManager", it.mary, 1),
        ("target", it.alice, 1),
        ("targetOrRequestor", it.mary, 1),
        ("targetAgentIdentitySponsorOrOwner", it.mary, 0),
    ]:
        path = function.format(option)
        assert len(await house.values(path, headers=person(who, SUBJECT))) == count, option


async def test_nobody_else_asks_for_them(cottage: House) -> None:
    it = await team(cottage)
    bob = await cottage.person("bob")

    for who, target in [(bob, it.alice), (it.alice, it.mary), (it.alice, it.alice)]:
        body = asking_for(it, target)
        code, _, _ = await cottage.refused(
            "POST", "assignmentRequests", body, status=403, headers=person(who, SUBJECT)
        )
        assert code == "PolicyRequirementsNotMet"


async def test_nobody_decides_on_what_they_asked_for_on_behalf_of_somebody(house: House) -> None:
    manager = {"@odata.type": f"{GRAPH}targetManager", "managerLevel": 1}
    it = await team(house, decision(manager))
    made = await house.post(
        "assignmentRequests", asking_for(it, it.alice), headers=person(it.mary, SUBJECT)
    )
    await house.settle()
    path = f"accessPackageAssignmentApprovals/{made['id']}/stages"
    as_governor = person("nora", APPROVER, directory_roles=[IDENTITY_GOVERNANCE_ADMINISTRATOR])
    (stage,) = await house.values(path, headers=as_governor)

    mine = "accessPackageAssignmentApprovals/filterByCurrentUser(on='approver')"
    assert await house.values(mine, headers=person(it.mary, APPROVER)) == []
    await house.refused(
        "PATCH",
        f"{path}/{stage['id']}",
        {"reviewResult": "Approve"},
        status=403,
        headers=person(it.mary, APPROVER),
    )


async def test_a_manager_extends_and_removes_what_their_people_have(house: House) -> None:
    expiration = {"type": "afterDuration", "duration": "P30D"}
    it = await team(house, expiration=expiration)
    assignment = await given(house, it)
    as_mary = person(it.mary, SUBJECT)
    house.clock.advance(days=1)
    update = {
        "requestType": "userUpdate",
        "assignment": {"id": assignment},
        "schedule": {"expiration": {"type": "notSpecified"}},
    }

    await house.post("assignmentRequests", update, headers=as_mary)
    await house.settle()
    found = await house.get(f"{BETA}/accessPackageAssignments/{assignment}")
    removal = {"requestType": "userRemove", "assignment": {"id": assignment}}
    await house.post("assignmentRequests", removal, headers=as_mary)
    await house.settle()

    assert found["isExtended"]
    assert await house.members(it.group) == set()


async def test_whoever_asks_for_others_must_be_of_a_kind_that_can_be_found(
    cottage: House,
) -> None:
    package = await cottage.package(await cottage.catalog())
    sponsors = {"@odata.type": f"{GRAPH}internalSponsors"}
    settings = {**FOR_OTHERS, "onBehalfRequestors": [sponsors]}
    body = {
        "displayName": "x",
        "accessPackage": {"id": package},
        "requestorSettings": settings,
    }

    _, _, target = await cottage.refused("POST", "assignmentPolicies", body, status=501)

    assert target == "requestorSettings/onBehalfRequestors/0"


async def test_a_policy_for_the_target_by_name_cannot_be_passed_by(house: House) -> None:
    """Otherwise whoever needs an approval by name would ask under the policy for everybody."""
    bob = await house.person("bob")
    it = await team(house, requestorSettings={"enableTargetsToSelfAddAccess": True})
    by_name = await house.policy(
        it.package,
        decision(user(bob)),
        displayName="By name",
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[user(it.alice)],
    )
    assignment = {"accessPackageId": it.package, "assignmentPolicyId": it.policy}
    body = {"requestType": "userAdd", "assignment": assignment}

    code, message, _ = await house.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(it.alice, SUBJECT)
    )

    assert code == "PolicyRequirementsNotMet"
    assert "By name" in message
    assert await house.ask(it.alice, it.package, by_name)
    assert await house.ask(it.mary, it.package, it.policy)


async def test_an_approver_takes_back_what_they_approved(house: House) -> None:
    bob = await house.person("bob")
    stage = decision(user(bob))
    settings = {"enableTargetsToSelfAddAccess": True}
    it = await team(house, stage, requestorSettings=settings)
    request = await house.ask(it.alice, it.package, it.policy)
    await house.settle()
    await decide_only_stage(house, bob, request, "Approve")
    assignment = (await house.assignment_of(request))["id"]
    body = {"requestType": "approverRemove", "assignment": {"id": assignment}}

    for who in (it.mary, it.alice):
        await house.refused(
            "POST", "assignmentRequests", body, status=403, headers=person(who, SUBJECT)
        )
    made = await house.post(
        "assignmentRequests", {**body, "justification": "moved"}, headers=person(bob, SUBJECT)
    )
    await house.settle()

    assert await house.members(it.group) == set()
    hidden = await house.get(f"assignmentRequests/{made['id']}")
    assert hidden["requestType"] == "unknownFutureValue"
    shown = await house.get(
        f"assignmentRequests/{made['id']}", headers={"Prefer": "include-unknown-enum-members"}
    )
    assert (shown["requestType"], shown["state"]) == ("approverRemove", "delivered")
    unknown = "assignmentRequests?$filter=requestType eq 'unknownFutureValue'"
    assert [one["id"] for one in await house.values(unknown)] == [made["id"]]
    knows = {"Prefer": "include-unknown-enum-members"}
    assert await house.values(unknown, headers=knows) == []
    known = "assignmentRequests?$filter=requestType ne 'unknownFutureValue'"
    assert made["id"] not in [one["id"] for one in await house.values(known)]


async def test_what_was_assigned_without_approval_has_no_approver(cottage: House) -> None:
    it = await team(cottage, decision(user(await cottage.person("bob"))))
    assignment = await given(cottage, it)
    body = {"requestType": "approverRemove", "assignment": {"id": assignment}}

    await cottage.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(it.mary, SUBJECT)
    )


async def test_a_validation_judges_everything_and_leaves_nothing(house: House) -> None:
    it = await team(house)
    as_mary = person(it.mary, SUBJECT)
    body = asking_for(it, it.alice, isValidationOnly=True)

    first = await house.call(
        "POST", f"{BETA}/assignmentRequests", body, status=200, headers=as_mary
    )
    again = await house.call(
        "POST", f"{BETA}/assignmentRequests", body, status=200, headers=as_mary
    )
    await house.settle()

    assert first == again
    assert (first["id"], first["requestState"]) == ("", "Submitted")
    assert first["isValidationOnly"]
    assert await house.values("assignmentRequests") == []
    assert await house.values("assignments") == []
    refused = {**body, "assignment": {**body["assignment"], "target": {"objectId": it.mary}}}
    code, _, _ = await house.refused(
        "POST", f"{BETA}/assignmentRequests", refused, status=403, headers=as_mary
    )
    assert code == "PolicyRequirementsNotMet"


async def test_validations_and_requests_that_arrive_together_do_not_mix(house: House) -> None:
    it = await team(house)
    as_mary = person(it.mary, SUBJECT)
    only = asking_for(it, it.alice, isValidationOnly=True)
    await house.call("POST", "assignmentRequests", only, status=200, headers=as_mary)

    await house.post("assignmentRequests", asking_for(it, it.alice), headers=as_mary)

    code, _, _ = await house.refused("POST", "assignmentRequests", only, headers=as_mary)
    assert code == "ExistingOpenRequest"


async def test_an_application_asks_for_itself_where_the_policy_is_for_applications(
    house: House,
) -> None:
    it = await team(
        house,
        allowedTargetScope="allDirectoryServicePrincipals",
        requestorSettings={"enableTargetsToSelfAddAccess": True},
    )
    robot = await house.service_principal("robot")
    assignment = {"assignmentPolicyId": it.policy}
    body = {"requestType": "userAdd", "assignment": assignment}

    made = await house.post(
        "assignmentRequests",
        body,
        headers=application("EntitlementManagement.ReadWrite.All", id=robot),
    )
    await house.settle()

    assert await house.members(it.group) == {robot}
    found = await house.get(f"assignmentRequests/{made['id']}?$expand=requestor")
    assert found["requestor"]["subjectType"] == "servicePrincipal"
    await house.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(it.alice, SUBJECT)
    )


async def test_the_older_functions_of_beta_give_ones_own(cottage: House) -> None:
    it = await team(cottage)
    as_mary, as_alice = person(it.mary, SUBJECT), person(it.alice, SUBJECT)
    made = await cottage.post("assignmentRequests", asking_for(it, it.alice), headers=as_mary)
    await cottage.settle()

    async def ids(path: str, who: dict[str, str]) -> list[str]:
        return [one["id"] for one in await cottage.values(f"{BETA}/{path}", headers=who)]

    assert await ids("accessPackageAssignmentRequests/My", as_mary) == [made["id"]]
    assert await ids("accessPackageAssignmentRequests/My()", as_alice) == [made["id"]]
    (held,) = await ids("accessPackageAssignments/My()", as_alice)
    assert await ids("accessPackageAssignments/My()", as_mary) == []
    path = f"{BETA}/accessPackageAssignments/{held}?$expand=accessPackageAssignmentRequests"
    behind = (await cottage.get(path))["accessPackageAssignmentRequests"]
    assert [one["id"] for one in behind] == [made["id"]]

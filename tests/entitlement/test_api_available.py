"""What somebody may ask for, what it takes, and what is suggested to them."""

from __future__ import annotations

from typing import Any

from tests.entitlement.house import BETA, GRAPH, SUBJECT, House, decision, user
from tests.support.callers import application, person

MINE = "accessPackages/filterByCurrentUser(on='allowedRequestor')"
AVAILABLE = "availableAccessPackages"
SUGGESTED = "accessPackageSuggestions/filterByCurrentUser(on='{}')"
NOBODY = "00000000-0000-4000-8000-00000000dead"


async def offered(house: House, name: str, **changes: Any) -> tuple[str, str]:
    """Create a package with a policy in a catalog of its own."""
    catalog = await house.catalog(name)
    package = await house.package(catalog, await house.group(name), name=name)
    return package, await house.policy(package, **changes)


def for_these(*people: str) -> dict[str, Any]:
    targets = [user(one) for one in people]
    return {"allowedTargetScope": "specificDirectoryUsers", "specificAllowedTargets": targets}


async def names(house: House, path: str, who: str) -> list[str]:
    found = await house.values(path, headers=person(who, SUBJECT))
    return sorted(one["displayName"] for one in found)


async def test_people_see_the_packages_that_they_may_ask_for(house: House) -> None:
    alice, bob = await house.person("alice"), await house.person("bob")
    guest = await house.person("gus", user_type="Guest", mail="gus@elsewhere.example")
    staff = await house.group("staff")
    await house.join(staff, bob)
    await offered(house, "Everybody")
    await offered(house, "Alice", **for_these(alice))
    members = [{"@odata.type": f"{GRAPH}groupMembers", "groupId": staff}]
    await offered(house, "Staff", **{**for_these(), "specificAllowedTargets": members})
    await offered(house, "Guests", allowedTargetScope="allExternalUsers")
    await offered(house, "Nobody", requestorSettings={})
    hidden, _ = await offered(house, "Hidden")
    await house.call("PATCH", f"accessPackages/{hidden}", {"isHidden": True}, status=204)
    closed, _ = await offered(house, "Closed")
    catalog = (await house.get(f"accessPackages/{closed}?$expand=catalog"))["catalog"]["id"]
    await house.call("PATCH", f"catalogs/{catalog}", {"state": "unpublished"}, status=204)

    for path in (MINE, AVAILABLE, f"{BETA}/{AVAILABLE}"):
        assert await names(house, path, alice) == ["Alice", "Everybody"], path
        assert await names(house, path, bob) == ["Everybody", "Staff"]
        assert await names(house, path, guest) == ["Guests"]
        assert await names(house, path, NOBODY) == []
    assert await names(house, f"{MINE}?$filter=displayName eq 'Alice'", alice) == ["Alice"]
    for key, status in [(hidden, 200), (closed, 404)]:
        path = f"{AVAILABLE}/{key}"
        await house.get(path, status=status, headers=person(alice, SUBJECT))
    await house.get(f"{AVAILABLE}/{hidden}", status=404, headers=person(guest, SUBJECT))


async def test_an_application_sees_what_is_shown_to_anybody(cottage: House) -> None:
    await offered(cottage, "Everybody")
    hidden, _ = await offered(cottage, "Hidden")
    await cottage.call("PATCH", f"accessPackages/{hidden}", {"isHidden": True}, status=204)
    reader = application("EntitlementManagement.Read.All")

    found = await cottage.values(AVAILABLE, headers=reader)
    assert [set(one) - {"@odata.etag"} for one in found] == [{"id", "displayName", "description"}]
    assert await cottage.get(f"{AVAILABLE}/$count", headers=reader) == 1
    await cottage.refused("GET", AVAILABLE, status=403, headers=application())
    await cottage.refused("GET", MINE, status=403, headers=reader)


async def test_whoever_may_ask_sees_what_they_would_get(house: House) -> None:
    package, _ = await offered(house, "Everybody")
    alice = person(await house.person("alice"), SUBJECT)
    guest = person(await house.person("gus", user_type="Guest"), SUBJECT)
    path = f"{AVAILABLE}/{package}/resourceRoleScopes?$expand=role,scope"

    (scope,) = await house.values(path, headers=alice)
    assert scope["role"]["displayName"] == "Member"
    assert scope["scope"]["isRootScope"] is True
    await house.get(path, status=404, headers=guest)

    change = {"isRoleScopesVisible": False}
    await house.call("PATCH", f"{BETA}/accessPackages/{package}", change, status=204)
    assert await house.values(path, headers=alice) == []


async def test_requirements_are_told_by_policy(house: House) -> None:
    alice, bob = await house.person("alice"), await house.person("bob")
    question = {
        "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
        "text": "Which room?",
        "isRequired": True,
        "isAnswerEditable": True,
    }
    package = await house.package(await house.catalog(), await house.group("sales"))
    policy = await house.policy(
        package,
        decision(user(bob)),
        questions=[question],
        expiration={"type": "afterDuration", "duration": "P30D"},
        requestorSettings={
            "enableTargetsToSelfAddAccess": True,
            "allowCustomAssignmentSchedule": True,
        },
        requestApprovalSettings={
            "isApprovalRequiredForAdd": True,
            "isRequestorJustificationRequired": True,
            "stages": [decision(user(bob))],
        },
    )
    as_alice = person(alice, SUBJECT)
    path = f"accessPackages/{package}/getApplicablePolicyRequirements"

    await house.post(path, {"subject": {"objectId": bob}}, status=400, headers=as_alice)
    found = await house.post(path, status=200, headers=as_alice)
    assert found["@odata.context"].endswith(
        "#Collection(microsoft.graph.accessPackageAssignmentRequestRequirements)"
    )
    (told,) = found["value"]
    assert told["policyId"] == policy
    assert told["policyDisplayName"] == "All staff"
    assert told["isApprovalRequiredForAdd"] is True
    assert told["isApprovalRequiredForUpdate"] is False
    assert told["isRequestorJustificationRequired"] is True
    assert told["allowCustomAssignmentSchedule"] is True
    assert told["schedule"]["expiration"] == {
        "duration": "P30D",
        "endDateTime": None,
        "type": "afterDuration",
    }
    (asked,) = told["questions"]
    assert asked["text"] == "Which room?"

    answer = {
        "@odata.type": f"{GRAPH}accessPackageAnswerString",
        "value": "417",
        "answeredQuestion": {
            "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
            "id": asked["id"],
        },
    }
    await house.ask(alice, package, policy, answers=[answer], justification="I sit there.")
    (told,) = (await house.post(f"{BETA}/{path}", status=200, headers=as_alice))["value"]
    assert told["isApprovalRequired"] is True
    assert told["isCustomAssignmentScheduleAllowed"] is True
    assert told["questions"][0]["text"]["defaultText"] == "Which room?"
    assert [one["value"] for one in told["existingAnswers"]] == ["417"]


async def test_only_the_policies_that_come_first_are_told(cottage: House) -> None:
    alice, bob = await cottage.person("alice"), await cottage.person("bob")
    package, everybody = await offered(cottage, "Sales")
    special = await cottage.policy(package, displayName="Alice", **for_these(alice))
    closed, _ = await offered(cottage, "Closed", allowedTargetScope="notSpecified")

    async def told(who: str, package: str = package) -> list[Any]:
        path = f"accessPackages/{package}/getApplicablePolicyRequirements"
        found = await cottage.post(path, status=200, headers=person(who, SUBJECT))
        return [(one["policyId"], one["questions"], one["schedule"]) for one in found["value"]]

    assert await told(alice) == [(special, [], None)]
    assert await told(bob) == [(everybody, [], None)]
    assert await told(bob, closed) == []
    path = f"accessPackages/{NOBODY}/getApplicablePolicyRequirements"
    await cottage.refused("POST", path, status=404, headers=person(bob, SUBJECT))


async def test_what_colleagues_have_is_suggested_and_what_one_had(house: House) -> None:
    people = {name: await house.person(name) for name in ("mary", "alice", "bob", "zoe")}
    await house.manages(people["mary"], people["alice"], people["bob"])
    laptop, laptops = await offered(house, "Laptop")
    badge, badges = await offered(house, "Badge")
    secret, secrets = await offered(house, "Secret", **for_these(people["bob"]))
    for name, package, policy in [
        ("bob", laptop, laptops),
        ("mary", laptop, laptops),
        ("bob", secret, secrets),
        ("zoe", badge, badges),
        ("alice", badge, badges),
    ]:
        last = await house.assign(people[name], package, policy)
    await house.settle()
    since = house.clock.now()
    house.clock.advance(days=1)
    await house.remove((await house.assignment_of(last))["id"])
    await house.settle()
    as_alice = person(people["alice"], SUBJECT)

    async def suggested(on: str) -> dict[str, list[Any]]:
        path = SUGGESTED.format(on) + "?$expand=accessPackage"
        found = await house.values(path, headers=as_alice)
        return {one["accessPackage"]["displayName"]: one["reasons"] for one in found}

    colleagues = {
        "@odata.type": f"{GRAPH}accessPackageSuggestionRelatedPeopleBased",
        "relatedPeople": [],
        "relatedPeopleAssignmentCount": 2,
    }
    before = {
        "@odata.type": f"{GRAPH}accessPackageSuggestionSelfAssignmentHistoryBased",
        "lastAssignmentDateTime": f"{since:%Y-%m-%dT%H:%M:%SZ}",
        "pastAssignmentCount": 1,
    }
    everything = {"Laptop": [colleagues], "Badge": [before]}
    assert await suggested("relatedPeopleAssignments,assignmentHistory") == everything
    assert await suggested("assignmentHistory") == {"Badge": [before]}
    assert await suggested("RelatedPeopleAssignments") == {"Laptop": [colleagues]}
    found = await house.values("accessPackageSuggestions", headers=as_alice)
    assert sorted(one["id"] for one in found) == sorted([laptop, badge])
    assert (await house.refused("GET", SUGGESTED.format("luck"), status=400, headers=as_alice))[
        2
    ] == "on"

    settings = {
        "@odata.type": f"{GRAPH}endUserSettings",
        "relatedPeopleInsightLevel": "countAndNames",
    }
    path = "controlConfigurations/endUserSettings"
    await house.call("PUT", path, settings, status=200)
    (reason,) = (await suggested("relatedPeopleAssignments"))["Laptop"]
    assert [one["displayName"] for one in reason["relatedPeople"]] == ["Bob", "Mary"]
    settings["relatedPeopleInsightLevel"] = "disabled"
    await house.call("PUT", path, settings, status=200)
    assert list(await suggested("relatedPeopleAssignments,assignmentHistory")) == ["Badge"]

    await house.ask(people["alice"], badge, badges)
    assert await suggested("assignmentHistory") == {}

"""Requests that are refused before they are made."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.entitlement.house import GRAPH, SUBJECT, House, decision, user
from tests.support.callers import application, person

BOB = "00000000-0000-4000-8000-00000000bbbb"


async def place(house: House, **policy: Any) -> tuple[str, str, str]:
    """Make alice, a package and a policy."""
    alice = await house.person("alice")
    package = await house.package(await house.catalog(), await house.group("sales"))
    return alice, package, await house.policy(package, **policy)


def asking(package: str, policy: str, **more: Any) -> dict[str, Any]:
    assignment = {"accessPackageId": package, "assignmentPolicyId": policy}
    return {"requestType": "userAdd", "assignment": assignment, **more}


async def refusal(house: House, who: str, body: dict[str, Any], *, status: int = 400) -> str:
    code, message, _ = await house.refused(
        "POST", "assignmentRequests", body, status=status, headers=person(who, SUBJECT)
    )
    assert message
    return code


async def test_nobody_waits_for_a_package_twice_or_asks_for_what_they_have(house: House) -> None:
    alice, package, policy = await place(house)
    await house.ask(alice, package, policy)

    assert await refusal(house, alice, asking(package, policy)) == "ExistingOpenRequest"
    await house.settle()
    assert await refusal(house, alice, asking(package, policy)) == "ExistingGrant"


async def test_of_requests_for_the_same_thing_at_once_one_is_taken(house: House) -> None:
    alice, package, policy = await place(house)
    body = asking(package, policy)
    headers = person(alice, SUBJECT)
    url = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests"

    replies = await asyncio.gather(
        *(house.api.post(url, json=body, headers=headers) for _ in range(8))
    )

    statuses = sorted(reply.status_code for reply in replies)
    assert statuses == [201] + [400] * 7


@pytest.mark.parametrize(
    "policy",
    [
        {"allowedTargetScope": "notSpecified"},
        {"requestorSettings": {"enableTargetsToSelfAddAccess": False}},
        {"requestorSettings": None},
        {
            "allowedTargetScope": "specificDirectoryUsers",
            "specificAllowedTargets": [user(BOB)],
        },
        {"allowedTargetScope": "allExternalUsers"},
    ],
    ids=["nobody", "no requests", "no settings", "somebody else", "an unknown scope"],
)
async def test_a_policy_that_is_not_for_the_target_refuses_with_its_documented_sentence(
    cottage: House, policy: dict[str, Any]
) -> None:
    await cottage.person("bob", id=BOB)
    alice, package, key = await place(cottage, **policy)

    code, message, _ = await cottage.refused(
        "POST",
        "assignmentRequests",
        asking(package, key),
        status=403,
        headers=person(alice, SUBJECT),
    )

    assert code == "PolicyRequirementsNotMet"
    assert message == "You don't meet policy requirements to request this entitlement."


async def test_guests_are_no_members(cottage: House) -> None:
    _, package, policy = await place(cottage)
    guest = await cottage.person("guest", user_type="Guest")

    code = await refusal(cottage, guest, asking(package, policy), status=403)

    assert code == "PolicyRequirementsNotMet"


async def test_members_of_a_named_group_may_ask(cottage: House) -> None:
    group = await cottage.group("staff")
    target = {"@odata.type": f"{GRAPH}groupMembers", "groupId": group}
    alice, package, policy = await place(
        cottage,
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[target],
    )
    assert await refusal(cottage, alice, asking(package, policy), status=403)

    await cottage.join(group, alice)

    assert await cottage.ask(alice, package, policy)


async def test_packages_of_an_unpublished_catalog_cannot_be_asked_for(cottage: House) -> None:
    alice = await cottage.person("alice")
    catalog = await cottage.catalog()
    package = await cottage.package(catalog)
    policy = await cottage.policy(package)
    await cottage.call("PATCH", f"catalogs/{catalog}", {"state": "unpublished"}, status=204)

    code = await refusal(cottage, alice, asking(package, policy), status=403)

    assert code == "PolicyRequirementsNotMet"
    assert await cottage.assign(alice, package, policy)


async def test_reasons_and_answers_are_asked_for(cottage: House) -> None:
    question = {
        "@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion",
        "isRequired": True,
        "text": "Where?",
        "choices": [{"actualValue": "AZ", "text": "Arizona"}],
    }
    approver = await cottage.person("bob")
    approval = {
        "isApprovalRequiredForAdd": True,
        "isRequestorJustificationRequired": True,
        "stages": [decision(user(approver))],
    }
    alice, package, policy = await place(
        cottage, questions=[question], requestApprovalSettings=approval
    )
    (kept,) = (await cottage.get(f"assignmentPolicies/{policy}"))["questions"]

    def answered(value: str) -> dict[str, Any]:
        answer = {
            "@odata.type": f"{GRAPH}accessPackageAnswerString",
            "value": value,
            "answeredQuestion": {"@odata.type": question["@odata.type"], "id": kept["id"]},
        }
        return asking(package, policy, justification="project x", answers=[answer])

    bare = asking(package, policy)
    assert await refusal(cottage, alice, bare) == "JustificationRequired"
    reasoned = asking(package, policy, justification="project x")
    assert await refusal(cottage, alice, reasoned) == "RequiredAnswerMissing"
    assert await refusal(cottage, alice, answered("Texas")) == "RequiredAnswerMissing"
    await cottage.post("assignmentRequests", answered("AZ"), headers=person(alice, SUBJECT))


@pytest.mark.parametrize(
    "schedule",
    [
        {"expiration": {"type": "afterDuration", "duration": "P1D"}},
        {"startDateTime": "2026-03-01T00:00:00Z"},
    ],
)
async def test_people_choose_their_own_time_only_where_the_policy_lets_them(
    cottage: House, schedule: dict[str, Any]
) -> None:
    alice, package, policy = await place(cottage)

    code = await refusal(cottage, alice, asking(package, policy, schedule=schedule))

    assert code == "ScheduleNotAllowed"


async def test_nobody_outlasts_the_policy(cottage: House) -> None:
    alice, package, policy = await place(
        cottage, expiration={"type": "afterDuration", "duration": "P7D"}
    )
    longer = {"expiration": {"type": "afterDuration", "duration": "P8D"}}
    assignment = {"targetId": alice, "accessPackageId": package, "assignmentPolicyId": policy}
    body = {"requestType": "adminAdd", "assignment": assignment, "schedule": longer}

    code, _, target = await cottage.refused("POST", "assignmentRequests", body)

    assert (code, target) == ("ScheduleNotAllowed", "schedule/expiration")


@pytest.mark.parametrize("type_", ["systemAdd", "systemRemove", "onBehalfAdd", "notSpecified"])
async def test_clients_do_not_make_the_requests_of_the_server(cottage: House, type_: str) -> None:
    body = {"requestType": type_, "assignment": {"id": "x"}}

    code, message, target = await cottage.refused("POST", "assignmentRequests", body)

    assert target == "requestType"
    assert code == "BadRequest"
    assert type_ in message


@pytest.mark.parametrize(
    ("assignment", "target"),
    [
        (None, "assignment"),
        ({}, "assignment/targetId"),
        ({"targetId": "nobody"}, "assignment/assignmentPolicyId"),
        ({"targetId": "nobody", "assignmentPolicyId": "none"}, "assignment/assignmentPolicyId"),
    ],
)
async def test_an_incomplete_request_names_what_is_missing(
    cottage: House, assignment: Any, target: str
) -> None:
    body = {"requestType": "adminAdd", "assignment": assignment}

    code, _, named = await cottage.refused("POST", "assignmentRequests", body)

    assert (code, named) == ("InvalidModel", target)


async def test_an_unknown_target_is_named(cottage: House) -> None:
    _, package, policy = await place(cottage)
    assignment = {"targetId": "nobody", "accessPackageId": package, "assignmentPolicyId": policy}
    body = {"requestType": "adminAdd", "assignment": assignment}

    code, message, target = await cottage.refused("POST", "assignmentRequests", body)

    assert (code, target) == ("InvalidModel", "assignment/targetId")
    assert "nobody" in message


async def test_an_application_does_not_ask_for_itself(cottage: House) -> None:
    _, package, policy = await place(cottage)

    await cottage.refused(
        "POST",
        "assignmentRequests",
        asking(package, policy),
        status=403,
        headers=application("EntitlementManagement.ReadWrite.All"),
    )


async def test_people_do_not_assign(cottage: House) -> None:
    alice, package, policy = await place(cottage)
    assignment = {"targetId": alice, "accessPackageId": package, "assignmentPolicyId": policy}
    body = {"requestType": "adminAdd", "assignment": assignment}

    await cottage.refused(
        "POST", "assignmentRequests", body, status=403, headers=person(alice, SUBJECT)
    )


async def test_ids_are_taken_in_any_case(cottage: House) -> None:
    bob = await cottage.person("bob")
    _, package, policy = await place(
        cottage,
        allowedTargetScope="specificDirectoryUsers",
        specificAllowedTargets=[user(bob.upper())],
    )
    assignment = {
        "targetId": bob.upper(),
        "accessPackageId": package.upper(),
        "assignmentPolicyId": policy.upper(),
    }

    await cottage.post("assignmentRequests", {"requestType": "AdminAdd", "assignment": assignment})


async def test_a_policy_that_is_being_deleted_takes_no_more_requests(house: House) -> None:
    people = [await house.person(f"person{number}") for number in range(6)]
    package = await house.package(await house.catalog(), await house.group("sales"))
    policy = await house.policy(package)
    root = "/v1.0/identityGovernance/entitlementManagement"

    replies = await asyncio.gather(
        *(
            house.api.post(
                f"{root}/assignmentRequests",
                json=asking(package, policy),
                headers=person(who, SUBJECT),
            )
            for who in people
        ),
        house.api.delete(f"{root}/accessPackages/{package}"),
    )

    *asked, deleted = [reply.status_code for reply in replies]
    taken = asked.count(201)
    assert (deleted, taken > 0) in [(204, False), (400, True)]
    await house.settle()
    assert len(await house.values("assignments")) == taken

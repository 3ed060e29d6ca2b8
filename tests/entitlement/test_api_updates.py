"""Changes of assignments that are held: extensions, other answers, another policy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.extending import (
    AS_LONG_AS_THE_POLICY_GIVES,
    LETS_EXTEND,
    after,
    approve,
    end_of,
    held,
    update,
    updating,
)
from tests.entitlement.house import BETA, SUBJECT, House, calls, decision, user
from tests.support.callers import person


async def test_an_extension_moves_the_end_and_its_timer(house: House) -> None:
    it = await held(house)
    assert await end_of(house, it) == after(30)
    house.clock.advance(days=20)

    request = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()

    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await end_of(house, it) == after(50)
    house.clock.advance(days=11)
    await house.settle()
    assert await house.members(it.group) == {it.alice}
    house.clock.advance(days=19)
    await house.settle()
    assert await house.members(it.group) == set()
    found = await house.get(f"assignments/{it.assignment}")
    assert (found["state"], found["status"]) == ("expired", "ExpiredNotificationTriggered")


async def test_beta_tells_that_an_assignment_was_extended(cottage: House) -> None:
    it = await held(cottage)
    path = f"{BETA}/accessPackageAssignments/{it.assignment}"
    assert not (await cottage.get(path))["isExtended"]
    cottage.clock.advance(days=1)

    await update(cottage, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await cottage.settle()

    assert (await cottage.get(path))["isExtended"]


async def test_beta_may_call_a_change_of_the_end_an_extension(cottage: House) -> None:
    it = await held(cottage)
    cottage.clock.advance(days=1)
    body = {
        "requestType": "UserExtend",
        "accessPackageAssignment": {"id": it.assignment},
        "schedule": AS_LONG_AS_THE_POLICY_GIVES,
    }

    path = f"{BETA}/accessPackageAssignmentRequests"
    made = await cottage.post(path, body, headers=person(it.alice, SUBJECT))
    await cottage.settle()

    assert made["requestType"] == "UserUpdate"
    assert await end_of(cottage, it) == after(31)


async def test_an_extension_that_needs_approval_waits_and_access_runs_to_its_old_end(
    house: House,
) -> None:
    bob = await house.person("bob")
    approval = {
        "isApprovalRequiredForAdd": False,
        "isApprovalRequiredForUpdate": True,
        "stages": [decision(user(bob), durationBeforeAutomaticDenial="P60D")],
    }
    it = await held(house, requestApprovalSettings=approval)
    request = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()
    assert await house.standing(request) == ("pendingApproval", "PendingApproval")
    assert (await house.get(f"assignments/{it.assignment}"))["state"] == "delivered"

    house.clock.advance(days=30)
    await house.settle()

    assert await house.members(it.group) == set()
    assert await house.standing(request) == ("canceled", "Canceled")


async def test_an_approved_extension_counts_from_the_approval(house: House) -> None:
    bob = await house.person("bob")
    approval = {"isApprovalRequiredForUpdate": True, "stages": [decision(user(bob))]}
    it = await held(house, requestApprovalSettings=approval)
    request = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()
    house.clock.advance(days=1)

    await approve(house, request, bob)

    assert await end_of(house, it) == after(31)


async def test_a_denied_extension_leaves_access_as_it_was(house: House) -> None:
    bob = await house.person("bob")
    approval = {"isApprovalRequiredForUpdate": True, "stages": [decision(user(bob))]}
    it = await held(house, requestApprovalSettings=approval)
    request = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()

    await approve(house, request, bob, result="Deny")

    assert await house.standing(request) == ("denied", "Denied")
    assert await end_of(house, it) == after(30)
    assert await house.members(it.group) == {it.alice}
    assert await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)


@pytest.mark.parametrize("stage", ["assignmentRequestApproved", "assignmentRequestGranted"])
async def test_a_silent_extension_changes_nothing_and_takes_nothing(
    house: House, stage: str
) -> None:
    it = await held(house)
    extension = await house.extension(it.catalog)
    await house.call(
        "PATCH",
        f"assignmentPolicies/{it.policy}",
        {"customExtensionStageSettings": calls((stage, extension))},
        status=200,
    )
    request = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()
    house.clock.advance(hours=1)
    await house.settle()

    assert await house.standing(request) == ("deliveryFailed", "CallbackTimedOut")
    assert await end_of(house, it) == after(30)
    assert await house.members(it.group) == {it.alice}
    assert (await house.get(f"assignments/{it.assignment}"))["state"] == "delivered"

    await house.call("POST", f"assignmentRequests/{request}/reprocess", status=202)
    await house.settle()
    await house.resume(house.endpoint.calls[-1])
    await house.settle()
    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")


async def test_a_failed_change_gives_way_to_one_that_came_after_it(house: House) -> None:
    it = await held(house)
    extension = await house.extension(it.catalog)
    settings = {"customExtensionStageSettings": calls(("assignmentRequestApproved", extension))}
    await house.call("PATCH", f"assignmentPolicies/{it.policy}", settings, status=200)
    failed = await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    await house.settle()
    house.clock.advance(hours=1)
    await house.settle()
    await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)

    code, _, _ = await house.refused("POST", f"assignmentRequests/{failed}/reprocess")

    assert code == "ExistingOpenRequest"


async def test_a_change_waits_for_its_start_date(house: House) -> None:
    it = await held(house)
    schedule = {"startDateTime": after(10), "expiration": {"type": "notSpecified"}}

    request = await update(house, it, schedule=schedule)
    await house.settle()
    assert await house.standing(request) == ("scheduled", "PendingNotBefore")
    assert await end_of(house, it) == after(30)
    house.clock.advance(days=10)
    await house.settle()

    assert await end_of(house, it) == after(40)


async def test_people_may_end_their_access_sooner(house: House) -> None:
    it = await held(house)
    sooner = {"expiration": {"type": "afterDateTime", "endDateTime": after(5)}}

    await update(house, it, schedule=sooner)
    await house.settle()
    house.clock.advance(days=5)
    await house.settle()

    assert await house.members(it.group) == set()


async def test_nobody_extends_beyond_the_policy(cottage: House) -> None:
    it = await held(cottage)
    longer = {"expiration": {"type": "afterDateTime", "endDateTime": after(31)}}
    body = updating(it, schedule=longer)

    code, _, target = await cottage.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )

    assert (code, target) == ("ScheduleNotAllowed", "schedule/expiration")


@pytest.mark.parametrize(
    ("settings", "schedule", "code"),
    [
        ({"enableTargetsToSelfUpdateAccess": False}, {}, "PolicyRequirementsNotMet"),
        (
            {"allowCustomAssignmentSchedule": False},
            {"expiration": {"type": "afterDuration", "duration": "P3D"}},
            "ScheduleNotAllowed",
        ),
    ],
    ids=["no updates", "no time of their own"],
)
async def test_people_change_only_what_the_policy_lets_them(
    cottage: House, settings: dict[str, Any], schedule: dict[str, Any], code: str
) -> None:
    it = await held(cottage, requestorSettings={**LETS_EXTEND, **settings})
    body = updating(it, schedule=schedule or AS_LONG_AS_THE_POLICY_GIVES)
    url = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests"

    reply = await cottage.api.post(url, json=body, headers=person(it.alice, SUBJECT))

    assert reply.json()["error"]["code"] == code
    assert await cottage.values("assignmentRequests?$filter=requestType eq 'userUpdate'") == []


async def test_an_assignment_is_changed_by_one_request_at_a_time(house: House) -> None:
    it = await held(house)
    await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)
    body = updating(it, schedule=AS_LONG_AS_THE_POLICY_GIVES)

    code, _, _ = await house.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )

    assert code == "ExistingOpenRequest"
    await house.settle()
    assert await update(house, it, schedule=AS_LONG_AS_THE_POLICY_GIVES)


async def test_what_is_being_removed_is_not_changed(cottage: House) -> None:
    it = await held(cottage)
    await cottage.remove(it.assignment)
    body = updating(it, schedule=AS_LONG_AS_THE_POLICY_GIVES)

    code, _, _ = await cottage.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )
    await cottage.settle()
    gone, _, _ = await cottage.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )

    assert (code, gone) == ("ExistingOpenRequest", "OperationNotAllowed")


async def test_an_update_that_changes_nothing_is_refused(cottage: House) -> None:
    it = await held(cottage)

    code, message, _ = await cottage.refused(
        "POST", "assignmentRequests", updating(it), headers=person(it.alice, SUBJECT)
    )

    assert code == "InvalidModel"
    assert "schedule" in message


async def test_an_administrator_moves_an_assignment_to_another_policy(house: House) -> None:
    it = await held(house)
    shorter = await house.policy(
        it.package, expiration={"type": "afterDuration", "duration": "P7D"}
    )
    body = {
        "requestType": "adminUpdate",
        "assignment": {"id": it.assignment, "assignmentPolicyId": shorter},
    }

    await house.post("assignmentRequests", body)
    refused, _, _ = await house.refused("DELETE", f"assignmentPolicies/{shorter}")
    await house.settle()

    assert refused == "OperationNotAllowed"
    found = await house.get(f"assignments/{it.assignment}?$expand=assignmentPolicy")
    assert found["assignmentPolicy"]["id"] == shorter
    assert await end_of(house, it) == after(7)
    await house.call("DELETE", f"assignmentPolicies/{it.policy}", status=204)


async def test_a_person_does_not_choose_the_policy_of_their_assignment(cottage: House) -> None:
    it = await held(cottage)
    body = {
        "requestType": "userUpdate",
        "assignment": {"id": it.assignment, "assignmentPolicyId": it.policy},
    }

    code, _, target = await cottage.refused(
        "POST", "assignmentRequests", body, headers=person(it.alice, SUBJECT)
    )

    assert (code, target) == ("InvalidModel", "assignment/assignmentPolicyId")


async def test_an_administrator_needs_no_approval_unless_they_ask_for_it(house: House) -> None:
    bob = await house.person("bob")
    approval = {"isApprovalRequiredForUpdate": True, "stages": [decision(user(bob))]}
    it = await held(house, requestApprovalSettings=approval)
    body = updating(it, "adminUpdate", schedule=AS_LONG_AS_THE_POLICY_GIVES)

    first = (await house.post("assignmentRequests", body))["id"]
    await house.settle()
    asked = [{"name": "IsApprovalRequired", "value": "true"}]
    second = (await house.post("assignmentRequests", {**body, "parameters": asked}))["id"]
    await house.settle()

    assert (await house.standing(first))[0] == "delivered"
    assert (await house.standing(second))[0] == "pendingApproval"


async def test_a_pending_change_is_canceled_by_whoever_asked(house: House) -> None:
    it = await held(house)
    schedule = {"startDateTime": after(10), "expiration": {"type": "notSpecified"}}
    request = await update(house, it, schedule=schedule)
    await house.settle()

    await house.call(
        "POST",
        f"assignmentRequests/{request}/cancel",
        status=204,
        headers=person(it.alice, SUBJECT),
    )

    assert await house.standing(request) == ("canceled", "Canceled")
    assert (await house.get(f"assignments/{it.assignment}"))["state"] == "delivered"
    await house.call("DELETE", f"assignmentRequests/{request}", status=204)


async def test_written_again_an_assignment_is_delivered_though_a_change_is_pending(
    house: House,
) -> None:
    it = await held(house)
    schedule = {"startDateTime": after(10), "expiration": {"type": "notSpecified"}}
    await update(house, it, schedule=schedule)
    await house.settle()

    await house.call("POST", f"assignments/{it.assignment}/reprocess", status=202)
    await house.settle()

    assert (await house.get(f"assignments/{it.assignment}"))["state"] == "delivered"

"""Whole stories of requests through the API (contract, section 3)."""

from __future__ import annotations

from dataclasses import dataclass

from tests.entitlement.house import APPROVER, House, calls, decision, user
from tests.support.callers import person

CREATED = "assignmentRequestCreated"
APPROVED = "assignmentRequestApproved"
GRANTED = "assignmentRequestGranted"
REMOVED = "assignmentRequestRemoved"


@dataclass
class Offer:
    """A package that alice can ask for."""

    alice: str
    bob: str
    catalog: str
    group: str
    package: str


async def offer(house: House) -> Offer:
    alice, bob = await house.person("alice"), await house.person("bob")
    group, catalog = await house.group("sales"), await house.catalog()
    package = await house.package(catalog, group)
    return Offer(alice, bob, catalog, group, package)


async def test_a_request_is_checked_approved_and_delivered(house: House) -> None:
    it = await offer(house)
    extension = await house.extension(it.catalog)
    stage_settings = calls((CREATED, extension))
    policy = await house.policy(
        it.package, decision(user(it.bob)), customExtensionStageSettings=stage_settings
    )

    request = await house.ask(it.alice, it.package, policy, justification="project x")
    assert await house.standing(request) == ("submitted", "Accepted")
    await house.settle()
    assert await house.standing(request) == ("submitted", "WaitingForCallback")
    (call,) = house.endpoint.calls
    await house.resume(call)
    await house.settle()
    assert await house.standing(request) == ("pendingApproval", "PendingApproval")
    assert await house.members(it.group) == set()

    as_bob = person(it.bob, APPROVER, name="Bob")
    path = f"accessPackageAssignmentApprovals/{request}/stages"
    (stage,) = await house.values(path, headers=as_bob)
    assert stage["assignedToMe"]
    assert (stage["status"], stage["reviewResult"]) == ("InProgress", "NotReviewed")
    body = {"reviewResult": "Approve", "justification": "fine"}
    await house.call("PATCH", f"{path}/{stage['id']}", body, status=204, headers=as_bob)
    await house.settle()

    assert await house.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await house.members(it.group) == {it.alice}
    assignment = await house.assignment_of(request)
    assert (assignment["state"], assignment["status"]) == ("delivered", "Delivered")

"""Dynamic approval through the API: an extension is asked who decides, and they are."""

from __future__ import annotations

from typing import Any

import pytest

from tests.entitlement.dynamic_stages import (
    APPROVALS,
    WHO,
    park,
    policy_of,
)
from tests.entitlement.house import (
    APPROVER,
    BETA,
    GRAPH,
    House,
    decision,
    policy,
    user,
)
from tests.support.callers import person


async def test_the_approvers_that_the_extension_names_decide(house: House) -> None:
    it = await park(house)
    told = it.call.json()
    assert (told["Stage"], told["State"], told["Status"]) == (WHO, "submitted", "Accepted")
    assert told["CallbackConfiguration"] == {"DurationBeforeTimeout": "PT1H"}
    assert await it.standing() == ("submitted", "WaitingForCallback")
    headers = person(it.people["bob"], APPROVER)
    await house.get(f"{APPROVALS}/{it.request}/stages", status=404, headers=headers)

    await it.answer(
        primaryApprovers=[
            {"@odata.type": f"{GRAPH}singleUser", "id": it.people["bob"], "isBackup": False}
        ],
        durationBeforeAutomaticDenial="P2D",
    )
    await house.settle()

    assert await it.standing() == ("pendingApproval", "PendingApproval")
    (found,) = await house.values(
        f"{APPROVALS}/filterByCurrentUser(on='approver')?$expand=stages", headers=headers
    )
    assert found["id"] == it.request
    (stage,) = found["stages"]
    assert (stage["status"], stage["assignedToMe"]) == ("InProgress", True)
    await it.approve("bob")
    assert (await it.standing())[0] == "delivered"
    assert await house.members(it.group) == {it.people["alice"]}


async def test_the_same_answer_again_is_accepted_and_opens_nothing_twice(house: House) -> None:
    it = await park(house)
    named: dict[str, Any] = {"primaryApprovers": [user(it.people["bob"])]}

    await it.answer(**named)
    await it.answer(**named)
    refused = await it.answer(status=400, primaryApprovers=[user(it.people["carol"])])
    await house.settle()

    assert refused["error"]["code"]
    assert len(await it.stages("bob")) == 1


@pytest.mark.parametrize(
    ("stage", "target"),
    [
        ({}, "data/approvalStage/primaryApprovers"),
        ({"primaryApprovers": []}, "data/approvalStage/primaryApprovers"),
        (
            {"primaryApprovers": [user("00000000-0000-4000-8000-00000000dead")]},
            "data/approvalStage/primaryApprovers/0",
        ),
        (
            {"escalationApprovers": [user("00000000-0000-4000-8000-00000000dead")]},
            "data/approvalStage",
        ),
    ],
    ids=["nothing", "nobody", "somebody unknown", "unknown in reserve"],
)
async def test_an_answer_that_names_nobody_leaves_the_request_waiting(
    house: House, stage: dict[str, Any], target: str
) -> None:
    it = await park(house)

    error = (await it.answer(status=400, **stage))["error"]
    await house.settle()

    assert error["target"].startswith(target)
    assert await it.standing() == ("submitted", "WaitingForCallback")
    assert [label for _, label in await house.answers(it.request)] == ["InvalidModel"]
    house.clock.advance(hours=1)
    await house.settle()
    assert await it.standing() == ("denied", "CallbackTimedOut")
    assert await house.members(it.group) == set()


async def test_a_plain_answer_is_not_enough_where_approvers_are_asked_for(house: House) -> None:
    it = await park(house)

    error = (await house.resume(it.call, status=400))["error"]

    assert (error["code"], error["target"]) == ("InvalidModel", "data/approvalStage")
    assert await it.standing() == ("submitted", "WaitingForCallback")


@pytest.mark.parametrize(
    ("state", "end"),
    [("denied", ("denied", "DeniedByCustomExtension")), ("canceled", ("canceled", "Canceled"))],
)
async def test_the_extension_may_end_the_request_instead(
    house: House, state: str, end: tuple[str, str]
) -> None:
    it = await park(house)

    await house.resume(it.call, state=state)
    await house.settle()

    assert await it.standing() == end
    assert await house.members(it.group) == set()


async def test_an_extension_that_cannot_be_reached_names_nobody(house: House) -> None:
    house.endpoint.always(500)

    it = await park(house)

    assert await it.standing() == ("denied", "CalloutFailed")
    assert await house.members(it.group) == set()


async def test_approvers_whom_nobody_can_be_leave_it_to_run_out(house: House) -> None:
    """The manager of somebody who has none is found by nobody, and the answer cannot know."""
    it = await park(house)
    manager = {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": "1"}

    await it.answer(primaryApprovers=[manager], durationBeforeAutomaticDenial="P1D")
    await house.settle()
    assert await it.standing() == ("pendingApproval", "PendingApproval")
    house.clock.advance(days=1)
    await house.settle()

    assert await it.standing() == ("denied", "Expired")
    assert await house.members(it.group) == set()


async def test_fixed_and_dynamic_stages_follow_one_another_in_their_order(house: House) -> None:
    bob = await house.person("robert")
    it = await park(house, decision(user(bob)), None, None)
    it.people["robert"] = bob
    assert house.endpoint.calls == []
    assert [s["status"] for s in await it.stages("robert")] == [
        "InProgress",
        "Initializing",
        "Initializing",
    ]

    await it.approve("robert")
    assert await it.standing() == ("pendingApproval", "WaitingForCallback")
    assert it.call.json()["State"] == "pendingApproval"
    await it.answer(primaryApprovers=[user(it.people["bob"])])
    await house.settle()
    await it.approve("bob", 1)
    assert await it.standing() == ("pendingApproval", "WaitingForCallback")
    assert len(house.endpoint.calls) == 2
    await it.answer(primaryApprovers=[user(it.people["carol"])])
    await house.settle()
    await it.approve("bob", 2, status=403)
    await it.approve("carol", 2)

    assert (await it.standing())[0] == "delivered"
    statuses = [(s["status"], s["reviewedBy"]["id"]) for s in await it.stages("carol")]
    assert statuses == [
        ("Completed", bob),
        ("Completed", it.people["bob"]),
        ("Completed", it.people["carol"]),
    ]


async def test_the_answer_sets_escalation_justification_and_time(house: House) -> None:
    it = await park(house)
    await it.answer(
        primaryApprovers=[user(it.people["bob"])],
        durationBeforeAutomaticDenial="P2D",
        isApproverJustificationRequired="true",
        isEscalationEnabled=True,
        durationBeforeEscalation="PT8H",
        escalationApprovers=[],
        fallbackEscalationApprovers=[user(it.people["carol"])],
    )
    await house.settle()

    house.clock.advance(hours=8)
    await house.settle()
    assert await it.standing() == ("pendingApproval", "PendingApprovalEscalated")
    await it.approve("carol", status=400)
    house.clock.advance(hours=40)
    await house.settle()

    assert await it.standing() == ("denied", "Expired")


async def test_a_policy_that_is_edited_meanwhile_changes_nothing(house: House) -> None:
    it = await park(house)
    other = policy(it.package, decision(user(it.people["carol"])))
    await house.call("PUT", f"assignmentPolicies/{await policy_of(it)}", {**other}, status=200)

    await it.answer(primaryApprovers=[user(it.people["bob"])])
    await house.settle()
    await it.approve("bob")

    assert (await it.standing())[0] == "delivered"


async def test_beta_sees_the_same_stage_as_a_step(cottage: House) -> None:
    it = await park(cottage)
    await it.answer(primaryApprovers=[user(it.people["bob"])])
    await cottage.settle()

    (step,) = await cottage.values(
        f"{BETA}/{APPROVALS}/{it.request}/steps", headers=person(it.people["bob"], APPROVER)
    )

    assert (step["status"], step["assignedToMe"]) == ("InProgress", True)


async def test_whoever_is_canceled_is_not_asked_any_more(house: House) -> None:
    it = await park(house)
    await house.post(f"assignmentRequests/{it.request}/cancel", status=403)
    alice = person(it.people["alice"], "EntitlementMgmt-SubjectAccess.ReadWrite")

    await house.post(f"assignmentRequests/{it.request}/cancel", status=204, headers=alice)
    refused = await it.answer(status=400, primaryApprovers=[user(it.people["bob"])])
    await house.settle()

    assert refused["error"]["code"] == "CustomExtensionStageInstanceClosed"
    assert await it.standing() == ("canceled", "Canceled")

"""Dynamic approval through the API: an extension is asked who decides, and they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.entitlement.house import (
    APPROVER,
    ASSIGNMENT_EXTENSION,
    BETA,
    GRAPH,
    House,
    calls,
    decision,
    extension,
    policy,
    user,
)
from tests.extensions.endpoints import Call
from tests.support.callers import person

APPROVALS = "accessPackageAssignmentApprovals"
WHO = "assignmentRequestDeterminingApprovalRequirements"
ANSWER = "microsoft.graph.assignmentRequestApprovalStageCallbackData"
APPROVE = {"reviewResult": "Approve"}


def dynamic(extension: str, **more: Any) -> dict[str, Any]:
    """Give a stage whose approvers an extension names."""
    return {
        "@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage",
        "customExtension": {"id": extension},
        **more,
    }


@dataclass
class Parked:
    """A request of alice's whose extension is asked who decides."""

    house: House
    people: dict[str, str]
    group: str
    catalog: str
    package: str
    extension: str
    request: str = ""

    @property
    def call(self) -> Call:
        return self.house.endpoint.calls[-1]

    async def answer(self, status: int = 204, **stage: Any) -> Any:
        """Name approvers as an extension would."""
        more: dict[str, Any] = {"@odata.type": ANSWER, "approvalStage": stage}
        return await self.house.resume(self.call, status=status, **more)

    async def stages(self, who: str) -> list[Any]:
        path = f"{APPROVALS}/{self.request}/stages"
        return await self.house.values(path, headers=person(self.people[who], APPROVER))

    async def approve(self, who: str, number: int = 0, *, status: int = 204) -> None:
        stage = (await self.stages(who))[number]["id"]
        path = f"{APPROVALS}/{self.request}/stages/{stage}"
        headers = person(self.people[who], APPROVER)
        await self.house.call("PATCH", path, APPROVE, status=status, headers=headers)
        await self.house.settle()

    async def standing(self) -> tuple[str, str]:
        return await self.house.standing(self.request)


async def park(house: House, *stages: Any, **more: Any) -> Parked:
    """Ask for a package whose policy has these stages; None stands for the dynamic one."""
    people = {alias: await house.person(alias) for alias in ("alice", "bob", "carol")}
    group, catalog = await house.group("sales"), await house.catalog()
    package = await house.package(catalog, group)
    extension = await house.extension(catalog)
    parked = Parked(house, people, group, catalog, package, extension)
    given = [dynamic(extension) if one is None else one for one in stages or (None,)]
    made = await house.policy(package, *given, **more)
    parked.request = await house.ask(people["alice"], package, made)
    await house.settle()
    return parked


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
    await house.call("PUT", f"assignmentPolicies/{await _policy_of(it)}", {**other}, status=200)

    await it.answer(primaryApprovers=[user(it.people["bob"])])
    await house.settle()
    await it.approve("bob")

    assert (await it.standing())[0] == "delivered"


async def _policy_of(it: Parked) -> str:
    found = await it.house.get(
        f"assignmentRequests/{it.request}?$expand=assignment($expand=assignmentPolicy)"
    )
    return str(found["assignment"]["assignmentPolicy"]["id"])


async def test_an_extension_that_must_name_approvers_stays_awaited(house: House) -> None:
    it = await park(house)
    path = f"catalogs/{it.catalog}/customWorkflowExtensions/{it.extension}"

    code, message, target = await house.refused("PATCH", path, {"callbackConfiguration": None})

    assert (code, target) == ("OperationNotAllowed", "callbackConfiguration")
    assert "All staff" in message
    code, message, _ = await house.refused("DELETE", path)
    assert (code, "All staff" in message) == ("OperationNotAllowed", True)


async def test_a_policy_shows_whom_it_asks_in_both_places(cottage: House) -> None:
    it = await park(cottage)
    whole = f"assignmentPolicies/{await _policy_of(it)}?$expand=customExtensionStageSettings"

    shown = await cottage.get(f"{whole}($expand=customExtension)")

    (stage,) = shown["requestApprovalSettings"]["stages"]
    assert stage["@odata.type"] == f"{GRAPH}accessPackageDynamicApprovalStage"
    assert stage["customExtension"]["id"] == it.extension
    (setting,) = shown["customExtensionStageSettings"]
    assert (setting["stage"], setting["customExtension"]["id"]) == (WHO, it.extension)
    again = {k: v for k, v in shown.items() if k != "customExtensionStageSettings"}
    kept = await cottage.call("PUT", whole.partition("?")[0], again, status=200)
    assert kept["requestApprovalSettings"]["stages"] == [stage]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"wait": None}, "callbackConfiguration"),
        ({"**": {"@odata.type": ASSIGNMENT_EXTENSION}}, "another type"),
    ],
    ids=["not awaited", "of the other type"],
)
async def test_only_an_awaited_request_extension_can_be_asked(
    cottage: House, changes: dict[str, Any], why: str
) -> None:
    catalog = await cottage.catalog()
    package = await cottage.package(catalog)
    more = changes.get("**", {})
    key = await cottage.extension(catalog, wait=changes.get("wait", "PT1H"), **more)

    code, message, target = await cottage.refused(
        "POST", "assignmentPolicies", policy(package, dynamic(key))
    )

    assert (code, target) == (
        "InvalidModel",
        "requestApprovalSettings/stages/0/customExtension",
    )
    assert why in message


async def test_a_dynamic_stage_names_no_approvers_itself(cottage: House) -> None:
    bob, catalog = await cottage.person("bob"), await cottage.catalog()
    package, key = await cottage.package(catalog), await cottage.extension(catalog)

    code, _, target = await cottage.refused(
        "POST",
        "assignmentPolicies",
        policy(package, dynamic(key, primaryApprovers=[user(bob)])),
    )

    assert code == "InvalidModel"
    assert target == "requestApprovalSettings/stages/0/primaryApprovers/0"


async def test_a_setting_that_no_stage_uses_is_refused(cottage: House) -> None:
    catalog = await cottage.catalog()
    package, key = await cottage.package(catalog), await cottage.extension(catalog)

    _, _, target = await cottage.refused(
        "POST",
        "assignmentPolicies",
        policy(package, customExtensionStageSettings=calls((WHO, key))),
    )

    assert target == "customExtensionStageSettings/0"


async def test_the_published_callback_configuration_is_kept(cottage: House) -> None:
    catalog = await cottage.catalog()
    type_ = f"{GRAPH}accessPackageRequestApprovalStageCallbackConfiguration"
    body = extension(cottage.endpoint.url)
    body["callbackConfiguration"] = {"@odata.type": type_, "timeoutDuration": "PT30M"}

    made = await cottage.post(f"catalogs/{catalog}/customWorkflowExtensions", body)
    read = await cottage.get(f"catalogs/{catalog}/customWorkflowExtensions/{made['id']}")

    assert read["callbackConfiguration"]["@odata.type"] == type_
    assert read["callbackConfiguration"]["timeoutDuration"] == "PT30M"


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

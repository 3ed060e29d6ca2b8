"""Who decides: a manager and then a committee that escalates, or whom an extension names."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import person_id
from tests.scenarios import bodies
from tests.scenarios.access import Offer
from tests.scenarios.api import Json
from tests.scenarios.bodies import GRAPH, deciding, manager, user
from tests.scenarios.house import House
from tests.scenarios.names import BETA, V1, Names

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN, LEE, MIRIAM, PATTI = (person_id(a) for a in ("megan", "lee", "miriam", "patti"))
WHO = "assignmentRequestDeterminingApprovalRequirements"
DELIVERED = ("delivered", "FulfilledNotificationTriggered")
both = pytest.mark.parametrize("names", [V1, BETA], ids=str)


async def test_a_manager_agrees_and_a_silent_committee_is_escalated(house: House) -> None:
    """Megan's manager has two days; IT has fourteen, and after seven Miriam may decide as well."""
    access = house.access()
    first = {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": [manager()]}
    second = {
        "durationBeforeAutomaticDenial": "P14D",
        "durationBeforeEscalation": "P7D",
        "isEscalationEnabled": True,
        "isApproverJustificationRequired": True,
        "primaryApprovers": [user(LEE)],
        "escalationApprovers": [user(MIRIAM)],
    }
    offer = await access.offer_under(
        await house.make_group(), lambda package: deciding(package, first, second)
    )
    request = await house.asker("megan").ask(offer)
    await house.settle()
    assert request in await house.approver("nestor").asked()
    assert request not in await house.approver("lee").asked()

    await house.approver("nestor").decide(request, "Approve")
    await house.settle()
    assert await access.state_of(request) == ("pendingApproval", "PendingApproval")
    assert request in await house.approver("lee").asked()
    assert request not in await house.approver("miriam").asked()

    await house.advance(days=7)
    assert await access.state_of(request) == ("pendingApproval", "PendingApprovalEscalated")
    assert request in await house.approver("lee").asked()
    assert request in await house.approver("miriam").asked()
    assert await house.members(offer.group) == set()

    await house.approver("miriam").decide(request, "Approve")
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}


async def test_a_committee_that_stays_silent_after_the_escalation_denies(house: House) -> None:
    access = house.access()
    stage = {
        "durationBeforeAutomaticDenial": "P4D",
        "durationBeforeEscalation": "P1D",
        "isEscalationEnabled": True,
        "primaryApprovers": [user(LEE)],
        "escalationApprovers": [user(MIRIAM)],
    }
    offer = await access.offer_under(
        await house.make_group(), lambda package: deciding(package, stage)
    )
    request = await house.asker("megan").ask(offer)

    await house.advance(days=4)

    assert await access.state_of(request) == ("denied", "Expired")
    assert request not in await house.approver("lee").asked()
    again = await house.asker("megan").ask(offer)
    await house.settle()
    assert await access.state_of(again) == ("pendingApproval", "PendingApproval")


async def offer_at_once(house: House) -> Offer:
    """Offer what a manager, IT and finance must agree to; IT has the least time, and a deputy."""
    deputy = {
        "durationBeforeAutomaticDenial": "P2D",
        "durationBeforeEscalation": "P1D",
        "isEscalationEnabled": True,
        "isApproverJustificationRequired": True,
        "escalationApprovers": [user(MIRIAM)],
    }
    stages: list[Json] = [
        {"durationBeforeAutomaticDenial": "P9D", "primaryApprovers": [manager()]},
        {**deputy, "primaryApprovers": [user(LEE)]},
        {"durationBeforeAutomaticDenial": "P4D", "primaryApprovers": [user(PATTI)]},
    ]

    def body(package: str) -> Json:
        said = deciding(package, *stages)
        said["requestApprovalSettings"]["approvalMode"] = "Parallel"
        return said

    return await house.access(BETA).offer_under(await house.make_group(), body)


async def test_all_who_must_agree_are_asked_at_once(house: House) -> None:
    access, offer = house.access(), await offer_at_once(house)
    request = await house.asker("megan").ask(offer)
    await house.settle()
    for alias in ("nestor", "lee", "patti"):
        assert request in await house.approver(alias).asked()
    assert request not in await house.approver("miriam").asked()

    await house.approver("patti").decide(request, "Approve")
    await house.advance(days=1)
    assert await access.state_of(request) == ("pendingApproval", "PendingApprovalEscalated")
    await house.approver("miriam").decide(request, "Approve")
    await house.advance(days=3)  # the time of those who have agreed does not end any more
    assert (await access.state_of(request))[0] == "pendingApproval"
    assert await house.members(offer.group) == set()

    await house.approver("nestor").decide(request, "Approve")
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}


async def test_the_first_denial_ends_what_others_are_still_asked_about(house: House) -> None:
    access, offer = house.access(), await offer_at_once(house)
    request = await house.asker("megan").ask(offer)
    await house.settle()

    await house.approver("lee").decide(request, "Deny")
    await house.settle()
    assert await access.state_of(request) == ("denied", "Denied")
    for alias in ("nestor", "lee", "patti"):
        assert request not in await house.approver(alias).asked()
    await house.advance(days=20)
    assert await access.state_of(request) == ("denied", "Denied")
    assert await house.members(offer.group) == set()


async def test_the_first_who_says_nothing_in_time_ends_it_for_all(house: House) -> None:
    access, offer = house.access(), await offer_at_once(house)
    request = await house.asker("megan").ask(offer)
    await house.settle()
    await house.approver("nestor").decide(request, "Approve")

    await house.advance(days=2)
    assert await access.state_of(request) == ("denied", "Expired")
    assert request not in await house.approver("patti").asked()
    again = await house.asker("megan").ask(offer)
    await house.settle()
    megan = house.asker("megan")
    await megan.api.post(f"{megan.request_path(again)}/cancel", None, status=204)
    for alias in ("nestor", "lee", "patti"):
        assert again not in await house.approver(alias).asked()


@both
async def test_an_extension_names_who_decides(house: House, names: Names) -> None:
    """The documented answer: a stage of v1.0 whose approvers are named by ``id``, as on beta."""
    access = house.access(names)
    catalog = await access.make_catalog()
    extension = await access.make_extension(catalog, house.endpoint.url)
    stage = {
        "@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage",
        "customExtension": {"@odata.type": bodies.REQUEST_EXTENSION, "id": extension},
    }
    setting = {"stage": WHO, "customExtension": stage["customExtension"]}
    offer = await access.offer_under(
        await house.make_group(),
        lambda package: deciding(package, stage, customExtensionStageSettings=[setting]),
        catalog=catalog,
    )
    request = await house.asker("megan", names).ask(offer)
    await house.settle()
    (call,) = house.calls
    assert call.json()["Stage"] == WHO

    named = {"@odata.type": f"{GRAPH}singleUser", "id": LEE, "description": "primary"}
    said: Json = {
        "@odata.type": "microsoft.graph.assignmentRequestApprovalStageCallbackData",
        "approvalStage": {
            "durationBeforeAutomaticDenial": "P2D",
            "isApproverJustificationRequired": False,
            "isEscalationEnabled": True,
            "durationBeforeEscalation": "PT8H",
            "primaryApprovers": [{**named, "isBackup": False}],
            "escalationApprovers": [{**manager(), "managerLevel": "1"}],
            "fallbackPrimaryApprovers": [],
            "fallbackEscalationApprovers": [{**named, "id": MIRIAM, "isBackup": False}],
        },
    }
    await access.resume(call, **said)
    await house.settle()
    assert await access.state_of(request) == ("pendingApproval", "PendingApproval")
    assert request in await house.approver("lee", names).asked()
    assert request not in await house.approver("nestor", names).asked()

    await house.advance(hours=8)
    assert request in await house.approver("nestor", names).asked()
    await house.approver("nestor", names).decide(request, "Approve")
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}

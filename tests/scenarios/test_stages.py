"""What extensions do at each stage: awaited or only told, alone or in a row, heard or silent."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import person_id
from tests.scenarios import bodies
from tests.scenarios.access import Offer
from tests.scenarios.bodies import APPROVED, CREATED, GRANTED, REMOVED
from tests.scenarios.house import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN, JONI = person_id("megan"), person_id("joni")
DELIVERED = ("delivered", "FulfilledNotificationTriggered")


async def taken_back(house: House, offer: Offer, request: str) -> str:
    """Remove what a request has brought; give the request for the removal."""
    assignment = await house.access().assignment_of(request)
    removal = await house.access().request_removal(assignment["id"])
    await house.settle()
    assert await house.members(offer.group) == set()
    return removal


async def test_an_extension_that_is_only_told_holds_nothing_up(house: House) -> None:
    access = house.access()
    offer = await house.make_offer(CREATED, APPROVED, GRANTED, REMOVED, wait=None)

    request = await access.request_add(offer, MEGAN)
    await house.settle()

    assert await access.state_of(request) == DELIVERED
    assert await access.instances_of(request) == [("calloutSent", None)] * 3
    assert await house.members(offer.group) == {MEGAN}
    removal = await taken_back(house, offer, request)
    assert await access.state_of(removal) == DELIVERED
    stages = [call.json()["Stage"] for call in house.calls]
    assert stages == [CREATED, APPROVED, GRANTED, REMOVED]
    assert not any("CallbackUriPath" in call.json() for call in house.calls)


async def test_extensions_of_one_stage_are_called_one_after_another(house: House) -> None:
    access, url = house.access(), house.endpoint.url
    first, told, last = (
        bodies.extension(f"{url}/first"),
        bodies.extension(f"{url}/told", wait=None),
        bodies.extension(f"{url}/last"),
    )
    offer = await access.make_offer(
        await house.make_group(), (CREATED, first), (CREATED, told), (CREATED, last)
    )
    request, call = await house.park(offer)
    assert [it.path for it in house.calls] == ["/hook/first"]

    await access.resume(call)
    await house.settle()
    assert [it.path for it in house.calls] == ["/hook/first", "/hook/told", "/hook/last"]
    assert await access.state_of(request) == ("submitted", "WaitingForCallback")
    assert await house.members(offer.group) == set()

    await access.resume(house.calls[-1])
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}


async def test_the_second_extension_of_a_stage_can_deny_what_the_first_let_pass(
    house: House,
) -> None:
    access = house.access()
    offer = await house.make_offer(CREATED, CREATED)
    request, first = await house.park(offer)
    await access.resume(first)
    await house.settle()

    await access.resume(house.calls[1], state="denied")
    await house.settle()

    assert await access.state_of(request) == ("denied", "DeniedByCustomExtension")
    assert await house.members(offer.group) == set()


async def test_an_extension_denies_at_the_approved_stage(house: House) -> None:
    access = house.access()
    offer = await house.make_offer(APPROVED)
    request, call = await house.park(offer)

    await access.resume(call, state="Denied")
    await house.settle()

    assert await access.state_of(request) == ("denied", "DeniedByCustomExtension")
    assert await house.members(offer.group) == set()


@pytest.mark.parametrize("state", ["canceled", "Cancelled"])
async def test_an_extension_cancels_a_request(house: House, state: str) -> None:
    access = house.access()
    offer = await house.make_offer(CREATED)
    request, call = await house.park(offer)

    await access.resume(call, state=state)
    await house.settle()

    assert await access.state_of(request) == ("canceled", "Canceled")
    assert await house.members(offer.group) == set()


@pytest.mark.parametrize(
    ("stage", "end"),
    [(CREATED, "denied"), (APPROVED, "deliveryFailed"), (GRANTED, "deliveryFailed")],
)
@pytest.mark.parametrize(
    ("silent", "status", "instance"),
    [(True, "CallbackTimedOut", "callbackTimedOut"), (False, "CalloutFailed", "calloutFailed")],
    ids=["silent", "unreachable"],
)
async def test_no_stage_gives_access_without_the_answer_that_it_awaits(
    house: House, stage: str, end: str, silent: bool, status: str, instance: str
) -> None:
    access = house.access()
    offer = await house.make_offer(stage, wait="PT5M")
    if not silent:
        house.endpoint.always(500)

    request, _ = await house.park(offer)
    await house.advance(minutes=5)

    assert await access.state_of(request) == (end, status)
    ((shown, why),) = await access.instances_of(request)
    assert shown == instance
    assert why
    assert await house.members(offer.group) == set()


@pytest.mark.parametrize("silent", [True, False], ids=["silent", "unreachable"])
async def test_a_removal_is_completed_whatever_becomes_of_its_callout(
    house: House, silent: bool
) -> None:
    access = house.access()
    offer = await house.make_offer(REMOVED, wait="PT5M")
    request = await access.request_add(offer, MEGAN)
    await house.settle()
    if not silent:
        house.endpoint.always(500)

    removal = await taken_back(house, offer, request)
    await house.advance(minutes=5)

    assert await access.state_of(removal) == DELIVERED
    assert await access.assignment_state(request) == "expired"


async def test_an_endpoint_that_is_only_told_and_cannot_be_reached_holds_nothing_up(
    house: House,
) -> None:
    access = house.access()
    offer = await house.make_offer(CREATED, wait=None)
    await house.endpoint.goes_away()

    request = await access.request_add(offer, MEGAN)
    await house.settle()

    assert await access.state_of(request) == DELIVERED
    ((instance, why),) = await access.instances_of(request)
    assert instance == "calloutFailed"
    assert why
    assert await house.members(offer.group) == {MEGAN}


async def test_a_logic_app_that_nobody_registered_fails_with_advice(house: House) -> None:
    access, group = house.access(), await house.make_group()
    offer = await access.make_offer(group, (CREATED, bodies.DOCUMENTED_EXTENSION))

    request = await access.request_add(offer, MEGAN)
    await house.settle()

    assert await access.state_of(request) == ("denied", "CalloutFailed")
    ((_, why),) = await access.instances_of(request)
    assert why is not None
    assert "ostiary logicapps set 38ab2ccc-3747-4567-b36b-9478f5602f0d/test/elm-exten" in why


async def test_requests_of_several_people_wait_and_end_each_for_itself(house: House) -> None:
    access = house.access()
    offer = await house.make_offer(CREATED)
    granted = await access.request_add(offer, MEGAN)
    refused = await access.request_add(offer, JONI)
    await house.settle()
    calls = {call.json()["AccessPackageAssignmentRequestId"]: call for call in house.calls}

    await access.resume(calls[refused], state="denied")
    await access.resume(calls[granted])
    await house.settle()

    assert (await access.state_of(granted))[0] == "delivered"
    assert (await access.state_of(refused))[0] == "denied"
    assert await house.members(offer.group) == {MEGAN}


async def test_a_task_extension_that_is_only_told_completes_with_the_endpoints_acceptance(
    house: House,
) -> None:
    flows, group = house.workflows(), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url, wait=None)
    workflow = await flows.make_workflow(
        house.name("onboard"), bodies.custom_task(extension), bodies.joining_task(group)
    )

    await flows.activate(workflow, MEGAN)
    await house.settle()

    assert await flows.results_of(workflow) == {"Order": "completed", "Join": "completed"}
    assert await house.members(group) == {MEGAN}


async def test_an_endpoint_that_takes_no_call_fails_the_task(house: House) -> None:
    flows = house.workflows()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(house.name("onboard"), bodies.custom_task(extension))
    house.endpoint.always(500)

    await flows.activate(workflow, MEGAN)
    await house.settle()

    ((name, why),) = (await flows.failures_of(workflow)).items()
    assert name == "Order"
    assert f"The endpoint {house.endpoint.url} could not be called" in why


async def test_tasks_call_out_one_after_another(house: House) -> None:
    flows, group = house.workflows(), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(
        house.name("onboard"),
        bodies.custom_task(extension, name="Laptop"),
        bodies.custom_task(extension, name="Badge"),
        bodies.joining_task(group),
    )
    await flows.activate(workflow, MEGAN)
    await house.settle()
    assert [call.json()["data"]["task"]["displayName"] for call in house.calls] == ["Laptop"]

    await flows.resume(house.calls[0])
    await house.settle()
    assert await flows.results_of(workflow) == {
        "Laptop": "completed",
        "Badge": "inProgress",
        "Join": "queued",
    }
    await flows.resume(house.calls[1])
    await house.settle()

    assert (await flows.run_of(workflow))["processingStatus"] == "completed"
    assert await house.members(group) == {MEGAN}


async def test_people_of_one_run_wait_and_end_each_for_themselves(house: House) -> None:
    flows, group = house.workflows(), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(
        house.name("onboard"), bodies.custom_task(extension), bodies.joining_task(group)
    )
    await flows.activate(workflow, MEGAN, JONI)
    await house.settle()
    calls = {call.json()["data"]["subject"]["id"]: call for call in house.calls}

    await flows.resume(calls[MEGAN])
    await house.settle()
    assert await house.members(group) == {MEGAN}
    assert (await flows.run_of(workflow))["processingStatus"] == "inProgress"
    await flows.resume(calls[JONI], bodies.FAILED)
    await house.settle()

    run = await flows.run_of(workflow)
    assert (run["successfulUsersCount"], run["failedUsersCount"]) == (1, 1)
    assert await house.members(group) == {MEGAN}

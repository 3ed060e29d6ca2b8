"""The main job by plain HTTP: call out, wait, resume; in both vocabularies, on every database."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import person_id
from tests.scenarios import bodies
from tests.scenarios.bodies import CREATED, GRANTED, REMOVED
from tests.scenarios.house import TRUSTED, House
from tests.scenarios.names import BETA, V1, Names
from tests.scenarios.workflows import Workflows

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("server", ["sqlite", "postgresql", "partitioned"], indirect=True),
]

MEGAN, NESTOR = person_id("megan"), person_id("nestor")
both = pytest.mark.parametrize("names", [V1, BETA], ids=str)


@both
async def test_a_request_is_checked_approved_delivered_and_taken_back(
    house: House, names: Names
) -> None:
    access = house.access(names)
    offer = await house.make_offer(CREATED, GRANTED, REMOVED, approver=NESTOR, names=names)

    request = await house.asker("megan", names).ask(offer, justification="A new partner.")
    assert await access.state_of(request) == ("submitted", "Accepted")
    await house.settle()
    assert await access.state_of(request) == ("submitted", "WaitingForCallback")
    assert await access.instances_of(request) == [("waitingForCallback", None)]

    (created,) = house.calls
    await access.resume(created)
    await house.settle()
    assert await access.state_of(request) == ("pendingApproval", "PendingApproval")
    assert await house.members(offer.group) == set()

    await house.pass_by(minutes=1)
    await house.approver("nestor", names).decide(request, "Approve")
    await house.settle()
    assert await access.state_of(request) == ("delivering", "WaitingForCallback")
    assert await house.members(offer.group) == {MEGAN}

    (_, granted) = house.calls
    await access.resume(granted, customExtensionStageInstanceDetail="Ticket closed")
    await house.settle()
    assert await access.state_of(request) == ("delivered", "FulfilledNotificationTriggered")
    assert await access.instances_of(request) == [
        ("callbackReceived", "This user is all verified"),
        ("callbackReceived", "Ticket closed"),
    ]
    assert await access.assignment_state(request) == "delivered"

    removal = await access.request_removal((await access.assignment_of(request))["id"])
    await house.settle()
    assert await access.state_of(removal) == ("delivering", "WaitingForCallback")
    assert await house.members(offer.group) == set()

    (_, _, removed) = house.calls
    await access.resume(removed)
    await house.settle()
    assert await access.state_of(removal) == ("delivered", "FulfilledNotificationTriggered")
    assert await access.assignment_state(request) == "expired"
    told = [(call.json()["Stage"], call.json()["RequestType"]) for call in house.calls]
    assert told == [(CREATED, "userAdd"), (GRANTED, "userAdd"), (REMOVED, "adminRemove")]


@both
async def test_an_extension_denies_a_request(house: House, names: Names) -> None:
    access = house.access(names)
    offer = await house.make_offer(CREATED, names=names)
    request, call = await house.park(offer)

    await access.resume(call, state="denied", customExtensionStageInstanceDetail="Conflict")
    await house.settle()

    assert await access.state_of(request) == ("denied", "DeniedByCustomExtension")
    assert await access.instances_of(request) == [("callbackReceived", "Conflict")]
    assert await house.members(offer.group) == set()


@both
async def test_an_approver_denies_what_an_extension_let_pass(house: House, names: Names) -> None:
    access = house.access(names)
    offer = await house.make_offer(CREATED, approver=NESTOR, names=names)
    request = await house.asker("megan", names).ask(offer)
    await house.settle()
    await access.resume(house.calls[0])
    await house.settle()

    await house.approver("nestor", names).decide(request, "Deny")
    await house.settle()

    assert await access.state_of(request) == ("denied", "Denied")
    assert await house.members(offer.group) == set()


@both
async def test_silence_until_the_deadline_denies_a_request(house: House, names: Names) -> None:
    access = house.access(names)
    offer = await house.make_offer(CREATED, wait="PT1H", names=names)
    request, call = await house.park(offer)

    await house.advance(minutes=59)
    assert await access.state_of(request) == ("submitted", "WaitingForCallback")
    await house.advance(minutes=1)

    assert await access.state_of(request) == ("denied", "CallbackTimedOut")
    ((status, _),) = await access.instances_of(request)
    assert status == "callbackTimedOut"
    await access.resume(call, status=400)
    assert await house.members(offer.group) == set()


async def test_source_and_detail_of_an_answer_are_in_the_audit_log(house: House) -> None:
    offer = await house.make_offer(CREATED)
    request, call = await house.park(offer)

    await house.access().resume(call)

    activity = "activityDisplayName eq 'Resume access package assignment request'"
    found = await house.admin.values(f"/v1.0/auditLogs/directoryAudits?$filter={activity}")
    (about,) = [one for one in found if request in {it["id"] for it in one["targetResources"]}]
    resumed = {one["key"]: one["value"] for one in about["additionalDetails"]}
    assert resumed["source"] == "Contoso.SodCheckProcess"
    assert resumed["detail"] == "This user is all verified"
    assert resumed["stageInstanceId"] == call.json()["CustomExtensionStageInstanceId"]


@both
async def test_a_task_is_called_out_completed_and_followed_by_the_next(
    house: House, names: Names
) -> None:
    flows, group = house.workflows(names), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(
        house.name("onboard"), bodies.custom_task(extension), bodies.joining_task(group)
    )

    await flows.activate(workflow, MEGAN)
    await house.settle()
    assert await flows.results_of(workflow) == {"Order": "inProgress", "Join": "queued"}
    assert (await flows.run_of(workflow))["processingStatus"] == "inProgress"

    (call,) = house.calls
    assert call.json()["data"]["subject"]["id"] == MEGAN
    await flows.resume(call)
    await house.settle()

    assert await flows.results_of(workflow) == {"Order": "completed", "Join": "completed"}
    assert (await flows.run_of(workflow))["processingStatus"] == "completed"
    assert await house.members(group) == {MEGAN}


@both
@pytest.mark.parametrize("go_on", [False, True], ids=["stop", "go on"])
async def test_a_task_that_failed_is_followed_by_the_next_only_where_the_workflow_says_so(
    house: House, names: Names, go_on: bool
) -> None:
    flows, group = house.workflows(names), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url)
    workflow = await flows.make_workflow(
        house.name("onboard"),
        bodies.custom_task(extension, go_on=go_on),
        bodies.joining_task(group),
    )
    await flows.activate(workflow, MEGAN)
    await house.settle()

    await flows.resume(house.calls[0], bodies.FAILED)
    await house.settle()

    results = await flows.results_of(workflow)
    assert results["Order"] == "failed"
    assert (results["Join"] == "completed") == go_on
    assert (await flows.run_of(workflow))["processingStatus"] == (
        "completedWithErrors" if go_on else "failed"
    )
    assert (await house.members(group) == {MEGAN}) == go_on


@both
async def test_silence_until_the_deadline_fails_a_task(house: House, names: Names) -> None:
    flows, group = house.workflows(names), await house.make_group()
    extension = await flows.make_task_extension(house.endpoint.url, wait="PT30M")
    workflow = await flows.make_workflow(
        house.name("onboard"), bodies.custom_task(extension), bodies.joining_task(group)
    )
    await flows.activate(workflow, MEGAN)
    await house.settle()

    await house.advance(minutes=29)
    assert (await flows.results_of(workflow))["Order"] == "inProgress"
    await house.advance(minutes=1)

    assert await flows.failures_of(workflow) == {
        "Order": "Callback not received within the timeout duration"
    }
    assert (await flows.run_of(workflow))["processingStatus"] == "failed"
    await flows.resume(house.calls[0], status=400)
    assert await house.members(group) == set()


@both
async def test_an_application_that_the_extension_names_resumes_without_any_permission(
    house: House, names: Names
) -> None:
    flows = house.workflows(names)
    extension = await flows.make_task_extension(house.endpoint.url, apps=[TRUSTED.app_id])
    workflow = await flows.make_workflow(house.name("onboard"), bodies.custom_task(extension))
    await flows.activate(workflow, MEGAN)
    await house.settle()

    await Workflows(house.app(client=TRUSTED), names).resume(house.calls[0])

    assert await flows.results_of(workflow) == {"Order": "completed"}

"""What the manual of entitlement management tells: duties kept apart, tickets, broken systems."""

from __future__ import annotations

import pytest

from ostiary.directory.seed import person_id
from tests.scenarios.access import Access, Offer
from tests.scenarios.api import Json
from tests.scenarios.bodies import (
    ASSIGNMENT_EXTENSION,
    CREATED,
    GRANTED,
    GRAPH,
    REMOVED,
    deciding,
    extension,
    manager,
    policy,
)
from tests.scenarios.house import BASE, House
from tests.scenarios.names import V1

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN, LEE, NESTOR = person_id("megan"), person_id("lee"), person_id("nestor")
PACKAGES = f"{V1.management}/accessPackages"
DELIVERED = ("delivered", "FulfilledNotificationTriggered")
WAITING = ("delivering", "WaitingForCallback")
FAILED = ("deliveryFailed", "FulfillmentFailed")


async def give_back(asker: Access, assignment: str) -> None:
    body = {"requestType": "userRemove", "assignment": {"id": assignment}}
    await asker.api.post(f"{V1.management}/{V1.requests}", body)


async def have_to_ask_a_manager(house: House) -> Offer:
    stage = {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": [manager()]}
    return await house.access().offer_under(
        await house.make_group(), lambda package: deciding(package, stage)
    )


async def test_nobody_orders_and_pays(house: House) -> None:
    """Two packages are kept apart; who has both already is found, who has one must choose."""
    access = house.access()

    def may_be_given_back(package: str) -> Json:
        asking = {"enableTargetsToSelfAddAccess": True, "enableTargetsToSelfRemoveAccess": True}
        return {**policy(package), "requestorSettings": asking}

    orders = await access.offer_under(await house.make_group(), may_be_given_back)
    payments = await access.offer_under(await house.make_group(), may_be_given_back)
    for offer in (orders, payments):
        await access.request_add(offer, LEE)
    ordering = await house.asker("megan").ask(orders)
    await house.settle()
    apart = {"@odata.id": f"{BASE}{PACKAGES}/{orders.package}"}
    path = f"{PACKAGES}/{payments.package}/incompatibleAccessPackages/$ref"
    await house.admin.post(path, apart, status=204)

    reader = house.governor("nestor").api
    pair = f"accessPackageId='{payments.package}',incompatibleAccessPackageId='{orders.package}'"
    path = f"{V1.management}/assignments/additionalAccess({pair})?$expand=target"
    found = await reader.values(path)
    assert [one["target"]["objectId"] for one in found] == [LEE]
    assert await house.members(payments.group) == {LEE}

    named = {"assignmentPolicyId": payments.policy, "accessPackageId": payments.package}
    asking = {"requestType": "userAdd", "assignment": named}
    assigning = {"requestType": "adminAdd", "assignment": {**named, "targetId": MEGAN}}
    for api, body in [(house.asker("megan").api, asking), (house.admin, assigning)]:
        refusal = await api.post(f"{V1.management}/{V1.requests}", body, status=400)
        assert refusal["error"]["code"] == "IncompatibleAccessPackage"

    await give_back(house.asker("megan"), (await access.assignment_of(ordering))["id"])
    await house.settle()
    paying = await house.asker("megan").ask(payments)
    await house.settle()
    assert await access.state_of(paying) == DELIVERED
    assert await house.members(payments.group) == {LEE, MEGAN}
    assert await house.members(orders.group) == {LEE}


async def test_a_conflict_that_another_system_knows_of_denies_before_anybody_is_asked(
    house: House,
) -> None:
    """The ledger's own check of duties says no; Megan reads why, clears it up, and asks again."""
    access = house.access()
    offer = await house.make_offer(CREATED, approver=NESTOR)
    first = await house.asker("megan").ask(offer, justification="I take over the partner.")
    await house.settle()
    (call,) = house.calls
    told = call.json()
    assert told["Stage"] == CREATED
    assert told["Assignment"]["Target"]["ObjectId"] == MEGAN
    assert first not in await house.approver("nestor").asked()

    why = "You post payments: give that up first."
    await access.resume(call, state="denied", customExtensionStageInstanceDetail=why)
    await house.settle()

    assert await access.state_of(first) == ("denied", "DeniedByCustomExtension")
    mine = f"{V1.management}/{V1.requests}/filterByCurrentUser(on='target')"
    shown = {one["id"]: one for one in await house.asker("megan").api.values(mine)}
    (instance,) = shown[first]["customExtensionCalloutInstances"]
    assert (instance["status"], instance["detail"]) == ("callbackReceived", why)
    assert first not in await house.approver("nestor").asked()
    assert await house.members(offer.group) == set()

    second = await house.asker("megan").ask(offer)
    await house.settle()
    await access.resume(house.calls[-1])
    await house.settle()
    await house.approver("nestor").decide(second, "Approve")
    await house.settle()
    assert await access.state_of(second) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}


async def test_a_ticket_is_closed_days_later_and_the_request_goes_on(house: House) -> None:
    """Somebody creates the account by hand; until they say so the request is not done."""
    access = house.access()
    offer = await house.make_offer(GRANTED, wait="P7D")
    request = await house.asker("megan").ask(offer)
    await house.settle()
    (ticket,) = house.calls
    told = ticket.json()
    assert told["Stage"] == GRANTED
    assert told["Assignment"]["Target"]["ObjectId"] == MEGAN
    assert await access.state_of(request) == WAITING

    await house.advance(days=3)
    assert await access.state_of(request) == WAITING
    await access.resume(ticket, customExtensionStageInstanceDetail="INC0010042: account created")
    await house.settle()

    assert await access.state_of(request) == DELIVERED
    assert await access.instances_of(request) == [
        ("callbackReceived", "INC0010042: account created")
    ]
    assert await house.members(offer.group) == {MEGAN}


async def test_a_ticket_that_nobody_closes_gives_no_access(house: House) -> None:
    access = house.access()
    offer = await house.make_offer(GRANTED, wait="P7D")
    request = await house.asker("megan").ask(offer)
    await house.settle()

    await house.advance(days=7)
    assert await access.state_of(request) == ("deliveryFailed", "CallbackTimedOut")
    assert await house.members(offer.group) == set()

    await house.admin.post(f"{access.request_path(request)}/reprocess", None, status=202)
    await house.settle()
    (_, again) = house.calls
    await access.resume(again)
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}


async def test_what_could_not_be_delivered_is_processed_again_without_asking_again(
    house: House,
) -> None:
    """The group is deleted while the manager thinks; an administrator brings it back."""
    access, offer = house.access(), await have_to_ask_a_manager(house)
    request = await house.asker("megan").ask(offer)
    await house.settle()
    await house.admin.call("DELETE", f"/v1.0/groups/{offer.group}", status=204)
    await house.approver("nestor").decide(request, "Approve")

    await house.settle()
    assert (await access.state_of(request))[0] == "delivering"
    await house.advance(hours=6)
    assert await access.state_of(request) == FAILED

    path = f"/v1.0/directory/deletedItems/{offer.group}/restore"
    await house.admin.post(path, None, status=200)
    await house.admin.post(f"{access.request_path(request)}/reprocess", None, status=202)
    await house.settle()
    assert await access.state_of(request) == DELIVERED
    assert await house.members(offer.group) == {MEGAN}
    assert request not in await house.approver("nestor").asked()


@pytest.mark.parametrize("is_awaited", [False, True], ids=["launched", "awaited"])
async def test_a_broken_endpoint_keeps_no_access_alive(house: House, is_awaited: bool) -> None:
    """Roles go first; what the endpoint should have learned is in the instance, as a failure."""
    access = house.access()
    offer = await house.make_offer(REMOVED, wait="PT1H" if is_awaited else None)
    request = await house.asker("megan").ask(offer)
    await house.settle()
    assert await house.members(offer.group) == {MEGAN}

    house.endpoint.always(500)
    removal = await access.request_removal((await access.assignment_of(request))["id"])
    await house.settle()

    assert await house.members(offer.group) == set()
    assert await access.state_of(removal) == DELIVERED
    assert await access.assignment_state(request) == "expired"
    ((status, _),) = await access.instances_of(removal)
    assert status == "calloutFailed"


async def test_access_for_a_month_ends_after_two_reminders(house: House) -> None:
    access = house.access()
    catalog = await access.make_catalog()
    path = f"{V1.management}/catalogs/{catalog}/customWorkflowExtensions"
    kind = {"@odata.type": ASSIGNMENT_EXTENSION}
    made = await house.admin.post(path, {**extension(house.endpoint.url, wait=None), **kind})
    reminders = ("assignmentFourteenDaysBeforeExpiration", "assignmentOneDayBeforeExpiration")
    named = {**kind, "id": made["id"]}
    changes: Json = {
        "expiration": {"type": "afterDuration", "duration": "P30D"},
        "customExtensionStageSettings": [
            {"stage": stage, "customExtension": named} for stage in reminders
        ],
    }
    offer = await access.offer_under(
        await house.make_group(),
        lambda package: {**policy(package), **changes},
        catalog=catalog,
    )
    request = await house.asker("megan").ask(offer)
    await house.settle()

    told = []
    for days in (15, 1, 12, 1):
        await house.advance(days=days)
        told.append([call.json()["Stage"] for call in house.calls])
        assert await house.members(offer.group) == {MEGAN}
    first, second = reminders
    assert told == [[], [first], [first], [first, second]]

    await house.advance(days=1)
    assert await house.members(offer.group) == set()
    assert await access.assignment_state(request) == "expired"
    assert len(house.calls) == 2


async def test_a_department_has_its_package_as_people_come_and_go(house: House) -> None:
    """Lee changes to a department of his own, has its access at once, and keeps it for a week."""
    access, department = house.access(), house.name("Department")
    rule = {
        "@odata.type": f"{GRAPH}attributeRuleMembers",
        "membershipRule": f'(user.department -eq "{department}")',
    }
    automatic: Json = {
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [rule],
        "requestorSettings": None,
        "requestApprovalSettings": None,
        "automaticRequestSettings": {
            "requestAccessForAllowedTargets": True,
            "removeAccessWhenTargetLeavesAllowedTargets": True,
            "gracePeriodBeforeAccessRemoval": "P7D",
        },
    }
    offer = await access.offer_under(
        await house.make_group(), lambda package: {**policy(package), **automatic}
    )
    before = (await house.admin.get(f"/v1.0/users/{LEE}?$select=department"))["department"]

    async def moves_to(name: str) -> None:
        change = {"department": name}
        await house.admin.call("PATCH", f"/v1.0/users/{LEE}", change, status=204)
        await house.settle()

    await moves_to(department)
    assert await house.members(offer.group) == {LEE}

    await moves_to(before)
    await house.advance(days=6)
    assert await house.members(offer.group) == {LEE}
    await house.advance(days=1)
    assert await house.members(offer.group) == set()

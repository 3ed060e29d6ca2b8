"""Resources elsewhere: what the origin holds is what the assignments say, sooner or later."""

from __future__ import annotations

from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.entitlement.tables import resource_rights
from tests.entitlement.house import House
from tests.entitlement.origins import LoopbackOrigin
from tests.entitlement.sites import MEMBERS, RESOURCE, VISITORS, offer, wait
from tests.support.waiting import eventually


async def test_a_site_is_given_and_taken(outpost: House, origin: LoopbackOrigin) -> None:
    alice, group = await outpost.person("alice"), await outpost.group("sales")
    package, policy = await offer(outpost, MEMBERS, VISITORS, groups=(group,))

    request = await outpost.assign(alice, package, policy)
    await outpost.settle()

    assert await outpost.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert origin.holders == {(MEMBERS, alice), (VISITORS, alice)}
    (body,) = origin.bodies[-1:]
    assert body["protocol"] == "ostiary.resources/1"
    assert body["changes"][0]["principal"]["userPrincipalName"] == "alice@contoso.example"
    removal = await outpost.remove((await outpost.assignment_of(request))["id"])
    await outpost.settle()
    assert (await outpost.standing(removal))[0] == "delivered"
    assert (origin.holders, await outpost.members(group)) == (set(), set())


async def test_a_failing_origin_is_tried_for_some_hours_and_then_again_on_demand(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    origin.status = 503
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()
    assert await outpost.standing(request) == ("delivering", "Fulfilling")

    await wait(outpost)

    assert await outpost.standing(request) == ("deliveryFailed", "FulfillmentFailed")
    assert len([body for body in origin.bodies if body["operation"] == "change"]) >= 5
    origin.status = 200
    await outpost.post(f"assignmentRequests/{request}/reprocess", status=202)
    await outpost.settle()
    assert (await outpost.standing(request))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice)}


async def test_an_origin_that_comes_back_in_time_completes_the_request(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    origin.status = 500
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()

    origin.status = 200
    outpost.clock.advance(minutes=1)
    await outpost.settle()

    assert (await outpost.standing(request))[0] == "delivered"


async def test_what_is_refused_for_good_is_not_tried_again_and_the_rest_is_given(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice, group = await outpost.person("alice"), await outpost.group("sales")
    package, policy = await offer(outpost, MEMBERS, VISITORS, groups=(group,))
    origin.refused = {MEMBERS}

    request = await outpost.assign(alice, package, policy)
    await outpost.settle()

    assert await outpost.standing(request) == ("partiallyDelivered", "PartiallyFulfilled")
    assert (await outpost.assignment_of(request))["state"] == "partiallyDelivered"
    assert (origin.holders, await outpost.members(group)) == ({(VISITORS, alice)}, {alice})
    before = len(origin.bodies)
    await wait(outpost)
    assert len(origin.bodies) == before
    origin.refused = set()
    await outpost.post(f"assignmentRequests/{request}/reprocess", status=202)
    await outpost.settle()
    assert (await outpost.standing(request))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice), (VISITORS, alice)}


async def test_access_ends_here_at_once_and_elsewhere_as_soon_as_possible(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice, group = await outpost.person("alice"), await outpost.group("sales")
    package, policy = await offer(outpost, MEMBERS, groups=(group,))
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()
    origin.status = 503

    removal = await outpost.remove((await outpost.assignment_of(request))["id"])
    await outpost.settle()

    assert await outpost.members(group) == set()
    assert await outpost.standing(removal) == ("delivering", "Fulfilling")
    assert (await outpost.assignment_of(request))["state"] == "expired"
    origin.status = 200
    outpost.clock.advance(minutes=1)
    await outpost.settle()
    assert (await outpost.standing(removal))[0] == "delivered"
    assert origin.holders == set()


async def test_a_removal_that_failed_can_be_processed_again_and_is_tried_every_day(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()
    origin.failing = {MEMBERS}
    removal = await outpost.remove((await outpost.assignment_of(request))["id"])
    await wait(outpost)
    assert await outpost.standing(removal) == ("deliveryFailed", "FulfillmentFailed")

    origin.failing = set()
    outpost.clock.advance(days=1)
    await outpost.settle()

    assert origin.holders == set()
    await outpost.post(f"assignmentRequests/{removal}/reprocess", status=202)
    await outpost.settle()
    assert (await outpost.standing(removal))[0] == "delivered"


async def test_whoever_asks_again_while_access_is_being_taken_has_it_in_the_end(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()
    origin.status = 503
    removal = await outpost.remove((await outpost.assignment_of(request))["id"])
    await outpost.settle()

    again = await outpost.assign(alice, package, policy)
    await outpost.settle()
    origin.status = 200
    await wait(outpost)

    assert (await outpost.standing(removal))[0] == "delivered"
    assert (await outpost.standing(again))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice)}


async def test_a_role_that_leaves_its_package_leaves_its_holders(
    outpost: House, origin: LoopbackOrigin
) -> None:
    people = [await outpost.person(f"person{number}") for number in range(5)]
    package, policy = await offer(outpost, MEMBERS)
    requests = [await outpost.assign(who, package, policy) for who in people]
    await outpost.settle()
    (held,) = await outpost.values(f"accessPackages/{package}/resourceRoleScopes")
    await outpost.hand_out(package, RESOURCE, VISITORS)
    before = len(origin.bodies)

    path = f"accessPackages/{package}/resourceRoleScopes/{held['id']}"
    await outpost.call("DELETE", path, status=204)
    await outpost.settle()

    assert origin.holders == {(VISITORS, who) for who in people}
    assert len(origin.bodies) - before <= 4
    states = {(await outpost.assignment_of(request))["state"] for request in requests}
    assert states == {"delivered"}


async def test_an_assignment_shows_that_its_roles_are_being_written(
    outpost: House, origin: LoopbackOrigin
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    request = await outpost.assign(alice, package, policy)
    await outpost.settle()
    origin.status = 503

    await outpost.hand_out(package, RESOURCE, VISITORS)
    await outpost.settle()

    assert (await outpost.assignment_of(request))["state"] == "delivering"
    await wait(outpost)
    assert (await outpost.assignment_of(request))["state"] == "partiallyDelivered"
    assert (await outpost.standing(request))[0] == "delivered"


async def test_a_decision_that_falls_while_the_origin_is_called_wins(
    outpost: House, origin: LoopbackOrigin
) -> None:
    """The take is sent when the give has come back, so that it cannot be overtaken."""
    alice, group = await outpost.person("alice"), await outpost.group("sales")
    package, policy = await offer(outpost, MEMBERS, groups=(group,))
    request = await outpost.assign(alice, package, policy)
    removals = []

    async def remove() -> None:
        removals.append(await outpost.remove((await outpost.assignment_of(request))["id"]))
        await eventually(is_being_taken)

    async def is_being_taken() -> bool:
        async with outpost.database.reading() as conn:
            states = await conn.scalars(select(resource_rights.c.state))
            return "taking" in set(states)

    origin.during = remove
    await outpost.settle()

    assert (await outpost.standing(request))[0] == "canceled"
    assert (await outpost.standing(removals[0]))[0] == "delivered"
    assert [change["do"] for change in origin.changes] == ["give", "take"]
    assert (origin.holders, await outpost.members(group)) == (set(), set())


async def test_every_attempt_is_in_the_audit_log(outpost: House, origin: LoopbackOrigin) -> None:
    alice = await outpost.person("alice")
    origin.failing = {MEMBERS}
    await outpost.assign(alice, *await offer(outpost, MEMBERS))
    await outpost.settle()

    async with outpost.database.reading() as conn:
        rows = (await conn.execute(select(audit_records))).mappings().all()
    (told,) = [row for row in rows if row["activity_display_name"] == "Add resource role to user"]
    assert (told["result"], told["result_reason"]) == ("failure", "The site is locked.")

"""Resources elsewhere: what the origin holds is what the assignments say, sooner or later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial

import pytest
from sqlalchemy import select

from ostiary.audit.tables import audit_records
from ostiary.entitlement.tables import resource_rights
from ostiary.extensions.caller import Caller
from ostiary.extensions.receiver import Nonces, Trust, read_keys, verify
from ostiary.extensions.signing import Signer
from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from ostiary.storage.database import Database
from tests.entitlement.house import House
from tests.entitlement.origins import SITE, LoopbackOrigin
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import application, person
from tests.support.clocks import FixedClock
from tests.support.waiting import eventually

RESOURCE = {"originId": SITE, "originSystem": "SharePointOnline"}
SITES = application(
    "EntitlementManagement.ReadWrite.All",
    "Group.ReadWrite.All",
    "Sites.FullControl.All",
    id="00000000-0000-4000-8000-00000000aaaa",
)
VISITORS, MEMBERS = "4", "5"
WIKI = "Wiki of the North Wing, and of its Garden"
HOURS = (0, 1, 1, 1, 3)
"""How far the clock is moved until every attempt has been made."""


@pytest.fixture
async def lodge(
    database: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    origin: LoopbackOrigin,
) -> AsyncIterator[House]:
    """A deployment that hands out sites, on each database."""
    house = House(database, clock, caller, endpoint, origins={"SharePointOnline": origin.url})
    house.api.headers.update(SITES)
    await house.start()
    yield house
    await house.close()


async def offer(
    house: House,
    *roles: str,
    groups: tuple[str, ...] = (),
    resource: Mapping[str, str] = RESOURCE,
) -> tuple[str, str]:
    """Offer roles of the site, and memberships; give package and policy."""
    catalog = await house.catalog()
    await house.take_in(catalog, resource)
    package = await house.package(catalog, *groups)
    for role in roles:
        await house.hand_out(package, resource, role)
    return package, await house.policy(package)


async def wait(house: House) -> None:
    """Let every attempt be made."""
    for hours in HOURS:
        house.clock.advance(hours=hours)
        await house.settle()


async def test_a_site_is_given_and_taken(lodge: House, origin: LoopbackOrigin) -> None:
    alice, group = await lodge.person("alice"), await lodge.group("sales")
    package, policy = await offer(lodge, MEMBERS, VISITORS, groups=(group,))

    request = await lodge.assign(alice, package, policy)
    await lodge.settle()

    assert await lodge.standing(request) == ("delivered", "FulfilledNotificationTriggered")
    assert origin.holders == {(MEMBERS, alice), (VISITORS, alice)}
    (body,) = origin.bodies[-1:]
    assert body["protocol"] == "ostiary.resources/1"
    assert body["changes"][0]["principal"]["userPrincipalName"] == "alice@contoso.example"
    removal = await lodge.remove((await lodge.assignment_of(request))["id"])
    await lodge.settle()
    assert (await lodge.standing(removal))[0] == "delivered"
    assert (origin.holders, await lodge.members(group)) == (set(), set())


async def test_an_origin_can_prove_who_calls(
    lodge: House, origin: LoopbackOrigin, signer: Signer
) -> None:
    alice = await lodge.person("alice")
    await lodge.assign(alice, *await offer(lodge, MEMBERS))
    await lodge.settle()

    call = origin.calls[-1]
    issuer = signer._issuer
    trust = Trust(
        issuers=[issuer.issuer],
        keys=read_keys(issuer.jwks()),
        audiences=[origin.url.removesuffix("/origin")],
    )
    authorization = call.headers["authorization"]
    claims = verify(authorization, call, trust=trust, nonces=Nonces(), now=lodge.clock.now())

    assert claims["azp"] == "810dcf14-1858-4bf2-8134-4c369fa3235b"


async def test_a_failing_origin_is_tried_for_some_hours_and_then_again_on_demand(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    origin.status = 503
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()
    assert await lodge.standing(request) == ("delivering", "Fulfilling")

    await wait(lodge)

    assert await lodge.standing(request) == ("deliveryFailed", "FulfillmentFailed")
    assert len([body for body in origin.bodies if body["operation"] == "change"]) >= 5
    origin.status = 200
    await lodge.post(f"assignmentRequests/{request}/reprocess", status=202)
    await lodge.settle()
    assert (await lodge.standing(request))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice)}


async def test_an_origin_that_comes_back_in_time_completes_the_request(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    origin.status = 500
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()

    origin.status = 200
    lodge.clock.advance(minutes=1)
    await lodge.settle()

    assert (await lodge.standing(request))[0] == "delivered"


async def test_what_is_refused_for_good_is_not_tried_again_and_the_rest_is_given(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice, group = await lodge.person("alice"), await lodge.group("sales")
    package, policy = await offer(lodge, MEMBERS, VISITORS, groups=(group,))
    origin.refused = {MEMBERS}

    request = await lodge.assign(alice, package, policy)
    await lodge.settle()

    assert await lodge.standing(request) == ("partiallyDelivered", "PartiallyFulfilled")
    assert (await lodge.assignment_of(request))["state"] == "partiallyDelivered"
    assert (origin.holders, await lodge.members(group)) == ({(VISITORS, alice)}, {alice})
    before = len(origin.bodies)
    await wait(lodge)
    assert len(origin.bodies) == before
    origin.refused = set()
    await lodge.post(f"assignmentRequests/{request}/reprocess", status=202)
    await lodge.settle()
    assert (await lodge.standing(request))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice), (VISITORS, alice)}


async def test_access_ends_here_at_once_and_elsewhere_as_soon_as_possible(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice, group = await lodge.person("alice"), await lodge.group("sales")
    package, policy = await offer(lodge, MEMBERS, groups=(group,))
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()
    origin.status = 503

    removal = await lodge.remove((await lodge.assignment_of(request))["id"])
    await lodge.settle()

    assert await lodge.members(group) == set()
    assert await lodge.standing(removal) == ("delivering", "Fulfilling")
    assert (await lodge.assignment_of(request))["state"] == "expired"
    origin.status = 200
    lodge.clock.advance(minutes=1)
    await lodge.settle()
    assert (await lodge.standing(removal))[0] == "delivered"
    assert origin.holders == set()


async def test_a_removal_that_failed_can_be_processed_again_and_is_tried_every_day(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()
    origin.failing = {MEMBERS}
    removal = await lodge.remove((await lodge.assignment_of(request))["id"])
    await wait(lodge)
    assert await lodge.standing(removal) == ("deliveryFailed", "FulfillmentFailed")

    origin.failing = set()
    lodge.clock.advance(days=1)
    await lodge.settle()

    assert origin.holders == set()
    await lodge.post(f"assignmentRequests/{removal}/reprocess", status=202)
    await lodge.settle()
    assert (await lodge.standing(removal))[0] == "delivered"


async def test_whoever_asks_again_while_access_is_being_taken_has_it_in_the_end(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()
    origin.status = 503
    removal = await lodge.remove((await lodge.assignment_of(request))["id"])
    await lodge.settle()

    again = await lodge.assign(alice, package, policy)
    await lodge.settle()
    origin.status = 200
    await wait(lodge)

    assert (await lodge.standing(removal))[0] == "delivered"
    assert (await lodge.standing(again))[0] == "delivered"
    assert origin.holders == {(MEMBERS, alice)}


async def test_a_role_that_leaves_its_package_leaves_its_holders(
    lodge: House, origin: LoopbackOrigin
) -> None:
    people = [await lodge.person(f"person{number}") for number in range(5)]
    package, policy = await offer(lodge, MEMBERS)
    requests = [await lodge.assign(who, package, policy) for who in people]
    await lodge.settle()
    (held,) = await lodge.values(f"accessPackages/{package}/resourceRoleScopes")
    await lodge.hand_out(package, RESOURCE, VISITORS)
    before = len(origin.bodies)

    path = f"accessPackages/{package}/resourceRoleScopes/{held['id']}"
    await lodge.call("DELETE", path, status=204)
    await lodge.settle()

    assert origin.holders == {(VISITORS, who) for who in people}
    assert len(origin.bodies) - before <= 4
    states = {(await lodge.assignment_of(request))["state"] for request in requests}
    assert states == {"delivered"}


async def test_an_assignment_shows_that_its_roles_are_being_written(
    lodge: House, origin: LoopbackOrigin
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    request = await lodge.assign(alice, package, policy)
    await lodge.settle()
    origin.status = 503

    await lodge.hand_out(package, RESOURCE, VISITORS)
    await lodge.settle()

    assert (await lodge.assignment_of(request))["state"] == "delivering"
    await wait(lodge)
    assert (await lodge.assignment_of(request))["state"] == "partiallyDelivered"
    assert (await lodge.standing(request))[0] == "delivered"


async def test_a_decision_that_falls_while_the_origin_is_called_wins(
    lodge: House, origin: LoopbackOrigin
) -> None:
    """The take is sent when the give has come back, so that it cannot be overtaken."""
    alice, group = await lodge.person("alice"), await lodge.group("sales")
    package, policy = await offer(lodge, MEMBERS, groups=(group,))
    request = await lodge.assign(alice, package, policy)
    removals = []

    async def remove() -> None:
        removals.append(await lodge.remove((await lodge.assignment_of(request))["id"]))
        await eventually(is_being_taken)

    async def is_being_taken() -> bool:
        async with lodge.database.reading() as conn:
            states = await conn.scalars(select(resource_rights.c.state))
            return "taking" in set(states)

    origin.during = remove
    await lodge.settle()

    assert (await lodge.standing(request))[0] == "canceled"
    assert (await lodge.standing(removals[0]))[0] == "delivered"
    assert [change["do"] for change in origin.changes] == ["give", "take"]
    assert (origin.holders, await lodge.members(group)) == (set(), set())


async def test_an_origin_that_is_silent_keeps_no_other_waiting(
    database: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    origin: LoopbackOrigin,
) -> None:
    async with LoopbackOrigin() as silent:
        both = {"SharePointOnline": origin.url, WIKI: silent.url}
        house = House(database, clock, caller, endpoint, origins=both)
        house.api.headers.update(SITES)
        await house.start()
        elsewhere = {**RESOURCE, "originSystem": WIKI}
        slow, quick = await offer(house, MEMBERS, resource=elsewhere), await offer(house, MEMBERS)
        silent.gate.clear()
        await house.assign(await house.person("p1"), *slow)
        settling = asyncio.create_task(house.settle())  # ends only when nothing is left to do
        await eventually(partial(_waits, silent, 1))
        for number in range(2, 7):  # one call each, more than there are batches at a time
            await house.assign(await house.person(f"p{number}"), *slow)
            await eventually(partial(_waits, silent, number))

        alice = await house.person("alice")
        await house.assign(alice, *quick)
        await eventually(partial(_has, origin, alice))

        silent.gate.set()
        await settling
        assert len(silent.holders) == 6
        await house.close()


async def _waits(origin: LoopbackOrigin, number: int) -> bool:
    return origin.waiting == number


async def _has(origin: LoopbackOrigin, who: str) -> bool:
    return (MEMBERS, who) in origin.holders


@pytest.mark.parametrize(
    "answer", ["", "{}", '{"results": []}', '{"results": [{"id": "x", "outcome": "done"}]}']
)
async def test_an_answer_that_does_not_say_so_is_no_success(
    lodge: House, origin: LoopbackOrigin, answer: str
) -> None:
    alice = await lodge.person("alice")
    package, policy = await offer(lodge, MEMBERS)
    origin.answer = answer

    request = await lodge.assign(alice, package, policy)
    await lodge.settle()

    assert (await lodge.standing(request))[0] == "delivering"
    origin.answer = None
    await wait(lodge)
    assert (await lodge.standing(request))[0] == "delivered"


async def test_every_attempt_is_in_the_audit_log(lodge: House, origin: LoopbackOrigin) -> None:
    alice = await lodge.person("alice")
    origin.failing = {MEMBERS}
    await lodge.assign(alice, *await offer(lodge, MEMBERS))
    await lodge.settle()

    async with lodge.database.reading() as conn:
        rows = (await conn.execute(select(audit_records))).mappings().all()
    (told,) = [row for row in rows if row["activity_display_name"] == "Add resource role to user"]
    assert (told["result"], told["result_reason"]) == ("failure", "The site is locked.")


async def test_whoever_adds_a_site_must_own_it_or_administer_sites(
    lodge: House, origin: LoopbackOrigin
) -> None:
    owner, catalog = await lodge.person("owner"), await lodge.catalog()
    body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": RESOURCE}
    plain = application("EntitlementManagement.ReadWrite.All")

    code, message, _ = await lodge.refused(
        "POST", "resourceRequests", body, status=403, headers=plain
    )

    assert code == "Authorization_RequestDenied"
    assert "Sites.FullControl.All" in message
    origin.owners = [owner.upper()]
    governor = [IDENTITY_GOVERNANCE_ADMINISTRATOR]
    permission = "EntitlementManagement.ReadWrite.All"
    other = person(await lodge.person("other"), permission, directory_roles=governor)
    await lodge.refused("POST", "resourceRequests", body, status=403, headers=other)
    headers = person(owner, permission, directory_roles=governor)
    await lodge.post("resourceRequests", body, headers=headers)


async def test_an_origin_that_does_not_answer_is_not_a_site_that_does_not_exist(
    lodge: House, origin: LoopbackOrigin
) -> None:
    catalog = await lodge.catalog()
    body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": RESOURCE}
    nowhere = {**RESOURCE, "originId": "https://contoso.example/sites/none"}

    code, _, _ = await lodge.refused("POST", "resourceRequests", {**body, "resource": nowhere})
    assert code == "ResourceNotFoundInOriginSystem"
    origin.status = 500
    code, _, _ = await lodge.refused("POST", "resourceRequests", body, status=503)
    assert code == "serviceNotAvailable"

"""Origins elsewhere: who calls them, what they answer, and who may bring their sites in."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from ostiary.extensions.caller import Caller
from ostiary.extensions.receiver import Nonces, Trust, read_keys, verify
from ostiary.extensions.signing import Signer
from ostiary.identity.catalogue import IDENTITY_GOVERNANCE_ADMINISTRATOR
from ostiary.storage.database import Database
from tests.entitlement.house import House
from tests.entitlement.origins import LoopbackOrigin
from tests.entitlement.sites import MEMBERS, RESOURCE, SITES, offer, wait
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.callers import application, person
from tests.support.clocks import FixedClock
from tests.support.waiting import eventually

WIKI = "Wiki of the North Wing, and of its Garden"


async def test_an_origin_can_prove_who_calls(
    outpost: House, origin: LoopbackOrigin, signer: Signer
) -> None:
    alice = await outpost.person("alice")
    await outpost.assign(alice, *await offer(outpost, MEMBERS))
    await outpost.settle()

    call = origin.calls[-1]
    issuer = signer._issuer
    trust = Trust(
        issuers=[issuer.issuer],
        keys=read_keys(issuer.jwks()),
        audiences=[origin.url.removesuffix("/origin")],
    )
    authorization = call.headers["authorization"]
    claims = verify(authorization, call, trust=trust, nonces=Nonces(), now=outpost.clock.now())

    assert claims["azp"] == "810dcf14-1858-4bf2-8134-4c369fa3235b"


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
    outpost: House, origin: LoopbackOrigin, answer: str
) -> None:
    alice = await outpost.person("alice")
    package, policy = await offer(outpost, MEMBERS)
    origin.answer = answer

    request = await outpost.assign(alice, package, policy)
    await outpost.settle()

    assert (await outpost.standing(request))[0] == "delivering"
    origin.answer = None
    await wait(outpost)
    assert (await outpost.standing(request))[0] == "delivered"


async def test_whoever_adds_a_site_must_own_it_or_administer_sites(
    outpost: House, origin: LoopbackOrigin
) -> None:
    owner, catalog = await outpost.person("owner"), await outpost.catalog()
    body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": RESOURCE}
    plain = application("EntitlementManagement.ReadWrite.All")

    code, message, _ = await outpost.refused(
        "POST", "resourceRequests", body, status=403, headers=plain
    )

    assert code == "Authorization_RequestDenied"
    assert "Sites.FullControl.All" in message
    origin.owners = [owner.upper()]
    governor = [IDENTITY_GOVERNANCE_ADMINISTRATOR]
    permission = "EntitlementManagement.ReadWrite.All"
    other = person(await outpost.person("other"), permission, directory_roles=governor)
    await outpost.refused("POST", "resourceRequests", body, status=403, headers=other)
    headers = person(owner, permission, directory_roles=governor)
    await outpost.post("resourceRequests", body, headers=headers)


async def test_an_origin_that_does_not_answer_is_not_a_site_that_does_not_exist(
    outpost: House, origin: LoopbackOrigin
) -> None:
    catalog = await outpost.catalog()
    body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": RESOURCE}
    nowhere = {**RESOURCE, "originId": "https://contoso.example/sites/none"}

    code, _, _ = await outpost.refused("POST", "resourceRequests", {**body, "resource": nowhere})
    assert code == "ResourceNotFoundInOriginSystem"
    origin.status = 500
    code, _, _ = await outpost.refused("POST", "resourceRequests", body, status=503)
    assert code == "serviceNotAvailable"

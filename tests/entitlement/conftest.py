"""Fixtures of this package: a deployment on each database, others in memory, and an origin."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from joserfc.jwk import RSAKey

from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.signing import OutboundIssuer, Signer
from ostiary.storage.database import Database
from tests.entitlement.house import House
from tests.entitlement.origins import LoopbackOrigin
from tests.entitlement.resources import PLACE, everything
from tests.entitlement.sites import SITES
from tests.extensions.endpoints import ScriptedEndpoint
from tests.support.clocks import FixedClock


@pytest.fixture(scope="session")
def signer() -> Signer:
    """What signs the calls; its key is made once."""
    key = RSAKey.generate_key(2048)
    return Signer(OutboundIssuer(key, issuer="http://127.0.0.1:8080/outbound", tenant_id="tenant"))


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """An endpoint that answers 202."""
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
async def caller(signer: Signer, clock: FixedClock) -> AsyncIterator[Caller]:
    """A caller that may call this machine."""
    caller = Caller(signer=signer, clock=clock, egress=EgressPolicy(loopback=True))
    yield caller
    await caller.close()


@pytest.fixture
async def house(
    database: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A deployment on each database."""
    house = House(database, clock, caller, endpoint)
    await house.start()
    yield house
    await house.close()


@pytest.fixture
async def cottage(
    memory: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A deployment in memory, for what does not depend on the database."""
    house = House(memory, clock, caller, endpoint)
    await house.start()
    yield house
    await house.close()


@pytest.fixture
async def origin() -> AsyncIterator[LoopbackOrigin]:
    """The origin of sites."""
    async with LoopbackOrigin() as origin:
        yield origin


@pytest.fixture
async def lodge(
    memory: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    origin: LoopbackOrigin,
) -> AsyncIterator[House]:
    """A deployment that hands out sites and applications."""
    origins = {"SharePointOnline": {"url": origin.url, "environments": [PLACE]}}
    house = House(memory, clock, caller, endpoint, origins=origins)
    house.api.headers.update(everything())
    await house.start()
    yield house
    await house.close()


@pytest.fixture
async def outpost(
    database: Database,
    clock: FixedClock,
    caller: Caller,
    endpoint: ScriptedEndpoint,
    origin: LoopbackOrigin,
) -> AsyncIterator[House]:
    """A deployment that hands out sites of an origin elsewhere, on each database."""
    house = House(database, clock, caller, endpoint, origins={"SharePointOnline": origin.url})
    house.api.headers.update(SITES)
    await house.start()
    yield house
    await house.close()

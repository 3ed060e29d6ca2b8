"""Fixtures of this package: an endpoint, a caller, and keys that are made once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ostiary.extensions.caller import Caller
from ostiary.extensions.limits import Limits
from ostiary.extensions.receiver import Trust, read_keys
from ostiary.extensions.signing import OutboundIssuer, Signer
from ostiary.storage.database import Database
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.house import House, MakeHouse, Pauses, make_caller
from tests.support.clocks import FixedClock

ISSUER = "http://127.0.0.1:8080/outbound"
TENANT = "11111111-2222-3333-4444-555555555555"


@pytest.fixture(scope="session")
def issuer() -> OutboundIssuer:
    """The issuer of outbound tokens."""
    return OutboundIssuer(RSAKey.generate_key(2048), issuer=ISSUER, tenant_id=TENANT)


@pytest.fixture(scope="session")
def signer(issuer: OutboundIssuer) -> Signer:
    """What signs the calls."""
    return Signer(issuer)


@pytest.fixture
def trust(issuer: OutboundIssuer) -> Trust:
    """What a receiver believes that knows the issuer, whatever the audience of the test is."""
    return Trust(issuers=[ISSUER], keys=read_keys(issuer.jwks()), audiences=[])


@pytest.fixture
async def endpoint() -> AsyncIterator[ScriptedEndpoint]:
    """An endpoint that answers 202."""
    async with ScriptedEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def pauses() -> Pauses:
    """The pauses between attempts."""
    return Pauses()


@pytest.fixture
async def caller(signer: Signer, clock: FixedClock, pauses: Pauses) -> AsyncIterator[Caller]:
    """A caller that may call this machine."""
    caller = make_caller(signer, clock, pauses)
    yield caller
    await caller.close()


@pytest.fixture
async def house(
    database: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A house on each database."""
    house = House(database, clock, caller, endpoint)
    yield house
    await house.close()


@pytest.fixture
async def make_house(
    database: Database, clock: FixedClock, signer: Signer, endpoint: ScriptedEndpoint
) -> AsyncIterator[MakeHouse]:
    """Make nodes on one database, each with a caller of its own."""
    houses: list[House] = []

    def make(node: str = "a", **options: Any) -> House:
        usual = Limits(per_extension=options.get("at_once", 16))
        caller = make_caller(signer, clock, Pauses(), limits=options.pop("limits", usual))
        houses.append(House(database, clock, caller, endpoint, node=node, **options))
        return houses[-1]

    yield make
    for house in houses:
        await house.close()

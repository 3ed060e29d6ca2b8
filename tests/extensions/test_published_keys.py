"""The public keys of all nodes: whoever signs is published by everybody, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta

from joserfc.jwk import RSAKey

from ostiary.extensions.credentials import Credential
from ostiary.extensions.published_keys import KEPT, PublishedKeys
from ostiary.extensions.receiver import Trust, check_token, read_keys
from ostiary.extensions.signing import OutboundIssuer
from ostiary.storage.database import Database
from tests.extensions.conftest import ISSUER, TENANT
from tests.support.clocks import FixedClock


def another_node() -> OutboundIssuer:
    """A node with a data directory of its own, and so with a key of its own."""
    return OutboundIssuer(RSAKey.generate_key(2048), issuer=ISSUER, tenant_id=TENANT)


async def test_what_a_worker_signs_is_believed_by_the_keys_that_a_server_publishes(
    database: Database, clock: FixedClock, issuer: OutboundIssuer
) -> None:
    worker = another_node()
    await PublishedKeys(database, worker, now=clock.now).note()

    jwks = await PublishedKeys(database, issuer, now=clock.now).jwks()

    trust = Trust(issuers=[ISSUER], keys=read_keys(jwks), audiences=["api://x"])
    credential = Credential(profile="bearer", audience="api://x", app_id="an-app")
    for node in (worker, issuer):
        token = node.token(credential, audience="api://x", bound_to=None, now=clock.now())
        assert check_token(token, trust, now=clock.now())["azp"] == "an-app"


async def test_a_key_is_published_as_long_as_its_node_was_seen_lately(
    memory: Database, clock: FixedClock, issuer: OutboundIssuer
) -> None:
    here = PublishedKeys(memory, issuer, now=clock.now)
    there = PublishedKeys(memory, another_node(), now=clock.now)
    await there.note()
    clock.advance(hours=30)
    await there.note()
    clock.advance(hours=30)
    assert len((await here.jwks())["keys"]) == 2

    clock.advance(seconds=(KEPT - timedelta(hours=30)).total_seconds())

    assert (await here.jwks())["keys"] == issuer.jwks()["keys"]
    await here.note()
    assert len((await there.jwks())["keys"]) == 2  # its own, and the one that was noted


async def test_a_set_of_keys_holds_nothing_private_and_no_key_twice(
    memory: Database, clock: FixedClock, issuer: OutboundIssuer
) -> None:
    here = PublishedKeys(memory, issuer, now=clock.now)
    await here.note()
    await here.note()

    (key,) = (await here.jwks())["keys"]

    assert set(key) == {"kty", "n", "e", "use", "alg", "kid"}

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc.jwk import ECKey, OctKey, RSAKey

from ostiary.identity import keysets
from ostiary.identity.issuers import TrustedIssuer
from ostiary.identity.keysets import RemoteKeys, read_keys
from tests.identity.minting import app_claims, ec, public, rsa, sign, validator
from tests.support.clocks import MONDAY


class Monotonic:
    """A stopwatch that tests move."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Publisher:
    """An issuer on loopback that publishes what the test says, and counts who looks."""

    def __init__(self) -> None:
        self.keys: list[RSAKey | ECKey] = [rsa("old")]
        self.looks = 0
        self.headers: dict[str, str] = {}
        self.metadata: dict[str, Any] = {}
        self.status = 200
        self.padding = ""
        self.open = asyncio.Event()
        self.open.set()

    @property
    def base(self) -> str:
        return str(self.server.make_url("")).rstrip("/")

    @property
    def issuer(self) -> TrustedIssuer:
        return TrustedIssuer(
            name="loopback",
            issuer=self.base,
            tenant="t",
            audiences=frozenset({"api://governance"}),
        )

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._discovery)
        app.router.add_get("/keys", self._keys)
        self.server = TestServer(app)
        await self.server.start_server()

    async def _discovery(self, _: web.Request) -> web.StreamResponse:
        await self.open.wait()
        document = {"issuer": self.base, "jwks_uri": f"{self.base}/keys"}
        return web.json_response(document | self.metadata, status=self.status)

    async def _keys(self, _: web.Request) -> web.StreamResponse:
        self.looks += 1
        published = [public(key).as_dict() for key in self.keys]
        body = {"keys": published, "padding": self.padding}
        return web.json_response(body, headers=self.headers)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    await publisher.start()
    yield publisher
    publisher.open.set()
    await publisher.server.close()


@pytest.fixture
def stopwatch() -> Monotonic:
    return Monotonic()


@pytest.fixture
async def keys(publisher: Publisher, stopwatch: Monotonic) -> AsyncIterator[RemoteKeys]:
    async with aiohttp.ClientSession() as http:
        yield RemoteKeys(publisher.issuer, http, development=True, monotonic=stopwatch)


async def settled(keys: RemoteKeys) -> None:
    """Wait for the look that goes on in the background."""
    while keys._look:
        await asyncio.wait({keys._look})


async def test_keys_are_fetched_when_they_are_needed(
    keys: RemoteKeys, publisher: Publisher
) -> None:
    assert publisher.looks == 0
    assert await keys.key("old") is not None
    assert await keys.key("old") is not None
    assert publisher.looks == 1


async def test_a_rotated_key_works_within_one_request(
    keys: RemoteKeys, publisher: Publisher
) -> None:
    by = validator(publisher.issuer, keys=keys)
    claims = app_claims(iss=publisher.base, client_id="sp", sub="sp")
    await by.validate(sign(claims, rsa("old")), MONDAY)

    publisher.keys = [rsa("new")]

    await by.validate(sign(claims, rsa("new")), MONDAY)


async def test_a_flood_of_unknown_keys_causes_one_look(
    keys: RemoteKeys, publisher: Publisher, stopwatch: Monotonic
) -> None:
    await keys.key("old")
    found = await asyncio.gather(*(keys.key(f"random-{n}") for n in range(50)))

    assert not any(found)
    assert publisher.looks == 2

    stopwatch.now += keysets.ASK_AGAIN_AFTER
    await keys.key("random")
    assert publisher.looks == 3


async def test_many_who_need_the_first_keys_share_one_look(
    keys: RemoteKeys, publisher: Publisher
) -> None:
    assert all(await asyncio.gather(*(keys.key("old") for _ in range(20))))
    assert publisher.looks == 1


async def test_keys_are_refreshed_every_day_in_the_background(
    keys: RemoteKeys, publisher: Publisher, stopwatch: Monotonic
) -> None:
    await keys.key("old")
    publisher.keys = [rsa("old"), rsa("new")]
    stopwatch.now += keysets.REFRESH_EVERY
    publisher.open.clear()

    assert await keys.key("old") is not None  # without waiting for the look

    publisher.open.set()
    await settled(keys)
    assert publisher.looks == 2


@pytest.mark.parametrize(
    ("max_age", "due"), [(3600, 3600), (1, keysets.ASK_AGAIN_AFTER), (10**8, 24 * 3600)]
)
async def test_caching_may_shorten_the_interval_and_not_lengthen_it(
    keys: RemoteKeys, publisher: Publisher, stopwatch: Monotonic, max_age: int, due: float
) -> None:
    publisher.headers = {"Cache-Control": f"public, max-age={max_age}"}
    await keys.key("old")

    assert keys._refresh_due == stopwatch.now + due


async def test_old_keys_stay_when_a_refresh_fails(
    keys: RemoteKeys, publisher: Publisher, stopwatch: Monotonic
) -> None:
    await keys.key("old")
    publisher.status = 500
    stopwatch.now += keysets.REFRESH_EVERY

    await keys.key("old")
    await settled(keys)

    assert await keys.key("old") is not None


async def test_an_issuer_that_is_down_is_asked_again_soon_when_there_are_no_keys(
    keys: RemoteKeys, publisher: Publisher, stopwatch: Monotonic
) -> None:
    publisher.status = 503
    assert await keys.key("old") is None
    publisher.status = 200
    assert await keys.key("old") is None

    stopwatch.now += keysets.FIRST_LOOK_AGAIN_AFTER

    assert await keys.key("old") is not None


async def test_nobody_waits_longer_than_the_limit_for_a_look(
    keys: RemoteKeys, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keysets, "LONGEST_WAIT", 0.01)
    publisher.open.clear()

    assert await keys.key("old") is None

    publisher.open.set()
    await settled(keys)
    assert await keys.key("old") is not None


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example"},
        {"issuer": None},
        {"jwks_uri": "https://other.example/keys"},
        {"jwks_uri": None},
    ],
    ids=str,
)
async def test_metadata_that_leads_elsewhere_is_not_followed(
    keys: RemoteKeys, publisher: Publisher, metadata: dict[str, Any]
) -> None:
    publisher.metadata = metadata

    assert await keys.key("old") is None
    assert publisher.looks == 0


async def test_a_document_without_end_is_given_up(keys: RemoteKeys, publisher: Publisher) -> None:
    publisher.padding = "x" * keysets.MAX_DOCUMENT

    assert await keys.key("old") is None


async def test_http_is_for_development(publisher: Publisher) -> None:
    async with aiohttp.ClientSession() as http:
        assert await RemoteKeys(publisher.issuer, http).key("old") is None


def test_only_public_signature_keys_that_are_strong_enough_are_read() -> None:
    weak = public(rsa("weak")).as_dict() | {"n": "A" * 171}  # 1024 bits
    secret = OctKey.generate_key(256, {"kid": "secret"}).as_dict()
    for_encryption = public(rsa("enc")).as_dict() | {"use": "enc"}
    nameless = {k: v for k, v in public(rsa("x")).as_dict().items() if k != "kid"}
    broken = {"kty": "RSA", "kid": "broken", "n": 7, "e": "AQAB"}
    unknown = {"kty": "ML-DSA", "kid": "later"}
    good = rsa("good").as_dict(private=True)

    found = read_keys(
        [weak, secret, for_encryption, nameless, broken, unknown, 7, good, public(ec()).as_dict()]
    )

    assert set(found) == {"good", "key-ec"}
    assert not found["good"].key.is_private


@pytest.mark.parametrize("published", [None, {}, "keys"])
def test_a_key_set_that_is_no_list_is_empty(published: object) -> None:
    assert read_keys(published) == {}

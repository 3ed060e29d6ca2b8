"""The outbound issuer: its key, its tokens, and its public documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from httpx import ASGITransport, AsyncClient
from starlette.applications import Starlette

from ostiary.extensions.credentials import Credential
from ostiary.extensions.published_keys import PublishedKeys
from ostiary.extensions.receiver import Trust, check_token, read_keys
from ostiary.extensions.routes import outbound_routes
from ostiary.extensions.signing import OutboundIssuer, Signer
from ostiary.extensions.targets import Target, parse
from ostiary.storage.database import Database
from tests.extensions import vectors
from tests.extensions.conftest import ISSUER, TENANT
from tests.support.clocks import MONDAY, FixedClock

TARGET = parse("https://hooks.contoso.test/check")
RESOURCE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Logic/workflows/w"


async def inner_token(
    signer: Signer, credential: Credential, clock: FixedClock, *, target: Target = TARGET
) -> str:
    authorization = await signer.authorize(credential, target, body=b"{}", now=clock.now())
    scheme, value = authorization.header.split(" ")
    return value if scheme == "Bearer" else vectors.claims(value)["at"]


async def test_the_token_of_the_request_profile_has_version_2(
    signer: Signer, clock: FixedClock
) -> None:
    token = await inner_token(signer, Credential(profile="request", app_id="an-app"), clock)

    claims = vectors.claims(token)
    issued = int(MONDAY.timestamp())
    assert list(claims) == [
        "aud", "iss", "iat", "nbf", "exp", "azp", "azpacr", "idtyp", "oid", "sub", "tid", "ver",
        "cnf",
    ]  # fmt: skip
    assert (claims["aud"], claims["iss"]) == ("https://hooks.contoso.test", ISSUER)
    assert (claims["iat"], claims["exp"]) == (issued, issued + 600)
    assert (claims["azp"], claims["ver"], claims["tid"]) == ("an-app", "2.0", TENANT)


async def test_the_token_of_the_resource_profile_has_version_1(
    signer: Signer, clock: FixedClock
) -> None:
    credential = Credential(profile="resource", resource_id=RESOURCE, app_id="an-app")

    proof = await signer.authorize(credential, TARGET, body=b"{}", now=clock.now())

    outer = vectors.claims(proof.header.split(" ")[1])
    claims = vectors.claims(outer["at"])
    assert claims["iss"] == f"https://sts.windows.net/{TENANT}/"
    assert claims["aud"] == "https://management.azure.com"
    assert (claims["appid"], claims["appidacr"], claims["ver"]) == ("an-app", "2", "1.0")
    assert "azp" not in claims
    assert (outer["m"], outer["u"], outer["p"]) == ("POST", "management.azure.com", RESOURCE)
    assert not {"q", "h", "b"} & set(outer)


async def test_a_token_is_bound_to_the_key_that_signs_the_call(
    signer: Signer, clock: FixedClock
) -> None:
    credential = Credential(profile="request", app_id="an-app")

    proof = await signer.authorize(credential, TARGET, body=b"{}", now=clock.now())

    outer = vectors.claims(proof.header.split(" ")[1])
    assert vectors.claims(outer["at"])["cnf"]["kid"] == outer["cnf"]["jwk"]["kid"]
    assert outer["ts"] == int(MONDAY.timestamp())


async def test_a_token_is_used_again_until_it_is_about_to_expire(
    signer: Signer, clock: FixedClock
) -> None:
    credential = Credential(profile="request", app_id="cached-app")

    first = await inner_token(signer, credential, clock)
    clock.advance(minutes=7, seconds=59)
    again = await inner_token(signer, credential, clock)
    clock.advance(seconds=1)
    renewed = await inner_token(signer, credential, clock)

    assert first == again
    assert renewed != first


async def test_each_endpoint_has_a_token_of_its_own(signer: Signer, clock: FixedClock) -> None:
    credential = Credential(profile="request", app_id="an-app")
    other = parse("https://hooks.contoso.test:8443/check")

    first = await inner_token(signer, credential, clock)
    second = await inner_token(signer, credential, clock, target=other)

    assert vectors.claims(first)["aud"] != vectors.claims(second)["aud"]


async def test_the_cache_of_tokens_is_bounded(issuer: OutboundIssuer, clock: FixedClock) -> None:
    signer = Signer(issuer, cached=1)
    credentials = [Credential(profile="bearer", audience=a, app_id="a") for a in ("x", "y")]

    first = await inner_token(signer, credentials[0], clock)
    await inner_token(signer, credentials[1], clock)
    clock.advance(seconds=1)

    assert await inner_token(signer, credentials[0], clock) != first


async def test_the_public_documents_let_a_receiver_check_tokens(
    issuer: OutboundIssuer, trust: Trust, memory: Database
) -> None:
    published = PublishedKeys(memory, issuer)
    transport = ASGITransport(Starlette(routes=outbound_routes(issuer, published)))

    async with AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        document = (await client.get("/outbound/.well-known/openid-configuration")).json()
        jwks = (await client.get(document["jwks_uri"])).json()

    credential = Credential(profile="bearer", audience="api://x", app_id="an-app")
    token = issuer.token(credential, audience="api://x", bound_to=None, now=MONDAY)
    known = replace(
        trust, issuers=[document["issuer"]], keys=read_keys(jwks), audiences=["api://x"]
    )
    assert check_token(token, known, now=MONDAY + timedelta(minutes=9))["azp"] == "an-app"
    assert set(jwks["keys"][0]) == {"kty", "n", "e", "use", "alg", "kid"}

"""The receiver of callouts: the worked example and its negative vectors."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import RSAKey

from ostiary.extensions import pop
from ostiary.extensions.receiver import Nonces, NotProven, Received, Trust, check_token, verify
from ostiary.extensions.targets import parse
from tests.extensions import vectors

SIGNED = datetime.fromtimestamp(vectors.TIMESTAMP, UTC)
NOW = SIGNED + timedelta(seconds=2)
TRUST = Trust(
    issuers=[vectors.ISSUER],
    keys=vectors.ISSUER_KEYS,
    audiences=[vectors.AUDIENCE],
    applications=[vectors.APPLICATION],
)
CALL = Received(
    method="POST",
    url=vectors.URL,
    headers={"content-type": vectors.CONTENT_TYPE},
    body=vectors.BODY,
)
OTHER_KEY = RSAKey.generate_key(2048)


def failing_step(
    call: Received = CALL,
    *,
    proof: str = vectors.PROOF,
    now: datetime = NOW,
    trust: Trust = TRUST,
    nonces: Nonces | None = None,
) -> str:
    with pytest.raises(NotProven) as caught:
        verify(f"PoP {proof}", call, trust=trust, nonces=nonces or Nonces(), now=now)
    return caught.value.step


def resigned(
    *, key: RSAKey = vectors.SIGNING_KEY, header: dict[str, Any] | None = None, **changes: Any
) -> str:
    payload = {**vectors.claims(vectors.PROOF), **changes}
    full = {"alg": "RS256", "typ": "pop", **(header or {})}
    registry = jws.JWSRegistry(algorithms=[full["alg"]])
    return jws.serialize_compact(full, msgspec.json.encode(payload), key, registry=registry)


def test_the_worked_example_is_genuine() -> None:
    claims = verify(f"PoP {vectors.PROOF}", CALL, trust=TRUST, nonces=Nonces(), now=NOW)

    assert claims["azp"] == vectors.APPLICATION


def test_a_second_delivery_of_the_same_header_is_refused() -> None:
    nonces = Nonces()
    verify(f"PoP {vectors.PROOF}", CALL, trust=TRUST, nonces=nonces, now=NOW)

    assert failing_step(nonces=nonces) == "nonce"


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"method": "PUT"}, "m"),
        ({"url": vectors.URL.replace("contoso", "evil")}, "u"),
        ({"url": vectors.URL.replace(":8443", "")}, "u"),
        ({"url": "not a url"}, "u"),
        ({"url": vectors.URL.replace("sod-check", "other")}, "p"),
        ({"url": vectors.URL.replace("abc", "abd")}, "q"),
        ({"url": vectors.URL + "&x=1"}, "q"),
        ({"url": vectors.URL + "&v=1"}, "q"),
        ({"url": vectors.URL + "&bare"}, "q"),
        ({"url": vectors.URL.partition("?")[0]}, "q"),
        ({"body": vectors.BODY + b" "}, "b"),
        ({"headers": {"content-type": "text/plain"}}, "h"),
        ({"headers": {}}, "h"),
    ],
)
def test_a_call_that_differs_from_what_was_signed_is_refused(
    change: dict[str, Any], step: str
) -> None:
    assert failing_step(replace(CALL, **change)) == step


@pytest.mark.parametrize("seconds", [301, -61])
def test_a_call_from_another_time_is_refused(seconds: int) -> None:
    assert failing_step(now=SIGNED + timedelta(seconds=seconds)) == "ts"


@pytest.mark.parametrize("seconds", [300, -55])
def test_a_call_within_the_window_is_genuine(seconds: int) -> None:
    now = SIGNED + timedelta(seconds=seconds)

    assert verify(f"PoP {vectors.PROOF}", CALL, trust=TRUST, nonces=Nonces(), now=now)


def test_the_inner_token_expires_before_the_time_of_signing_is_looked_at() -> None:
    assert failing_step(now=SIGNED + timedelta(hours=2)) == "inner time"


def test_an_attackers_key_is_not_bound_to_the_token() -> None:
    public = {**OTHER_KEY.as_dict(private=False), "alg": "RS256"}

    assert failing_step(proof=resigned(key=OTHER_KEY, cnf={"jwk": public})) == "thumbprint"


def test_the_genuine_key_must_have_made_the_signature() -> None:
    assert failing_step(proof=resigned(key=OTHER_KEY)) == "outer signature"


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"alg": "PS256"}])
def test_another_type_or_algorithm_is_refused(header: dict[str, str]) -> None:
    assert failing_step(proof=resigned(header=header)) == "header"


def test_no_signature_at_all_is_refused() -> None:
    header, payload, _ = vectors.PROOF.split(".")
    none = "eyJhbGciOiJub25lIiwidHlwIjoicG9wIn0"

    assert failing_step(proof=f"{none}.{payload}.") == "header"
    assert failing_step(proof=f"{header}.{payload}.") == "outer signature"
    assert failing_step(proof="x" * 40_000) == "header"
    assert failing_step(proof="rubbish") == "header"


def test_a_changed_access_token_is_refused_even_under_a_genuine_signature() -> None:
    header, payload, signature = vectors.ACCESS_TOKEN.split(".")
    claims = {**vectors.claims(vectors.ACCESS_TOKEN), "azp": "someone-else"}
    changed = urlsafe_b64encode(msgspec.json.encode(claims)).decode().rstrip("=")

    proof = resigned(at=f"{header}.{changed}.{signature}")

    assert payload != changed
    assert failing_step(proof=proof) == "inner signature"


@pytest.mark.parametrize(
    ("change", "step"),
    [
        ({"issuers": ["https://elsewhere.test"]}, "inner issuer"),
        ({"audiences": ["api://other"]}, "inner audience"),
        ({"applications": ["other"]}, "inner application"),
    ],
)
def test_a_token_for_or_from_another_is_refused(change: dict[str, Any], step: str) -> None:
    assert failing_step(trust=replace(TRUST, **change)) == step


def test_a_proof_without_a_claim_is_refused_by_its_name() -> None:
    assert failing_step(proof=resigned(at=None)) == "at"
    assert failing_step(proof=resigned(ts=None)) == "ts"
    assert failing_step(proof=resigned(cnf=None)) == "thumbprint"
    assert failing_step(proof=resigned(nonce=None)) == "nonce"


def test_the_resource_profile_is_checked_against_the_resource() -> None:
    resource = "/subscriptions/S/resourceGroups/rg1/providers/Microsoft.Logic/workflows/sod-check"
    proof = pop.sign(
        pop.bind_resource(resource),
        key=vectors.SIGNING_KEY,
        token=vectors.ACCESS_TOKEN,
        timestamp=vectors.TIMESTAMP,
        nonce="one",
    )

    def check(resource_id: str) -> object:
        return verify(
            f"PoP {proof}",
            CALL,
            trust=TRUST,
            nonces=Nonces(),
            now=NOW,
            resource_id=resource_id,
        )

    assert check(resource.lower())
    with pytest.raises(NotProven, match=r"^p: "):
        check(resource + "2")


def test_a_nonce_is_forgotten_after_ten_minutes() -> None:
    nonces = Nonces()

    assert nonces.is_new("a", now=NOW)
    assert not nonces.is_new("a", now=NOW + timedelta(minutes=9))
    assert nonces.is_new("a", now=NOW + timedelta(minutes=10))


def test_a_bearer_token_is_checked_by_itself() -> None:
    assert check_token(vectors.ACCESS_TOKEN, TRUST, now=NOW)["aud"] == vectors.AUDIENCE
    with pytest.raises(NotProven, match="inner signature"):
        check_token("rubbish", TRUST, now=NOW)


def test_a_longer_host_name_with_the_standard_port_is_signed_without_it() -> None:
    assert parse("https://X.test:443/").authority == "x.test"

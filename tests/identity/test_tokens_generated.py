"""Whatever a caller sends is a caller or a refusal, never a failure of the server."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.identity.issuers import ClaimMap, Grant, Shape, TrustedIssuer
from ostiary.identity.refusals import InvalidToken
from tests.identity.minting import (
    AUDIENCE,
    TENANT,
    V2,
    app_claims,
    microsoft,
    raw,
    sign,
    user_claims,
    validator,
)
from tests.support.clocks import MONDAY

GENERIC = TrustedIssuer(
    name="generic",
    issuer="https://sso.example.org",
    tenant=TENANT,
    audiences=frozenset({AUDIENCE}),
    shape=Shape.OIDC,
    claims=ClaimMap(app_roles="resource_access.governance.roles", directory_roles="groups"),
    authoritative_for=frozenset(Grant),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = st.sampled_from(sorted({*app_claims(), *user_claims(), "cnf", "wids", "groups", "nonce"}))
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jku", "x5c"]), VALUES)


async def answered(token: str) -> None:
    try:
        caller = await validator(microsoft(), GENERIC).validate(token, MONDAY)
    except InvalidToken:
        return
    assert caller.object_id
    assert caller.kind == "delegated" or not caller.scopes
    assert caller.kind == "application" or not caller.roles


@settings(deadline=None)  # a slow machine is no failure
@given(token=st.text() | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*", fullmatch=True))
async def test_any_text_is_answered(token: str) -> None:
    await answered(token)


@settings(deadline=None)  # a slow machine is no failure
@given(header=HEADERS, claims=st.dictionaries(NAMES, VALUES))
async def test_any_unsigned_json_is_answered(header: Any, claims: Any) -> None:
    named = {"alg": "RS256", "kid": "key-1"} | header
    await answered(raw(json.dumps(named), json.dumps({"iss": V2} | claims)))


@settings(deadline=None)  # a slow machine is no failure
@given(
    issuer=st.sampled_from([V2, GENERIC.issuer]),
    base=st.sampled_from([app_claims(), user_claims()]),
    claims=st.dictionaries(NAMES, VALUES, max_size=3),
)
async def test_any_claims_of_a_trusted_issuer_are_answered(
    issuer: str, base: dict[str, Any], claims: dict[str, Any]
) -> None:
    await answered(sign({**base, **claims, "iss": issuer}))

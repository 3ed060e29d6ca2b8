"""Tokens for tests: made with keys of the test, in the shapes that issuers give them."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from ostiary.identity.issuers import Grant, Shape, TrustedIssuer
from ostiary.identity.keysets import FixedKeys, KeySource
from ostiary.identity.tokens import TokenValidator
from tests.support.clocks import MONDAY

TENANT = "11111111-2222-4333-8444-555555555555"
APP_ID = "aaaaaaaa-0000-4000-8000-000000000001"
SERVICE_PRINCIPAL = "bbbbbbbb-0000-4000-8000-000000000002"
ALICE = "cccccccc-0000-4000-8000-000000000003"
V1 = f"https://sts.windows.net/{TENANT}/"
V2 = f"https://login.microsoftonline.com/{TENANT}/v2.0"
AUDIENCE = "api://governance"


@cache
def rsa(kid: str = "key-1") -> RSAKey:
    """An RSA key of the test, with its private half."""
    return RSAKey.generate_key(2048, {"kid": kid})


@cache
def ec(kid: str = "key-ec") -> ECKey:
    """A P-256 key of the test, with its private half."""
    return ECKey.generate_key("P-256", {"kid": kid})


def public(key: RSAKey | ECKey) -> RSAKey | ECKey:
    """The public half of a key."""
    return type(key).import_key(key.as_dict(private=False))


def microsoft(**changes: Any) -> TrustedIssuer:
    """Entra's v2.0 issuer of the test's tenant."""
    settings: dict[str, Any] = {
        "name": "entra",
        "issuer": V2,
        "tenant": TENANT,
        "audiences": frozenset({AUDIENCE}),
        "shape": Shape.MICROSOFT,
        "authoritative_for": frozenset(Grant),
    }
    return TrustedIssuer(**settings | changes)


def app_claims(now: datetime = MONDAY, **changes: Any) -> dict[str, Any]:
    """What an application's v2.0 token says; a change to None leaves a claim out."""
    claims = {
        "iss": V2,
        "aud": AUDIENCE,
        "tid": TENANT,
        "oid": SERVICE_PRINCIPAL,
        "sub": SERVICE_PRINCIPAL,
        "azp": APP_ID,
        "azpacr": "1",
        "idtyp": "app",
        "roles": ["EntitlementManagement.ReadWrite.All"],
        "uti": "token-1",
        "ver": "2.0",
        "iat": int(now.timestamp()),
        "nbf": int(now.timestamp()),
        "exp": int((now + timedelta(hours=1)).timestamp()),
    }
    return {name: value for name, value in (claims | changes).items() if value is not None}


def user_claims(now: datetime = MONDAY, **changes: Any) -> dict[str, Any]:
    """What a person's v2.0 token says."""
    person: dict[str, Any] = {
        "oid": ALICE,
        "sub": "pairwise",
        "idtyp": "user",
        "roles": None,
        "azpacr": "0",
        "scp": "EntitlementManagement.Read.All User.Read",
        "name": "Alice",
        "preferred_username": "alice@example.org",
    }
    return app_claims(now, **person | changes)


def sign(
    claims: dict[str, Any] | str,
    key: RSAKey | ECKey | None = None,
    *,
    alg: str = "RS256",
    **header: Any,
) -> str:
    """Sign claims as a token; a change of the header to None leaves a member out."""
    key = key or rsa()
    members = {"typ": "JWT", "alg": alg, "kid": key.kid, **header}
    protected = {name: value for name, value in members.items() if value is not None}
    payload = claims if isinstance(claims, str) else json.dumps(claims)
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    return jws.serialize_compact(protected, payload, key, registry=registry)


def raw(header: str, payload: str, signature: bytes = b"x") -> str:
    """Put a token together from texts, signed with anything."""
    parts = (header.encode(), payload.encode(), signature)
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def validator(*issuers: TrustedIssuer, keys: KeySource | None = None) -> TokenValidator:
    """A validator that trusts these issuers (Entra when none is named) with the test's keys."""
    source = keys or FixedKeys(public(rsa()), public(ec()))
    return TokenValidator([(issuer, source) for issuer in issuers or (microsoft(),)])

"""The receiving side of a callout: whether a call is genuine.

For endpoints written in Python, the demonstration's among them. Give ``verify`` what came in, and
what you trust; it returns the claims of the access token, or says at which step the proof fails.

Host and path of ``Received.url`` are those under which the endpoint is known to the caller: take
them from configuration where a proxy stands in between, never from forwarded headers.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey, import_key

from ostiary.extensions.pop import REGISTRY, digest, header_hash, query_hash
from ostiary.extensions.targets import BadURL, Target, parse

LONGEST = 32 * 1024
OLDEST, NEWEST = timedelta(seconds=300), timedelta(seconds=60)
NONCE_KEPT = timedelta(minutes=10)
_TOKEN_REGISTRY = jws.JWSRegistry(algorithms=["RS256", "PS256", "ES256"])


class NotProven(ValueError):
    """The call is not genuine, or not provably so; ``step`` names where the proof fails."""

    def __init__(self, step: str, message: str) -> None:
        super().__init__(f"{step}: {message}")
        self.step = step


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom the endpoint believes: the issuer's keys, and for whom and by whom tokens may be."""

    issuers: Collection[str]
    keys: KeySet
    audiences: Collection[str]
    applications: Collection[str] = ()
    """Accepted ``appid`` or ``azp``; none given: any application of the issuer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A call as it arrived; header names in lower case."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def read_keys(jwks: Mapping[str, Any]) -> KeySet:
    """Make a key set of the document at the issuer's ``jwks_uri``.

    :raises JoseError: it holds something that is no key.
    """
    return KeySet([import_key(key) for key in jwks["keys"]])


class Nonces:
    """The nonces of the last ten minutes, so that no call counts twice."""

    def __init__(self) -> None:
        self._seen: dict[str, datetime] = {}

    def is_new(self, nonce: str, *, now: datetime) -> bool:
        """Remember a nonce; false if it was seen before."""
        while self._seen and now - next(iter(self._seen.values())) >= NONCE_KEPT:
            self._seen.pop(next(iter(self._seen)))
        if nonce in self._seen:
            return False
        self._seen[nonce] = now
        return True


def verify(
    authorization: str,
    received: Received,
    *,
    trust: Trust,
    nonces: Nonces,
    now: datetime,
    resource_id: str | None = None,
) -> Mapping[str, Any]:
    """Check a call that carries ``Authorization: PoP …`` and give its access token's claims.

    With ``resource_id`` the signature must name that resource of Azure Resource Manager instead of
    this call's own host, path, query and body, as Logic Apps want it.

    :raises NotProven: the header, the token, the signature or what it covers does not hold.
    """
    proof = _outer(authorization)
    payload = _json(proof.payload, "header")
    claims = check_token(_text(payload, "at"), trust, now=now)
    _check_signature(authorization, payload, claims)
    _check_time(payload, now)
    if resource_id is None:
        _check_request(payload, received)
    else:
        _check_resource(payload, received, resource_id)
    if not nonces.is_new(_text(payload, "nonce"), now=now):
        raise NotProven("nonce", "this call has been made before")
    return claims


def check_token(token: str, trust: Trust, *, now: datetime) -> Mapping[str, Any]:
    """Check an access token by itself, as it also comes with ``Authorization: Bearer``.

    :raises NotProven: signature, issuer, audience, time or application does not hold.
    """
    try:
        verified = jws.deserialize_compact(token, trust.keys, registry=_TOKEN_REGISTRY)
    except (JoseError, ValueError):
        raise NotProven("inner signature", "no trusted key made the access token") from None
    claims = _json(verified.payload, "inner signature")
    if claims.get("iss") not in trust.issuers:
        raise NotProven("inner issuer", "the access token is from another issuer")
    if claims.get("aud") not in trust.audiences:
        raise NotProven("inner audience", "the access token is for another receiver")
    seconds = now.timestamp()
    if not _number(claims, "nbf") - NEWEST.total_seconds() <= seconds < _number(claims, "exp"):
        raise NotProven("inner time", "the access token is not valid now")
    application = claims.get("appid") or claims.get("azp")
    if trust.applications and application not in trust.applications:
        raise NotProven("inner application", "the access token is another application's")
    return claims


def _outer(authorization: str) -> jws.CompactSignature:
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "pop" or len(value) > LONGEST:
        raise NotProven("header", "the scheme is not PoP")
    try:
        proof = jws.extract_compact(value.encode())
    except (JoseError, ValueError):
        raise NotProven("header", "the proof is not a signed object") from None
    header = proof.headers()
    if header.get("typ") != "pop" or header.get("alg") != "RS256":
        raise NotProven("header", "the proof is not of type pop, signed with RS256")
    return proof


def _check_signature(
    authorization: str, payload: Mapping[str, Any], claims: Mapping[str, Any]
) -> None:
    """Trust the key in the proof only once the access token has vouched for it."""
    try:
        key = RSAKey.import_key(payload["cnf"]["jwk"])
        bound = claims["cnf"]["kid"]
    except (JoseError, KeyError, TypeError, ValueError):
        raise NotProven("thumbprint", "the token is not bound to a key") from None
    if key.thumbprint() != bound:
        raise NotProven("thumbprint", "the token is bound to another key")
    try:
        jws.deserialize_compact(authorization.partition(" ")[2], key, registry=REGISTRY)
    except (JoseError, ValueError):
        raise NotProven("outer signature", "the bound key did not sign this call") from None


def _check_time(payload: Mapping[str, Any], now: datetime) -> None:
    age = now.timestamp() - _number(payload, "ts")
    if not -NEWEST.total_seconds() <= age <= OLDEST.total_seconds():
        raise NotProven("ts", "the call was signed at another time")


def _check_request(payload: Mapping[str, Any], received: Received) -> None:
    _same(payload, "m", received.method.upper())
    target = _target(received.url)
    _same(payload, "u", target.authority)
    _same(payload, "p", target.path)
    if target.query or "q" in payload:
        names, value = query_hash(target.query)
        if len(names) != len(target.query.split("&")):
            raise NotProven("q", "the query has members that no signature covers")
        _same(payload, "q", [list(names), value])
    content_type = received.headers.get("content-type", "")
    covered, value = header_hash({"content-type": content_type})
    _same(payload, "h", [list(covered), value])
    _same(payload, "b", digest(received.body))


def _check_resource(payload: Mapping[str, Any], received: Received, resource_id: str) -> None:
    _same(payload, "m", received.method.upper())
    _same(payload, "u", "management.azure.com")
    if _text(payload, "p").strip("/").lower() != resource_id.strip("/").lower():
        raise NotProven("p", "the call is for another resource")


def _target(url: str) -> Target:
    try:
        return parse(url)
    except BadURL as error:
        raise NotProven("u", f"the URL of the call {error}") from None


def _same(payload: Mapping[str, Any], claim: str, expected: Any) -> None:
    if payload.get(claim) != expected:
        raise NotProven(claim, "the call differs from the one that was signed")


def _json(data: bytes | None, step: str) -> Mapping[str, Any]:
    try:
        return msgspec.json.decode(data or b"", type=dict[str, Any])
    except msgspec.DecodeError:
        raise NotProven(step, "the payload is not a JSON object") from None


def _text(payload: Mapping[str, Any], claim: str) -> str:
    value = payload.get(claim)
    if not isinstance(value, str):
        raise NotProven(claim, "the claim is missing")
    return value


def _number(payload: Mapping[str, Any], claim: str) -> float:
    value = payload.get(claim)
    if not isinstance(value, int | float):
        raise NotProven(claim, "the claim is missing")
    return value

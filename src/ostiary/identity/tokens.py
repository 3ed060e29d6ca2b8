"""The validation of an access token, step by step.

The outcome is kept by a hash of the whole token, bounded, and never beyond ``exp``: a caller that
sends the same token a thousand times a second is verified once.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from joserfc.util import int_to_base64

from ostiary.identity.claims import Claims, caller
from ostiary.identity.compact import MAX_TOKEN, Unverified, parse
from ostiary.identity.issuers import TENANT_PLACEHOLDER, TrustedIssuer
from ostiary.identity.keysets import KeySource, PublishedKey, VerificationKey
from ostiary.identity.principals import Principal
from ostiary.identity.refusals import InvalidToken, Reason

DEFAULT_SKEW = timedelta(seconds=60)
MAX_SKEW = timedelta(minutes=5)
MAX_DATE = 2**48
"""Seconds that no honest token names: keeps infinity and overflow out."""
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})

_NOBODY = RSAKey.import_key({"kty": "RSA", "e": "AQAB", "n": int_to_base64((1 << 2047) | 1)})
"""A key that verifies nothing: an unknown issuer takes as long as a bad signature."""


class _Registry(jws.JWSRegistry):
    """Header members that are not registered are ignored; our own limit on length holds."""

    max_header_length = MAX_TOKEN

    def __init__(self, algorithms: Iterable[str]) -> None:
        super().__init__(algorithms=sorted(algorithms), strict_check_header=False)


@dataclass(frozen=True, slots=True)
class _Trust:
    issuer: TrustedIssuer
    keys: KeySource
    registry: _Registry


@dataclass(frozen=True, slots=True)
class _Believed:
    principal: Principal
    not_before: float
    expires: float


class TokenValidator:
    """Believes tokens of the trusted issuers, and nothing else.

    ``cache_size`` bounds the number of tokens that are remembered.
    """

    def __init__(
        self,
        issuers: Iterable[tuple[TrustedIssuer, KeySource]],
        *,
        skew: timedelta = DEFAULT_SKEW,
        cache_size: int = 10_000,
    ) -> None:
        if not timedelta() <= skew <= MAX_SKEW:
            raise ValueError(f"the clock skew is at most {MAX_SKEW}")
        self._trusts = {
            issuer.issuer: _Trust(issuer, keys, _Registry(issuer.algorithms))
            for issuer, keys in issuers
        }
        self._skew = skew.total_seconds()
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, _Believed] = OrderedDict()

    async def validate(self, token: str, now: datetime) -> Principal:
        """Give the caller that a token names.

        :raises InvalidToken: it is not believed, at this instant, for the reason it carries.
        """
        if len(token) > MAX_TOKEN:
            raise InvalidToken(Reason.TOO_LONG)
        instant = now.timestamp()
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        if known := self._remembered(digest, instant):
            return known.principal
        believed = await self._believe(parse(token), instant)
        self._remember(digest, believed, instant)
        return believed.principal

    def _remembered(self, digest: bytes, instant: float) -> _Believed | None:
        known = self._cache.get(digest)
        if known is None:
            return None
        if not known.not_before <= instant < known.expires:
            del self._cache[digest]
            return None
        self._cache.move_to_end(digest)
        return known

    def _remember(self, digest: bytes, believed: _Believed, instant: float) -> None:
        if not believed.not_before <= instant < believed.expires:
            return
        self._cache[digest] = believed
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)

    async def _believe(self, token: Unverified, instant: float) -> _Believed:
        """Go through the steps in their order: each one that fails raises."""
        trust, key = await self._verify(token)
        issuer = trust.issuer
        if key.issuer and key.issuer.replace(TENANT_PLACEHOLDER, issuer.tenant) != issuer.issuer:
            raise InvalidToken(Reason.TENANT)
        principal = caller(issuer, token.claims)
        _check_audience(issuer, token.claims)
        not_before, expires = self._check_time(token.claims, instant)
        _check_type(token)
        if "cnf" in token.claims:
            raise InvalidToken(Reason.SENDER_CONSTRAINT)
        return _Believed(principal, not_before, expires)

    async def _verify(self, token: Unverified) -> tuple[_Trust, PublishedKey]:
        """Find issuer and key, and verify the signature; no network for an unknown issuer."""
        trust = self._trusts.get(token.issuer)
        if trust is None:
            _is_signed_by(_NOBODY, token, _Registry({"RS256"}))
            raise InvalidToken(Reason.ISSUER)
        if token.algorithm not in trust.issuer.algorithms:
            raise InvalidToken(Reason.ALGORITHM)
        published = await trust.keys.key(token.key_id) if token.key_id else None
        if published is None:
            _is_signed_by(_NOBODY, token, trust.registry)
            raise InvalidToken(Reason.KEY)
        if not _is_signed_by(published.key, token, trust.registry):
            raise InvalidToken(Reason.SIGNATURE)
        return trust, published

    def _check_time(self, claims: Claims, instant: float) -> tuple[float, float]:
        expires = _number(claims, "exp")
        not_before = _number(claims, "nbf", 0.0)
        issued = _number(claims, "iat", 0.0)
        if instant >= expires + self._skew or instant < max(not_before, issued) - self._skew:
            raise InvalidToken(Reason.TIME)
        return not_before, expires


def _is_signed_by(key: VerificationKey, token: Unverified, registry: _Registry) -> bool:
    try:
        jws.deserialize_compact(token.text, key, registry=registry)
    except (JoseError, ValueError):
        return False
    return True


def _check_audience(issuer: TrustedIssuer, claims: Claims) -> None:
    value = claims.get("aud")
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or issuer.audiences.isdisjoint(
        audience for audience in named if isinstance(audience, str)
    ):
        raise InvalidToken(Reason.AUDIENCE)


def _check_type(token: Unverified) -> None:
    """Refuse what is no access token, ID tokens above all (step 9)."""
    type_ = token.header.get("typ")
    if type_ is not None and (not isinstance(type_, str) or type_.lower() not in TYPES):
        raise InvalidToken(Reason.TYPE)
    claims = token.claims
    if str(claims.get("typ", "")).upper() == "ID":
        raise InvalidToken(Reason.ID_TOKEN)
    if "nonce" in claims and claims.get("aud") in (claims.get("azp"), [claims.get("azp")]):
        raise InvalidToken(Reason.ID_TOKEN)


def _number(claims: Claims, name: str, default: float | None = None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < MAX_DATE:
        raise InvalidToken(Reason.TIME)
    return float(value)

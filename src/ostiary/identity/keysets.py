"""The public keys of an issuer, and when they are fetched anew.

Keys roll without notice, so a key id that is not known is worth one look; attackers can send
random ones, so it is worth no more than one in five minutes. Whoever waits for a look waits five
seconds at most, and what was known stays in force when a look fails.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import msgspec
import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ostiary.identity.issuers import TENANT_PLACEHOLDER, TrustedIssuer, is_safe_url

log = structlog.get_logger(__name__)

REFRESH_EVERY = 24 * 3600.0
ASK_AGAIN_AFTER = 300.0
"""The shortest interval between looks, whether for an unknown key id or after a failure."""
FIRST_LOOK_AGAIN_AFTER = 30.0
"""While there are no keys at all."""
LONGEST_WAIT = 5.0
FETCH_TIMEOUT = aiohttp.ClientTimeout(total=10)
MAX_DOCUMENT = 256 * 1024
MIN_RSA_BITS = 2048

_PUBLIC_MEMBERS = ("kty", "use", "alg", "kid", "n", "e", "crv", "x", "y")
VerificationKey = RSAKey | ECKey
_KEY_TYPES: dict[Any, type[VerificationKey]] = {"RSA": RSAKey, "EC": ECKey}
"""Never a shared secret."""


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key, and the issuer it is bound to when its publisher says so."""

    key: VerificationKey
    issuer: str | None = None


class KeySource(Protocol):
    """Where the keys of one issuer come from."""

    async def key(self, kid: str) -> PublishedKey | None:
        """Give the key with this id; None when the issuer has none such."""


class FixedKeys:
    """Keys that are known beforehand: those of the embedded issuer."""

    def __init__(self, *keys: VerificationKey) -> None:
        self._keys = {str(key.kid): PublishedKey(key) for key in keys}

    async def key(self, kid: str) -> PublishedKey | None:
        """Give the key with this id."""
        return self._keys.get(kid)


class KeysUnavailable(Exception):
    """A look at an issuer's keys failed; the message says at what."""


class RemoteKeys:
    """The keys that an issuer publishes, fetched when they are needed and kept."""

    def __init__(
        self,
        issuer: TrustedIssuer,
        http: aiohttp.ClientSession,
        *,
        development: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._http = http
        self._development = development
        self._monotonic = monotonic
        self._keys: Mapping[str, PublishedKey] = {}
        self._refresh_due = float("-inf")
        self._may_ask_from = float("-inf")
        self._look: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> PublishedKey | None:
        """Give the key with this id, looking it up once when it is not known."""
        known = self._keys.get(kid)
        if known:
            if self._monotonic() >= self._refresh_due:
                self._start_look()
            return known
        if self._may_look():
            await asyncio.wait({self._start_look()}, timeout=LONGEST_WAIT)
        return self._keys.get(kid)

    def _may_look(self) -> bool:
        if self._look:
            return True
        now = self._monotonic()
        if not self._keys:
            return now >= self._refresh_due
        if now < self._may_ask_from:
            return False
        self._may_ask_from = now + ASK_AGAIN_AFTER
        return True

    def _start_look(self) -> asyncio.Task[None]:
        if self._look is None:
            self._look = asyncio.create_task(self._refresh())
            self._look.add_done_callback(self._look_ended)
        return self._look

    def _look_ended(self, _: asyncio.Task[None]) -> None:
        self._look = None

    async def _refresh(self) -> None:
        try:
            self._keys, lifetime = await self._fetch()
        except (KeysUnavailable, aiohttp.ClientError, TimeoutError) as problem:
            wait = ASK_AGAIN_AFTER if self._keys else FIRST_LOOK_AGAIN_AFTER
            self._refresh_due = self._monotonic() + wait
            log.warning("issuer_keys_unavailable", issuer=self._issuer.issuer, problem=str(problem))
            return
        self._refresh_due = self._monotonic() + max(ASK_AGAIN_AFTER, min(REFRESH_EVERY, lifetime))

    async def _fetch(self) -> tuple[Mapping[str, PublishedKey], float]:
        described, _ = await self._document(self._issuer.discovery_url)
        named = described.get("issuer")
        expected = self._issuer.issuer
        if not isinstance(named, str) or _filled(named, self._issuer) != expected:
            raise KeysUnavailable("the discovery document is of another issuer")
        keys_url = described.get("jwks_uri")
        if not isinstance(keys_url, str):
            raise KeysUnavailable("the discovery document names no jwks_uri")
        if urlsplit(keys_url).netloc != urlsplit(self._issuer.discovery_url).netloc:
            raise KeysUnavailable("the keys are on another host than the discovery document")
        published, lifetime = await self._document(keys_url)
        return read_keys(published.get("keys")), lifetime

    async def _document(self, url: str) -> tuple[dict[str, Any], float]:  # JSON
        """Fetch a JSON object and the seconds that it may be kept."""
        if not is_safe_url(url, development=self._development):
            raise KeysUnavailable("not an https address")
        async with self._http.get(url, allow_redirects=False, timeout=FETCH_TIMEOUT) as reply:
            if reply.status != 200:
                raise KeysUnavailable(f"the issuer answered {reply.status}")
            body = bytearray()
            async for chunk in reply.content.iter_chunked(16 * 1024):
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    raise KeysUnavailable("the document is too large")
            lifetime = _max_age(reply.headers.get("Cache-Control", ""))
        try:
            return msgspec.json.decode(body, type=dict[str, Any]), lifetime
        except msgspec.MsgspecError as error:
            raise KeysUnavailable("not a JSON object") from error


def read_keys(published: object) -> dict[str, PublishedKey]:
    """Read the signature keys of a key set by id, without what is not understood or too weak."""
    found = {}
    for jwk in published if isinstance(published, list) else []:
        key = _read_key(jwk) if isinstance(jwk, dict) else None
        if key:
            bound = jwk.get("issuer")
            found[str(key.kid)] = PublishedKey(key, bound if isinstance(bound, str) else None)
    return found


def _read_key(jwk: dict[str, Any]) -> VerificationKey | None:  # JSON
    if jwk.get("use", "sig") != "sig" or not isinstance(jwk.get("kid"), str) or _is_weak(jwk):
        return None
    members = {member: jwk[member] for member in _PUBLIC_MEMBERS if member in jwk}
    try:
        return _KEY_TYPES[members["kty"]].import_key(members)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_weak(jwk: dict[str, Any]) -> bool:  # JSON
    modulus = jwk.get("n")
    return isinstance(modulus, str) and len(modulus) * 6 < MIN_RSA_BITS


def _filled(issuer: str, of: TrustedIssuer) -> str:
    return issuer.replace(TENANT_PLACEHOLDER, of.tenant)


def _max_age(cache_control: str) -> float:
    found = re.search(r"max-age=(\d{1,9})", cache_control)
    return float(found[1]) if found else REFRESH_EVERY

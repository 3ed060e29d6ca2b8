"""How the server proves itself to an endpoint: its own token issuer, and the key of its proofs.

Access tokens are signed with a key that lives in the data directory, so that receivers may keep its
public part; ``published_keys`` tells of the keys of all nodes. The key that signs each call is made
for the first of them and never leaves memory. Tokens are valid by the server's clock, simulated
included.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec
from joserfc import jws
from joserfc.jwk import RSAKey

from ostiary.extensions import pop
from ostiary.extensions.credentials import Credential
from ostiary.extensions.targets import Target

LIFETIME = timedelta(minutes=10)
RENEWED_BEFORE = timedelta(minutes=2)
MANAGEMENT = "https://management.azure.com"
CONTENT_TYPE = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Authorization:
    """One ``Authorization`` header, with what may be kept of it."""

    header: str
    nonce: str | None

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the header, which is all that is ever stored of it."""
        return hashlib.sha256(self.header.encode()).hexdigest()


class OutboundIssuer:
    """Signs access tokens for callouts; ``routes`` publishes its public key.

    ``issuer`` is this issuer's own URL. Tokens of the ``resource`` profile carry
    ``resource_issuer``: policies of Logic Apps want ``https://sts.windows.net/{tenant}/``.
    """

    def __init__(
        self, key: RSAKey, *, issuer: str, tenant_id: str, resource_issuer: str | None = None
    ) -> None:
        self.key = key
        self.issuer = issuer
        self.tenant_id = tenant_id
        self.resource_issuer = resource_issuer or f"https://sts.windows.net/{tenant_id}/"
        self._kid = key.thumbprint()

    def jwks(self) -> dict[str, Any]:
        """Give the public key set as JSON."""
        public = self.key.as_dict(private=False)
        return {"keys": [{**public, "use": "sig", "alg": pop.ALGORITHM, "kid": self._kid}]}

    def token(
        self, credential: Credential, *, audience: str, bound_to: str | None, now: datetime
    ) -> str:
        """Sign a token for ``audience``, bound to the key with that thumbprint."""
        issued = int(now.timestamp())
        claims = {
            "aud": audience,
            "iss": self._issuer_of(credential),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(LIFETIME.total_seconds()),
            **self._caller(credential),
        }
        if bound_to is not None:
            claims["cnf"] = {"kid": bound_to}
        header = {"typ": "JWT", "alg": pop.ALGORITHM, "kid": self._kid}
        payload = msgspec.json.encode(claims)
        return jws.serialize_compact(header, payload, self.key, registry=pop.REGISTRY)

    def _issuer_of(self, credential: Credential) -> str:
        return self.resource_issuer if credential.profile == "resource" else self.issuer

    def _caller(self, credential: Credential) -> dict[str, str]:
        """Give the claims that name the calling application: version 1.0 or 2.0."""
        first = credential.profile == "resource"
        names = ("appid", "appidacr") if first else ("azp", "azpacr")
        object_id = str(uuid5(NAMESPACE_URL, f"{self.tenant_id}/{credential.app_id}"))
        return {
            names[0]: credential.app_id,
            names[1]: "2",
            "idtyp": "app",
            "oid": object_id,
            "sub": object_id,
            "tid": self.tenant_id,
            "ver": "1.0" if first else "2.0",
        }


class Signer:
    """Makes the ``Authorization`` header of one attempt: a cached token, a fresh signature."""

    def __init__(self, issuer: OutboundIssuer, *, key: RSAKey | None = None, cached: int = 1_000):
        self._issuer = issuer
        self._key = key
        self._making = asyncio.Lock()
        self._cached = cached
        self._tokens: OrderedDict[tuple[Credential, str], tuple[str, datetime]] = OrderedDict()

    async def authorize(
        self, credential: Credential, target: Target, *, body: bytes, now: datetime
    ) -> Authorization:
        """Prove one attempt. Signing takes a core most of a millisecond, so it leaves the loop."""
        if credential.profile == "bearer":
            token = self._token(credential, target, now, bound_to=None)
            return Authorization(f"Bearer {token}", None)
        key = await self._own_key()
        token = self._token(credential, target, now, bound_to=key.thumbprint())
        binding = _binding(credential, target, body)
        nonce = uuid4().hex
        proof = await asyncio.to_thread(
            pop.sign,
            binding,
            key=key,
            token=token,
            timestamp=int(now.timestamp()),
            nonce=nonce,
        )
        return Authorization(f"PoP {proof}", nonce)

    async def _own_key(self) -> RSAKey:
        """Give the key that signs calls; making it takes a core tens of milliseconds."""
        if self._key is None:
            async with self._making:
                if self._key is None:
                    self._key = await asyncio.to_thread(RSAKey.generate_key, 2048)
        return self._key

    def _token(
        self, credential: Credential, target: Target, now: datetime, *, bound_to: str | None
    ) -> str:
        default = MANAGEMENT if credential.profile == "resource" else target.origin
        audience = credential.audience or default
        place = (credential, audience)
        token, made = self._tokens.get(place, ("", None))
        if made is None or not timedelta(0) <= now - made < LIFETIME - RENEWED_BEFORE:
            token = self._issuer.token(credential, audience=audience, bound_to=bound_to, now=now)
            self._tokens[place] = (token, now)
        self._tokens.move_to_end(place)
        while len(self._tokens) > self._cached:
            self._tokens.popitem(last=False)
        return token


def _binding(credential: Credential, target: Target, body: bytes) -> pop.Binding:
    if credential.profile == "resource" and credential.resource_id:
        return pop.bind_resource(credential.resource_id)
    return pop.bind_request(target, content_type=CONTENT_TYPE, body=body)

"""Signed HTTP Requests: the proof that goes with a token.

The format is fixed to the byte: JSON without white space, members in the order of the worked
example, base64url without padding. ``receiver`` is the other side.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from joserfc import jws
from joserfc.jwk import RSAKey

from ostiary.extensions.targets import Target

ALGORITHM = "RS256"

Covered = tuple[Sequence[str], str]
"""The names that a hash covers, in their order, and the hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a signature binds its token to; ``q``, ``h`` and ``b`` are left out when ``None``."""

    m: str
    u: str
    p: str
    q: Covered | None = None
    h: Covered | None = None
    b: str | None = None

    def claims(self) -> dict[str, Any]:
        """Give the claims that are there, in the order of the format."""
        names = ("m", "u", "p", "q", "h", "b")
        return {n: getattr(self, n) for n in names if getattr(self, n) is not None}


def bind_request(target: Target, *, content_type: str, body: bytes) -> Binding:
    """Bind to the call as it is made: profile ``request``."""
    return Binding(
        m="POST",
        u=target.authority,
        p=target.path,
        q=query_hash(target.query) if target.query else None,
        h=header_hash({"content-type": content_type}),
        b=digest(body),
    )


def bind_resource(resource_id: str) -> Binding:
    """Bind to the management resource of a Logic App: profile ``resource``."""
    return Binding(m="POST", u="management.azure.com", p=resource_id)


def sign(binding: Binding, *, key: RSAKey, token: str, timestamp: int, nonce: str) -> str:
    """Make the compact form that follows ``Authorization: PoP``."""
    kid = key.thumbprint()
    public = key.as_dict(private=False)
    confirmation = {"kty": "RSA", "n": public["n"], "e": public["e"], "alg": ALGORITHM, "kid": kid}
    payload = {
        "at": token,
        "ts": timestamp,
        **binding.claims(),
        "nonce": nonce,
        "cnf": {"jwk": confirmation},
    }
    header = {"alg": ALGORITHM, "kid": kid, "typ": "pop"}
    return jws.serialize_compact(header, msgspec.json.encode(payload), key, registry=REGISTRY)


def query_hash(query: str) -> Covered:
    """Hash the raw query: members that are repeated, empty or ambiguous are not covered."""
    pairs = [member.split("=") for member in query.split("&")]
    plain = [(p[0], p[1]) for p in pairs if len(p) == 2 and p[1]]
    names = [name for name, _ in plain]
    covered = [(name, value) for name, value in plain if names.count(name) == 1]
    text = "&".join(f"{name}={value}" for name, value in covered)
    return [name for name, _ in covered], digest(text.encode())


def header_hash(headers: Mapping[str, str]) -> Covered:
    """Hash the headers that are to be covered, by lower-case name."""
    text = "\n".join(f"{name.lower()}: {value}" for name, value in headers.items())
    return [name.lower() for name in headers], digest(text.encode())


def digest(data: bytes) -> str:
    """Give BASE64URL(SHA-256(data))."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


REGISTRY = jws.JWSRegistry(algorithms=[ALGORITHM])
"""Signs and verifies with RS256 and nothing else."""

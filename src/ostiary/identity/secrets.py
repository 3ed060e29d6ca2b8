"""Client secrets: stored as scrypt hashes, compared in constant time, never shown again."""

from __future__ import annotations

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterable

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

_N, _R, _P, _LENGTH = 2**14, 8, 1, 32


def new_secret() -> str:
    """Make a secret of 240 random bits."""
    return secrets.token_urlsafe(30)


def hint(secret: str) -> str:
    """Give the part of a secret that may be shown: its first three characters, as Graph does."""
    return secret[:3]


def hash_secret(secret: str) -> str:
    """Give what may be stored: ``scrypt$n$r$p$salt$hash``. Takes some 50 ms, on purpose."""
    salt = secrets.token_bytes(16)
    digest = _derive(secret, salt, _N, _R, _P)
    return "$".join(["scrypt", str(_N), str(_R), str(_P), _text(salt), _text(digest)])


def is_secret(secret: str, hashes: Iterable[str]) -> bool:
    """Say whether a secret is that of one of the hashes; looks at all of them in any case.

    Takes some 50 ms for each hash: call it in a thread.
    """
    found = False
    for stored in hashes:
        _, n, r, p, salt, digest = stored.split("$")
        derived = _derive(secret, b64decode(salt), int(n), int(r), int(p))
        found |= hmac.compare_digest(derived, b64decode(digest))
    return found


def _derive(secret: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=_LENGTH, n=n, r=r, p=p).derive(secret.encode())


def _text(value: bytes) -> str:
    return b64encode(value).decode()

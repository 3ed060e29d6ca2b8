"""A compact token taken apart, before anything of it is believed."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

from ostiary.identity.refusals import InvalidToken, Reason

MAX_TOKEN = 16 * 1024

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself: issuer and key id may be used, and only to look up the key."""

    text: str
    header: dict[str, Any]  # JSON
    claims: dict[str, Any]  # JSON

    @property
    def algorithm(self) -> str:
        """The algorithm that the header names; empty when it names none."""
        return _text(self.header.get("alg"))

    @property
    def key_id(self) -> str:
        """The id of the key that the header names; empty when it names none."""
        return _text(self.header.get("kid"))

    @property
    def issuer(self) -> str:
        """The issuer that the payload names; empty when it names none."""
        return _text(self.claims.get("iss"))


def parse(token: str) -> Unverified:
    """Take a token apart.

    :raises InvalidToken: it is too long, is not three parts of strict base64url, is not JSON or
        repeats a member, demands an extension (``crit``), or is Microsoft Graph's own (``nonce`` in
        the header).
    """
    if len(token) > MAX_TOKEN:
        raise InvalidToken(Reason.TOO_LONG)
    if not _COMPACT.fullmatch(token):
        raise InvalidToken(Reason.MALFORMED)
    header, claims = (_json_object(part) for part in token.split(".")[:2])
    if "nonce" in header:
        raise InvalidToken(Reason.GRAPH_NONCE)
    if "crit" in header or "b64" in header:
        raise InvalidToken(Reason.CRITICAL_HEADER)
    return Unverified(token, header, claims)


def _json_object(part: str) -> dict[str, Any]:  # JSON
    try:
        decoded = urlsafe_b64decode(part + "=" * (-len(part) % 4))
        value = json.loads(decoded, object_pairs_hook=_without_duplicates, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvalidToken(Reason.MALFORMED) from error
    if not isinstance(value, dict):
        raise InvalidToken(Reason.MALFORMED)
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # JSON
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a repeated member")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

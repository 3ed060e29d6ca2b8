"""Secrets leave log lines before they are written: by the name of a member, and by their look."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from typing import Any, Final

REMOVED: Final = "…"

_NAMED: Final = re.compile(
    r"(?i)authorization|cookie|assertion|passw(or)?d|secret|(^|_)token$|private_key|^sig$"
)
_LOOKS: Final = (
    (re.compile(r"(?i)\b(bearer|pop|basic)\s+[\w.~+/=-]{8,}"), rf"\1 {REMOVED}"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*"), REMOVED),
    (
        re.compile(
            r"(?i)\b(sig|code|client_secret|client_assertion|password|access_token)=[^&\s]+"
        ),
        rf"\1={REMOVED}",
    ),
    (re.compile(r"(?<=://)[^/\s]+@"), f"{REMOVED}@"),
)
"""Credentials of a header, signed tokens, secrets of a form or a query, a password in a URL."""

_SUSPECT: Final = re.compile(r"[\s=@]|eyJ")
"""What every one of those has; most of what is logged is ids and names without it."""


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Remove secrets from a log event: a structlog processor."""
    for name in list(event):
        if not name.startswith("_"):  # the formatter's own record
            event[name] = _safe(name, event[name])
    return event


def redacted(text: str) -> str:
    """Give a text without what looks like a secret."""
    if _SUSPECT.search(text) is None:
        return text
    for pattern, replacement in _LOOKS:
        text = pattern.sub(replacement, text)
    return text


@lru_cache(maxsize=1_000)
def _is_secret(name: str) -> bool:
    return _NAMED.search(name) is not None


def _safe(name: str, value: Any) -> Any:
    if isinstance(value, bool | int | float | None):
        return value
    if _is_secret(name):
        return REMOVED
    match value:
        case str():
            return redacted(value)
        case Mapping():
            return {key: _safe(str(key), item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_safe("", item) for item in value]
        case bytes():
            return f"{len(value)} bytes"
    return redacted(str(value))

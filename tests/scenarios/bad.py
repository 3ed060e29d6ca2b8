"""Bodies that cannot be taken: how they differ from sound ones, and what must be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.scenarios.api import Json
from tests.scenarios.house import House

MISSING: Any = object()
"""As a value: leave the property out."""


@dataclass(frozen=True)
class Bad:
    """A body that is refused, the property that is named, and what is said to be right."""

    body: Any
    target: str | None
    says: str


def put(whole: Json, **changes: Any) -> Json:
    """Give a body with properties changed, or left out; ``a__b`` changes ``b`` inside ``a``."""
    body = dict(whole)
    for path, value in changes.items():
        name, _, inner = path.partition("__")
        if inner:
            body[name] = put(body[name], **{inner: value})
        else:
            body[name] = value
    return {name: value for name, value in body.items() if value is not MISSING}


def typed(whole: Json, name: Any) -> Json:
    """Give a body with another ``@odata.type``."""
    return put(whole, **{"@odata.type": name})


NO_JSON = {
    "empty": Bad(b"", None, "JSON content expected"),
    "cut off": Bad(b'{"displayName": "x"', None, "valid JSON"),
    "no JSON": Bad(b"displayName=x", None, "valid JSON"),
    "no UTF-8": Bad(b'{"displayName": "\xff"}', None, "valid JSON"),
    "half a character": Bad(b'{"displayName": "\\ud800"}', None, "valid JSON"),
    "too deep": Bad(b'{"a":' * 100_000 + b"1" + b"}" * 100_000, None, "valid JSON"),
    "list": Bad([], None, "must be a JSON object"),
    "null": Bad(b"null", None, "must be a JSON object"),
    "number": Bad(17, None, "must be a JSON object"),
    "text": Bad("x", None, "must be a JSON object"),
}


async def check(house: House, path: str, bad: Bad) -> None:
    """Send a body that cannot be taken; nothing is stored or moved."""
    async with house.untouched():
        if isinstance(bad.body, bytes):
            error = await house.admin.refused(path, content=bad.body)
        else:
            error = await house.admin.refused(path, bad.body)

    assert error.target == bad.target
    assert bad.says in error.message
    assert bad.target is None or f"'{bad.target}'" in error.message

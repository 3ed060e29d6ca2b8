"""A client of the server: what a script of one person would be, over HTTP, and what it expects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import aiohttp
import msgspec

Json = dict[str, Any]

PATIENCE: Final = 15.0
"""How many seconds something may take that happens by itself."""
_PAUSE: Final = 0.02
_SHORT: Final = {
    "/v1.0/identityGovernance/entitlementManagement": "…",
    "/v1.0/identityGovernance/lifecycleWorkflows": "…",
}


class Unexpected(Exception):
    """A step went otherwise than the story says."""

    def __init__(self, expected: str, got: str) -> None:
        super().__init__(f"expected {expected}, got {got}")
        self.expected = expected
        self.got = got


@dataclass(slots=True)
class Client:
    """Somebody with a token; ``name`` is how the story calls them."""

    name: str
    base: str
    http: aiohttp.ClientSession
    token: Callable[[], Awaitable[str]]
    last: str = field(default="", init=False)
    """The last exchange, in short: ``POST …/catalogs 201``."""

    async def get(self, path: str) -> Json:
        """GET an object.

        :raises Unexpected: it is not there, or not for this caller.
        """
        return await self._ask("GET", path, None, expected=200)

    async def post(self, path: str, body: Mapping[str, Any], *, expected: int = 201) -> Json:
        """POST a body; give the object that comes back, empty where there is none.

        :raises Unexpected: another status comes back.
        """
        return await self._ask("POST", path, body, expected=expected)

    async def patch(self, path: str, body: Mapping[str, Any]) -> None:
        """PATCH an object.

        :raises Unexpected: it is refused.
        """
        await self._ask("PATCH", path, body, expected=204)

    async def until(self, path: str, is_wanted: Callable[[Json], bool], *, what: str) -> Json:
        """GET an object until it is as wanted; ``what`` says it in words.

        :raises Unexpected: it is not within the patience.
        """
        end = monotonic() + PATIENCE
        while not is_wanted(found := await self.get(path)):
            if monotonic() > end:
                raise Unexpected(what, msgspec.json.encode(found).decode())
            await asyncio.sleep(_PAUSE)
        return found

    async def _ask(
        self, method: str, path: str, body: Mapping[str, Any] | None, *, expected: int
    ) -> Json:
        headers = {"Authorization": f"Bearer {await self.token()}"}
        async with self.http.request(method, self.base + path, json=body, headers=headers) as reply:
            content = await reply.read()
        self.last = f"{method} {_shortened(path)} {reply.status}"
        answer: Json = msgspec.json.decode(content) if content else {}
        if reply.status != expected:
            said = answer.get("error", {}).get("message", "")
            raise Unexpected(f"{expected} of {method} {path}", f"{reply.status}: {said}")
        return answer


def expect(is_so: bool, expected: str, got: object) -> None:
    """Make sure of what a step has brought about.

    :raises Unexpected: it is not so.
    """
    if not is_so:
        raise Unexpected(expected, str(got))


def _shortened(path: str) -> str:
    for long, short in _SHORT.items():
        path = path.replace(long, short)
    return path.partition("?")[0]

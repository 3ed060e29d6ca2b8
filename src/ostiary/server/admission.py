"""How much a node takes on: requests at a time, and the bytes of their bodies together.

More is answered with 503 and ``Retry-After`` before anything has happened, so that a crowd costs
its callers a moment and the node no memory. The health of the server can be asked at any time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from ostiary.graph.errors import Unavailable
from ostiary.server.front import ASGI, Receive, Scope, Send, refusal

_ALWAYS: Final = "/health/"
_COME_AGAIN: Final = 1

Message = MutableMapping[str, Any]


@dataclass(kw_only=True)
class Admission:
    """Lets requests through to ``app``: ``requests`` at a time, with ``bytes`` of bodies in all."""

    app: ASGI
    requests: int
    bytes: int
    _requests: int = 0
    _bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or say when to come again."""
        if scope["type"] != "http" or scope["path"].startswith(_ALWAYS):
            await self.app(scope, receive, send)
            return
        if self._requests >= self.requests:
            answer = refusal(Request(scope), _busy())
            await answer(scope, receive, send)
            return
        body = _Body(self, receive)
        self._requests += 1
        try:
            await self.app(scope, body.receive, send)
        finally:
            self._requests -= 1
            self._bytes -= body.size

    def take(self, size: int) -> None:
        """Count what has arrived of a body.

        :raises Unavailable: it is more than there is room for.
        """
        self._bytes += size
        if self._bytes > self.bytes:
            raise _busy()


@dataclass
class _Body:
    """The body of one request as it arrives; it is counted until the request has been answered."""

    admission: Admission
    source: Callable[[], Awaitable[Message]]
    size: int = 0

    async def receive(self) -> Message:
        message = await self.source()
        arrived = len(message.get("body", b""))
        self.size += arrived
        self.admission.take(arrived)
        return message


def _busy() -> Unavailable:
    return Unavailable(retry_after=_COME_AGAIN)

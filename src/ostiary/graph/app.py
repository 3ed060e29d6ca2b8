"""The ASGI application below ``/v1.0`` and ``/beta``: bytes in, Graph's reply out.

Every reply, errors of the framework's own included, is JSON in the one shape, with the request's
ids in headers and body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from ostiary.graph.call import new_request_id
from ostiary.graph.encodings import unpacked
from ostiary.graph.engine import Engine
from ostiary.graph.errors import BadRequest, DomainError, GatewayTimeout, TooLarge
from ostiary.graph.incoming import Incoming
from ostiary.graph.limit import Limit
from ostiary.graph.replies import JSON_TYPE, TEXT_TYPE, Reply, error_reply

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_encode = msgspec.json.Encoder().encode
_log: Final = structlog.get_logger(__name__)

_LOOK_AGAIN: Final = 10
"""Seconds after which it is worth a look whether something late was done."""


@dataclass(frozen=True, kw_only=True)
class GraphApp:
    """The engine on ASGI."""

    engine: Engine
    public_url: str | None = None
    """The URL under which clients know the server; None: what the request says."""
    max_body: int = 1024 * 1024
    answers_within: timedelta = timedelta(minutes=1)
    """After which a caller is told with 504 that the request is still worked on."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = read_headers(scope)
        request_id = new_request_id()
        incoming = Incoming(
            method=scope["method"],
            path=_raw_path(scope),
            query=scope.get("query_string", b"").decode("utf-8", "replace"),
            headers=headers,
            body=b"",
            base_url=self._base_url(scope, headers),
            request_id=request_id,
        )
        try:
            sent = await _body(receive, self.max_body)
            body = unpacked(sent, headers.get("content-encoding"), self.max_body)
        except DomainError as error:
            await _refuse(send, error, incoming)
        else:
            await self._answer(replace(incoming, body=body), send)

    async def _answer(self, incoming: Incoming, send: Send) -> None:
        """Send the reply, or in time that there is none yet."""
        limit = Limit(self.answers_within.total_seconds(), partial(self._tell_late, incoming, send))
        try:
            reply = await self.engine.answer(incoming)
            if await limit.is_kept():
                await _send(send, reply, incoming)
        finally:
            limit.leave()

    async def _tell_late(self, incoming: Incoming, send: Send) -> None:
        _log.warning("request.late", request_id=incoming.request_id, method=incoming.method)
        seconds = round(self.answers_within.total_seconds())
        error = GatewayTimeout(
            f"This is not done after {seconds} seconds, and goes on. Look whether it was done "
            "before you send it again.",
            retry_after=_LOOK_AGAIN,
        )
        await _refuse(send, error, incoming)

    def _base_url(self, scope: Scope, headers: Mapping[str, str]) -> str:
        if self.public_url:
            return self.public_url.rstrip("/")
        host = headers.get("host") or ":".join(
            str(p) for p in scope.get("server") or ("localhost",)
        )
        return f"{scope.get('scheme', 'http')}://{host}"


def read_headers(scope: Scope) -> dict[str, str]:
    """Give the headers by lower-case name; a repeated one becomes a comma-separated list."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _raw_path(scope: Scope) -> str:
    raw = scope.get("raw_path") or scope["path"].encode()
    path: str = raw.decode("ascii", "replace")
    return path.partition("?")[0]


async def _body(receive: Receive, limit: int) -> bytes:
    chunks, size = [], 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("The connection ended before the request did.")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request body is larger than {limit} bytes.")
        chunks.append(chunk)
        more = message.get("more_body", False)
    return b"".join(chunks)


async def _refuse(send: Send, error: DomainError, incoming: Incoming) -> None:
    """Send an error that no engine has answered."""
    now = datetime.now(UTC)
    reply = error_reply(error, incoming.request_id, incoming.client_id, now=now)
    await _send(send, reply, incoming)


async def _send(send: Send, reply: Reply, incoming: Incoming) -> None:
    body, media = b"", None
    if reply.text is not None:
        body, media = reply.text.encode(), TEXT_TYPE
    elif reply.json is not None:
        body, media = _encode(reply.json), JSON_TYPE
    headers = {
        "request-id": incoming.request_id,
        "client-request-id": incoming.client_id,
        "OData-Version": "4.0",
        "Cache-Control": "no-cache",
    }
    if media is not None:
        headers["Content-Type"] = media
    headers |= reply.headers
    if reply.status not in (204, 304):
        headers["Content-Length"] = str(len(body))
    raw = [
        (n.lower().encode("latin-1"), v.encode("latin-1", "replace")) for n, v in headers.items()
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    shown = b"" if incoming.method == "HEAD" else body
    await send({"type": "http.response.body", "body": shown})

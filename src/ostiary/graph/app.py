"""The ASGI application below ``/v1.0`` and ``/beta``: request in, Graph's reply out.

Every reply, errors of the framework's own included, is JSON in the one shape, with the request's
ids in headers and body.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
import structlog

from ostiary.graph import metadata
from ostiary.graph.call import GraphCall, check_accept, new_request_id
from ostiary.graph.dispatch import Dispatcher, Reply
from ostiary.graph.errors import (
    BadRequest,
    DomainError,
    MethodNotAllowed,
    NotFound,
    TooLarge,
    status_of,
)
from ostiary.graph.options import split_query
from ostiary.graph.reading import Reader
from ostiary.graph.resources import Caller, Node
from ostiary.graph.routing import resolve
from ostiary.graph.types import Version
from ostiary.graph.urls import split_path
from ostiary.graph.writing import Writer
from ostiary.storage.database import Database

log = structlog.get_logger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
_encode = msgspec.json.Encoder().encode


class Clock(Protocol):
    """Where the time of a request comes from."""

    def now(self) -> datetime:
        """Give the present instant, aware and in UTC."""


class Authenticate(Protocol):
    """Finds out who is calling."""

    async def authenticate(self, headers: Mapping[str, str]) -> Caller:
        """Give the caller.

        :raises Unauthenticated: the headers do not prove who it is.
        """


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the application is told about its surroundings."""

    public_url: str | None = None
    """The URL under which clients know the server; None: what the request says."""
    max_body: int = 1024 * 1024
    container: str = "GraphService"


@dataclass
class GraphApp:
    """The protocol, over a tree of declared resources."""

    roots: Sequence[Node]
    database: Database
    clock: Clock
    authenticator: Authenticate
    settings: Settings = field(default_factory=Settings)
    reader: Reader = field(default_factory=Reader)
    translate: Callable[[Exception], DomainError | None] = lambda _: None
    """Turns errors of lower layers into those that callers understand."""

    def __post_init__(self) -> None:
        """Prepare what is the same for every request."""
        self._dispatcher = Dispatcher(self.database)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        headers = _headers(scope)
        request_id = new_request_id()
        client_id = _printable(headers.get("client-request-id")) or request_id
        try:
            reply = await self._answer(scope, receive, headers, request_id)
        except Exception as error:
            reply = self._error(error, request_id, client_id)
        await _send(send, reply, request_id, client_id, head=scope["method"] == "HEAD")

    async def _answer(
        self, scope: Scope, receive: Receive, headers: Mapping[str, str], request_id: str
    ) -> Reply:
        version, path = _version(scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method not in _METHODS:
            raise MethodNotAllowed(allow=", ".join(sorted(_METHODS)))
        query = split_query(scope.get("query_string", b"").decode("utf-8", "replace"))
        open_reply = self._open(path, version, headers, self._base_url(scope, headers))
        if open_reply is not None:
            return open_reply
        body = await _body(receive, headers, self.settings.max_body)
        call = GraphCall(
            caller=await self.authenticator.authenticate(headers),
            version=version,
            method=method,
            path=path,
            base_url=self._base_url(scope, headers),
            headers=headers,
            now=self.clock.now(),
            request_id=request_id,
            query=query,
            raw_body=body,
            reader=self.reader,
        )
        return await self._dispatch(call)

    async def _dispatch(self, call: GraphCall) -> Reply:
        format_ = next((v for n, v in call.query if n.lower() in ("$format", "format")), None)
        level = check_accept(call.headers.get("accept", ""), format_)
        unknown = "include-unknown-enum-members" in call.preferences
        writer = Writer(call.version, include_unknown=unknown, metadata=level)
        target = resolve(self.roots, split_path(call.path))
        call.place = target.place
        reply = await self._dispatcher.answer(target, call, writer)
        if unknown:
            applied = {"Preference-Applied": "include-unknown-enum-members"}
            return Reply(reply.status, reply.json, reply.text, {**applied, **reply.headers})
        return reply

    def _open(
        self, path: str, version: Version, headers: Mapping[str, str], base_url: str
    ) -> Reply | None:
        """Answer what needs no token: the schema and the service document."""
        if path.strip("/").lower() == "$metadata":
            text = metadata.document(self.roots, version, container=self.settings.container)
            return Reply(200, text=text, headers={"Content-Type": "application/xml"})
        if not path.strip("/"):
            return Reply(200, metadata.service_document(self.roots, f"{base_url}/{version}"))
        return None

    def _base_url(self, scope: Scope, headers: Mapping[str, str]) -> str:
        if self.settings.public_url:
            return self.settings.public_url.rstrip("/")
        host = headers.get("host") or ":".join(
            str(p) for p in scope.get("server") or ("localhost",)
        )
        return f"{scope.get('scheme', 'http')}://{host}"

    def _error(self, error: Exception, request_id: str, client_id: str) -> Reply:
        known = error if isinstance(error, DomainError) else self.translate(error)
        if known is None:
            log.exception("graph.failed", request_id=request_id, exc_info=error)
            known = DomainError("The server failed to process the request; its log says why.")
        return Reply(
            status_of(known),
            error_body(known, request_id, client_id, now=datetime.now(UTC)),
            headers=_error_headers(known),
        )


def error_body(
    error: DomainError, request_id: str, client_id: str, *, now: datetime
) -> dict[str, Any]:
    """Give the one JSON shape of errors."""
    inner = {
        "date": now.strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_id,
    }
    body: dict[str, Any] = {"code": error.code, "message": str(error)}
    if error.target is not None:
        body["target"] = error.target
    return {"error": {**body, "innerError": inner}}


def _error_headers(error: DomainError) -> dict[str, str]:
    names = {"allow": "Allow", "www_authenticate": "WWW-Authenticate", "retry_after": "Retry-After"}
    return {header: str(error.context[n]) for n, header in names.items() if error.context.get(n)}


def _headers(scope: Scope) -> dict[str, str]:
    """Give the headers by lower-case name; a repeated one becomes a comma-separated list."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found


def _version(scope: Scope) -> tuple[Version, str]:
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.decode("ascii", "replace").partition("?")[0]
    _, _, rest = path.partition("/")
    name, _, below = rest.partition("/")
    for version in Version:
        if name.lower() == version.value:
            return version, below
    if name:
        raise BadRequest(f"Invalid version: {name[:40]}. Paths start with /v1.0 or /beta.")
    raise NotFound("Paths of the API start with /v1.0 or /beta.")


def _printable(text: str | None) -> str | None:
    return text if text and len(text) <= 128 and text.isprintable() else None


async def _body(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    chunks, size = [], 0
    more = True
    while more:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The request body is larger than {limit} bytes.")
        chunks.append(chunk)
        more = message.get("more_body", False) and message["type"] == "http.request"
    return b"".join(chunks)


async def _send(send: Send, reply: Reply, request_id: str, client_id: str, *, head: bool) -> None:
    body, media = b"", None
    if reply.text is not None:
        body, media = reply.text.encode(), "text/plain;charset=utf-8"
    elif reply.json is not None:
        body = _encode(reply.json)
        media = (
            "application/json;odata.metadata=minimal;odata.streaming=true;"
            "IEEE754Compatible=false;charset=utf-8"
        )
    headers = {"request-id": request_id, "client-request-id": client_id, "OData-Version": "4.0"}
    if media is not None:
        headers |= {"Content-Type": media}
    headers |= {"Cache-Control": "no-cache", **reply.headers}
    if reply.status != 204:
        headers["Content-Length"] = str(len(body))
    raw = [
        (n.lower().encode("latin-1"), v.encode("latin-1", "replace")) for n, v in headers.items()
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": b"" if head else body})

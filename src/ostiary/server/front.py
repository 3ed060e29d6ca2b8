"""The one ASGI application: the API below its two roots, everything else beside it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import DBAPIError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute

from ostiary.durable.errors import Busy
from ostiary.graph.app import GraphApp
from ostiary.graph.call import new_request_id
from ostiary.graph.errors import BadRequest, DomainError, MethodNotAllowed, NotFound, status_of
from ostiary.graph.replies import error_body
from ostiary.graph.types import Version
from ostiary.storage.failures import DatabaseUnavailable

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ASGI = Callable[[Scope, Receive, Send], Awaitable[None]]
"""An application of the asynchronous gateway interface."""

_ROOTS = tuple(f"/{version}" for version in Version)
_AUTHORITY = re.compile(rb"(?:[\w.~-]+|\[[\da-fA-F:.]+\])(?::\d{1,5})?", re.ASCII)
_NUL = "The URL holds the character NUL, which no text here can have."
_HOST = "A request names the host that it is for, in one Host header."


class Front:
    """Sends each request to the protocol or to the routes beside it.

    ``translate`` turns errors of lower layers into those that callers understand.
    """

    def __init__(
        self,
        graph: GraphApp,
        beside: Sequence[BaseRoute],
        translate: Callable[[Exception], DomainError | None],
    ) -> None:
        self._graph = graph
        self._translate = translate
        lower = dict.fromkeys((Busy, DatabaseUnavailable, DBAPIError), self._lower_error)
        self._beside = Starlette(
            routes=list(beside),
            exception_handlers={
                HTTPException: _http_error,
                DomainError: _domain_error,
                **lower,
                Exception: _defect,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; lifespan is the composition's own affair."""
        if scope["type"] == "http" and not _names_one_host(scope):
            answer = refusal(Request(scope), BadRequest(_HOST))
            await answer(scope, receive, send)
        elif scope["type"] == "http" and scope["path"].lower().startswith(_ROOTS):
            await self._graph(scope, receive, send)
        elif scope["type"] == "http" and _holds_nul(scope):
            answer = refusal(Request(scope), BadRequest(_NUL))
            await answer(scope, receive, send)
        elif scope["type"] == "http":
            await self._beside(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _lifespan(receive, send)

    async def _lower_error(self, request: Request, error: Exception) -> Response:
        """Answer an outage in the one shape; what is a defect of ours stays one."""
        known = self._translate(error)
        if known is None:
            raise error
        return await _domain_error(request, known)


def _names_one_host(scope: Scope) -> bool:
    """Whether links can be built from what a request says of its host, and a proxy agrees on it.

    Version 1.0 of HTTP need not name one, and whoever asks for the health follows no links.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if scope["path"].startswith("/health/") or (not hosts and scope.get("http_version") == "1.0"):
        return True
    return len(hosts) == 1 and _AUTHORITY.fullmatch(hosts[0]) is not None


def _holds_nul(scope: Scope) -> bool:
    """Whether a path or query names what PostgreSQL cannot even be asked for."""
    return "\0" in scope["path"] or b"%00" in scope.get("query_string", b"")


async def _lifespan(receive: Receive, send: Send) -> None:
    """Start and stop are done by whoever opened the server, not by the protocol."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _http_error(request: Request, error: Exception) -> Response:
    """Answer the framework's own errors in the one shape."""
    assert isinstance(error, HTTPException)
    known: DomainError
    match error.status_code:
        case 404:
            known = NotFound(
                f"There is nothing at '{request.url.path}'. The API is below /v1.0 and /beta."
            )
        case 405:
            known = MethodNotAllowed()
        case _:
            known = BadRequest(str(error.detail))
    return _reply(request, known, error.status_code, dict(error.headers or {}))


async def _defect(request: Request, _: Exception) -> Response:
    """Answer a defect of ours in the one shape; the server logs it with its traceback."""
    return refusal(
        request, DomainError("The server failed to process the request; its log says why.")
    )


async def _domain_error(request: Request, error: Exception) -> Response:
    """Answer errors of our own routes in the one shape."""
    assert isinstance(error, DomainError)
    return refusal(request, error)


def refusal(request: Request, error: DomainError) -> Response:
    """Give the reply that tells of an error, with what it says in headers."""
    headers = {}
    if challenge := error.context.get("www_authenticate"):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := error.context.get("retry_after"):
        headers["Retry-After"] = str(wait)
    return _reply(request, error, status_of(error), headers)


def _reply(
    request: Request, error: DomainError, status: int, headers: dict[str, str]
) -> JSONResponse:
    request_id = new_request_id()
    client_id = request.headers.get("client-request-id", request_id)
    body = error_body(error, request_id, client_id, now=datetime.now(UTC))
    return JSONResponse(body, status_code=status, headers={"request-id": request_id, **headers})

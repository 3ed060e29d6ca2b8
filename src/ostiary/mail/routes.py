"""Operator routes of mails: what was written to whom, and sending it again.

They are outside the names that Graph publishes, and need the permissions of the audit log to read,
those of an administrator of either governor to send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ostiary.durable.clock import Clock
from ostiary.graph.engine import Authenticate
from ostiary.graph.errors import BadRequest, Forbidden
from ostiary.identity import matrix
from ostiary.identity.permissions import Permission, allows, refusal
from ostiary.identity.principals import Principal
from ostiary.mail import service, store
from ostiary.mail.errors import MailNotFound
from ostiary.mail.mails import MailState, read_state
from ostiary.mail.store import Filters
from ostiary.mail.views import details, row
from ostiary.storage.database import Database

PREFIX: Final = "/ostiary/mails"
LARGEST_PAGE: Final = 500
_NAMES: Final = ("state", "to", "template", "about", "before", "limit")


@dataclass(frozen=True, kw_only=True)
class MailRoutes:
    """What the routes need."""

    database: Database
    clock: Clock
    authenticator: Authenticate

    def routes(self) -> list[Route]:
        """Give the routes, to be mounted at the root of the server."""
        return [
            Route(PREFIX, self._list, methods=["GET"]),
            Route(f"{PREFIX}/{{id}}", self._show, methods=["GET"]),
            Route(f"{PREFIX}/{{id}}/resend", self._resend, methods=["POST"]),
        ]

    async def _list(self, request: Request) -> JSONResponse:
        """GET /ostiary/mails: the newest first."""
        await self._authorize(request, matrix.AUDIT_READ)
        filters = read_filters(request.query_params)
        async with self.database.reading() as conn:
            found = await store.listed(conn, filters)
        body: dict[str, Any] = {"value": [row(mail) for mail in found]}
        if len(found) == filters.limit:
            body["before"] = found[-1].id
        return JSONResponse(body)

    async def _show(self, request: Request) -> JSONResponse:
        """GET /ostiary/mails/{id}: everything that is kept of one."""
        await self._authorize(request, matrix.AUDIT_READ)
        key = request.path_params["id"].lower()
        async with self.database.reading() as conn:
            found = (await store.read(conn, [key])).get(key)
        if found is None:
            raise MailNotFound
        return JSONResponse(details(found))

    async def _resend(self, request: Request) -> JSONResponse:
        """POST /ostiary/mails/{id}/resend: queue it once more."""
        await self._authorize(request, matrix.MAIL_RESEND)
        key = request.path_params["id"].lower()
        async with self.database.transaction() as conn:
            (mail,) = await service.resend(conn, [key], now=self.clock.now())
        return JSONResponse(row(mail), status_code=202)

    async def _authorize(self, request: Request, permission: Permission) -> None:
        caller = await self.authenticator.authenticate(request.headers)
        assert isinstance(caller, Principal)  # as every authenticator of ours gives
        if not allows(permission, caller):
            raise Forbidden(refusal(permission, caller))


def read_filters(query: QueryParams) -> Filters:
    """Read the filters of a list.

    :raises BadRequest: one is unknown, or has a value that makes no sense.
    """
    for name in query:
        if name not in _NAMES:
            raise BadRequest(
                f"'{name}' is no filter of mails; there are {', '.join(_NAMES)}.", target=name
            )
    return Filters(
        states=tuple(_state(text) for text in query.getlist("state")),
        to=query.get("to"),
        template=query.get("template"),
        about=query.get("about"),
        before=query.get("before"),
        limit=_limit(query),
    )


def _state(text: str) -> MailState:
    try:
        return read_state(text)
    except ValueError as error:
        raise BadRequest(f"'state' {error}.", target="state") from None


def _limit(query: Mapping[str, str]) -> int:
    text = query.get("limit", "50")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= LARGEST_PAGE):
        raise BadRequest(f"'limit' must be 1 to {LARGEST_PAGE}.", target="limit")
    return int(text)

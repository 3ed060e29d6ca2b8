"""One request from its parts to its reply, whether it came by itself or in a batch."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Protocol

import structlog
from structlog.contextvars import bound_contextvars

from ostiary.graph import batch, metadata, metadata_json, openapi
from ostiary.graph.call import GraphCall, check_accept, check_version
from ostiary.graph.dispatch import Dispatcher
from ostiary.graph.errors import BadRequest, DomainError, Forbidden, MethodNotAllowed
from ostiary.graph.incoming import METHODS, Incoming, split_version
from ostiary.graph.options import split_query
from ostiary.graph.reading import Reader
from ostiary.graph.replies import Reply, error_reply, json_type
from ostiary.graph.resources import Caller, Node
from ostiary.graph.routing import resolve
from ostiary.graph.throttling import Throttle
from ostiary.graph.types import Version
from ostiary.graph.urls import split_path
from ostiary.graph.writing import Writer
from ostiary.storage.database import Database

log = structlog.get_logger(__name__)

_KEYS = re.compile(r"\([^)]*\)")
_NAME = re.compile(r"[A-Za-z$._]+(?:\(…\))?")
_UNKNOWN: Final = "include-unknown-enum-members"


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


@dataclass(kw_only=True)
class Engine:
    """The protocol over a tree of declared resources."""

    roots: Sequence[Node]
    database: Database
    clock: Clock
    authenticator: Authenticate
    reader: Reader = field(default_factory=Reader)
    translate: Callable[[Exception], DomainError | None] = lambda _: None
    """Turns errors of lower layers into those that callers understand."""
    container: str = "GraphService"
    title: str = "Graph"
    throttle: Throttle = field(default_factory=Throttle)

    def __post_init__(self) -> None:
        """Prepare what is the same for every request."""
        self._dispatcher = Dispatcher(self.database)
        self._documents: dict[Version, str] = {}

    async def answer(self, incoming: Incoming) -> Reply:
        """Answer a request; errors become replies, and only the log knows of our own failures."""
        try:
            return await self._answer(incoming)
        except Exception as error:
            with bound_contextvars(request_id=incoming.request_id):
                known = self._known(error)
            now = datetime.now(UTC)
            return error_reply(known, incoming.request_id, incoming.client_id, now=now)

    def _known(self, error: Exception) -> DomainError:
        known = error if isinstance(error, DomainError) else self.translate(error)
        if known is None:
            log.exception("graph.failed")
            return DomainError("The server failed to process the request; its log says why.")
        return known

    async def _answer(self, incoming: Incoming) -> Reply:
        version, path = split_version(incoming.path)
        if "%00" in path or "%00" in incoming.query:
            raise BadRequest("The URL holds the character NUL, which no text here can have.")
        method = "GET" if incoming.method == "HEAD" else incoming.method
        if method not in METHODS:
            raise MethodNotAllowed(allow=", ".join(sorted(METHODS)))
        if path.strip("/").lower() == "$batch":
            return await self._batch(method, incoming)
        document = self._open(path, version, incoming) if method == "GET" else None
        if document is not None:
            return document
        check_version(incoming.headers)
        caller = await self._authenticated(incoming)
        budget = self.throttle.take(caller, writes=method != "GET")
        call = GraphCall(
            caller=caller,
            version=version,
            method=method,
            path=path,
            base_url=incoming.base_url,
            headers=incoming.headers,
            now=self.clock.now(),
            request_id=incoming.request_id,
            query=split_query(incoming.query),
            raw_body=incoming.body,
            reader=self.reader,
        )
        try:
            reply = await self._dispatch(call)
        except Forbidden:
            _note_refusal(call)
            raise
        return replace(reply, headers={**budget, **reply.headers}) if budget else reply

    async def _batch(self, method: str, incoming: Incoming) -> Reply:
        if method != "POST":
            raise MethodNotAllowed(allow="POST")
        await self._authenticated(incoming)
        items = batch.read(incoming)
        return await batch.run(items, incoming, self.answer)

    async def _authenticated(self, incoming: Incoming) -> Caller:
        """Find out who calls; what the log says of a refusal is found by the id of the reply."""
        with bound_contextvars(request_id=incoming.request_id):
            return await self.authenticator.authenticate(incoming.headers)

    async def _dispatch(self, call: GraphCall) -> Reply:
        format_ = next((v for n, v in call.query if n.lower() in ("$format", "format")), None)
        level = check_accept(call.headers.get("accept", ""), format_)
        unknown = _UNKNOWN in call.preferences
        writer = Writer(call.version, include_unknown=unknown, metadata=level)
        target = resolve(self.roots, split_path(call.path), call)
        call.place = target.place
        reply = await self._dispatcher.answer(target, call, writer)
        headers: dict[str, str] = {}
        if unknown:
            also = reply.headers.get("Preference-Applied")
            headers["Preference-Applied"] = f"{_UNKNOWN}, {also}" if also else _UNKNOWN
        if level != "minimal" and reply.json is not None:
            headers["Content-Type"] = json_type(level)
        return replace(reply, headers={**reply.headers, **headers}) if headers else reply

    def _open(self, path: str, version: Version, incoming: Incoming) -> Reply | None:
        """Answer what needs no token: the schema, in its forms, and the service document."""
        base_url = incoming.base_url
        if path.strip("/").lower() == "$metadata":
            if version not in self._documents:
                made = metadata.document(self.roots, version, container=self.container)
                self._documents[version] = made
            text = self._documents[version]
            if _prefers_json(incoming):
                return Reply(200, metadata_json.translate(text, container=self.container))
            return Reply(200, text=text, headers={"Content-Type": "application/xml"})
        if path.strip("/").lower() == "openapi.json":
            server = f"{base_url}/{version}"
            return Reply(
                200, openapi.document(self.roots, version, server=server, title=self.title)
            )
        if not path.strip("/"):
            return Reply(200, metadata.service_document(self.roots, f"{base_url}/{version}"))
        return None


def _note_refusal(call: GraphCall) -> None:
    """Tell the log who may not do what; keys are left out, since some are names of people."""
    plain = _KEYS.sub("(…)", call.path)
    names = ((name if _NAME.fullmatch(name) else "{id}") for name in plain.strip("/").split("/"))
    log.info(
        "request.forbidden",
        request_id=call.request_id,
        caller=call.caller.object_id,
        app=call.caller.app_id,
        method=call.method,
        path="/".join(names)[:200],
    )


def _prefers_json(incoming: Incoming) -> bool:
    """Whether the schema is asked for as JSON: by ``Accept`` or by ``$format``."""
    wanted = {name.removeprefix("$").lower(): v for name, v in split_query(incoming.query)}
    accept = wanted.get("format") or incoming.headers.get("accept", "")
    return "json" in accept.lower() and "xml" not in accept.lower()

"""What goes back to the caller: results, and errors in the one shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ostiary.graph.errors import DomainError, status_of


def json_type(metadata: str) -> str:
    """Give the media type of a JSON reply with this level of control information."""
    return (
        f"application/json;odata.metadata={metadata};odata.streaming=true;"
        "IEEE754Compatible=false;charset=utf-8"
    )


JSON_TYPE = json_type("minimal")
TEXT_TYPE = "text/plain;charset=utf-8"

_HEADERS = {
    "allow": "Allow",
    "location": "Location",
    "retry_after": "Retry-After",
    "www_authenticate": "WWW-Authenticate",
}
"""What an error's context says in a header."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A status, a JSON value or a text, and further headers."""

    status: int
    json: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def error_reply(error: DomainError, request_id: str, client_id: str, *, now: datetime) -> Reply:
    """Give the reply that tells of an error."""
    headers = {
        header: str(error.context[name])
        for name, header in _HEADERS.items()
        if error.context.get(name) is not None
    }
    body = error_body(error, request_id, client_id, now=now)
    return Reply(status_of(error), body, headers=headers)


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

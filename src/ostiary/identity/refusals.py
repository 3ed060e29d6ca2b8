"""Why a token is refused: what the caller reads, and what the log may know besides.

The text of an unknown issuer is that of a bad signature, and no message says which claim value was
expected. The reason goes to the log.
"""

from __future__ import annotations

from enum import StrEnum

from ostiary.graph.errors import BadRequest, Unauthenticated

_FAILURE = "Access token validation failure."


class Reason(StrEnum):
    """The class of a refusal."""

    EMPTY = "empty"
    MALFORMED = "malformed"
    TOO_LONG = "tooLong"
    ALGORITHM = "algorithm"
    CRITICAL_HEADER = "criticalHeader"
    GRAPH_NONCE = "graphNonce"
    ISSUER = "issuer"
    KEY = "key"
    SIGNATURE = "signature"
    TENANT = "tenant"
    AUDIENCE = "audience"
    TIME = "time"
    TYPE = "type"
    ID_TOKEN = "idToken"  # noqa: S105  # the name of a reason
    CALLER = "caller"
    SENDER_CONSTRAINT = "senderConstraint"


MESSAGES: dict[Reason, str] = {
    Reason.EMPTY: "Access token is empty.",
    Reason.MALFORMED: "CompactToken parsing failed with error code: 80049217",
    Reason.TOO_LONG: "CompactToken parsing failed with error code: 80049217",
    Reason.GRAPH_NONCE: (
        f"{_FAILURE} The token was issued for Microsoft Graph, which alone can validate it: "
        "ask for a token for this server's own resource (api://...)."
    ),
    Reason.AUDIENCE: f"{_FAILURE} Invalid audience.",
    Reason.TIME: "Access token has expired or is not yet valid.",
    Reason.ID_TOKEN: f"{_FAILURE} An ID token is not an access token.",
    Reason.CALLER: f"{_FAILURE} The token names neither a user with scopes nor an application.",
    Reason.SENDER_CONSTRAINT: (
        f"{_FAILURE} The token is bound to a key that Bearer does not prove."
    ),
}


class InvalidToken(Unauthenticated):
    """The token is not believed; ``reason`` tells the log why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(MESSAGES.get(reason, _FAILURE), reason=str(reason))
        self.reason = reason


class OneHeaderOnly(BadRequest):
    """A request that says twice who it is."""

    code = "InvalidAuthenticationToken"
    message = "A request carries one Authorization header with one token."

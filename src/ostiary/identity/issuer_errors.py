"""Refusals of the token endpoint, in the words and numbers that Microsoft's client libraries know.

The shape is RFC 6749's, with ``error_codes``, ``timestamp`` and the trace ids beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4


class TokenError(Exception):
    """A request for a token that is refused."""

    status: ClassVar[int] = 400
    error: ClassVar[str] = "invalid_request"
    number: ClassVar[int] = 900144

    @property
    def headers(self) -> dict[str, str]:
        """What goes into the header of the answer."""
        return {"WWW-Authenticate": 'Basic realm=""'} if self.status == 401 else {}

    def body(self, *, at: datetime, correlation_id: str) -> dict[str, Any]:  # JSON
        """Render the error; ``at`` is the instant it is told."""
        trace_id, timestamp = str(uuid4()), f"{at:%Y-%m-%d %H:%M:%S}Z"
        return {
            "error": self.error,
            "error_description": f"AADSTS{self.number}: {self} Trace ID: {trace_id} "
            f"Correlation ID: {correlation_id} Timestamp: {timestamp}",
            "error_codes": [self.number],
            "timestamp": timestamp,
            "trace_id": trace_id,
            "correlation_id": correlation_id,
        }


class MissingParameter(TokenError):
    """The form lacks what every request must have, or has it twice."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The request body must contain the following parameter: '{name}', exactly once."
        )


class NotAForm(TokenError):
    """The body is not a form, or is too large."""

    number = 900561

    def __init__(self) -> None:
        super().__init__(
            "The endpoint accepts POST requests with a body of type "
            "application/x-www-form-urlencoded, of 64 KiB at most."
        )


class UnknownTenant(TokenError):
    """The path names another tenant than this server's."""

    error = "invalid_tenant"
    number = 90002

    def __init__(self, tenant: str) -> None:
        super().__init__(f"Tenant '{shown(tenant)}' not found. This server has one tenant.")


class UnsupportedGrant(TokenError):
    """A grant that the issuer does not know."""

    error = "unsupported_grant_type"
    number = 70003

    def __init__(self, grant: str) -> None:
        super().__init__(
            f"The app requested an unsupported grant type '{shown(grant)}': this issuer knows "
            "'client_credentials'."
        )


class UnknownClient(TokenError):
    """No application has this id."""

    error = "unauthorized_client"
    number = 700016

    def __init__(self, client_id: str, tenant: str) -> None:
        super().__init__(
            f"Application with identifier '{shown(client_id)}' was not found in the directory "
            f"'{tenant}'."
        )


class MissingCredential(TokenError):
    """The client shows no secret."""

    status = 401
    error = "invalid_client"
    number = 7000218

    def __init__(self) -> None:
        super().__init__(
            "The request body must contain the following parameter: 'client_secret'. This issuer "
            "knows no other credential."
        )


class WrongSecret(TokenError):
    """The secret is none of the client's."""

    status = 401
    error = "invalid_client"
    number = 7000215

    def __init__(self, client_id: str) -> None:
        super().__init__(
            "Invalid client secret provided. Ensure the secret being sent in the request is the "
            "client secret value, not the client secret ID, for a secret added to app "
            f"'{shown(client_id)}'."
        )


class InvalidScope(TokenError):
    """A client may ask for all it was granted, not for single permissions."""

    error = "invalid_scope"
    number = 1002012

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"The provided value for scope {shown(scope)} is not valid. Client credential flows "
            "must have a scope value with /.default suffixed to the resource identifier "
            "(application ID URI)."
        )


class InvalidResource(TokenError):
    """The resource is not this server."""

    error = "invalid_resource"
    number = 500011

    def __init__(self, resource: str, tenant: str) -> None:
        super().__init__(
            f"The resource principal named {shown(resource)} was not found in the tenant named "
            f"{tenant}. Ask for https://graph.microsoft.com or for this server's own address."
        )


class TooManyFailures(TokenError):
    """The client failed too often within a minute."""

    status = 429
    error = "temporarily_unavailable"
    number = 90055

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"There are too many failed requests. Try again in {retry_after} s.")
        self.retry_after = retry_after

    @property
    def headers(self) -> dict[str, str]:
        """What goes into the header of the answer."""
        return {"Retry-After": str(self.retry_after)}


def shown(text: str) -> str:
    """Give what of a caller's text may stand in an answer: printable, and not much of it."""
    return "".join(c if c.isprintable() else "?" for c in text[:200])


def correlation_id(asked: str | None) -> str:
    """Give the caller's own id if it is a GUID, otherwise a new one."""
    try:
        return str(UUID(asked or ""))
    except ValueError:
        return str(uuid4())

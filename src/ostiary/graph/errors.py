"""Errors as the API renders them, and the one table from class to status.

A feature package derives its errors from the classes here, so that an error says what happened and
the table says how HTTP calls it. A message names the property or object, what is wrong and what
would be right, and never holds a secret.
"""

from __future__ import annotations

from typing import Any, ClassVar


class DomainError(Exception):
    """Something the caller may act on.

    ``target`` names the property, parameter or segment at fault, as it is spelled on the wire;
    further keywords are kept as ``context`` for logs and tests.
    """

    code: ClassVar[str] = "InternalServerError"
    message: ClassVar[str] = "The request could not be processed."

    def __init__(
        self, message: str | None = None, *, target: str | None = None, **context: Any
    ) -> None:
        super().__init__(message or self.message)
        self.target = target
        self.context = context


class BadRequest(DomainError):
    """The request cannot be understood, or asks for what a rule forbids."""

    code = "BadRequest"
    message = "The request is not valid."


class InvalidModel(BadRequest):
    """A body that does not fit its type."""

    code = "InvalidModel"
    message = "The model is invalid."


class UnsupportedQuery(BadRequest):
    """A list that is only given by type was asked for as a whole."""

    code = "Request_UnsupportedQuery"
    message = (
        "Searches against this resource are not supported. Only specific instances can be queried."
    )


class Unauthenticated(DomainError):
    """The caller has not shown who it is."""

    code = "InvalidAuthenticationToken"
    message = "Access token is empty."


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "Authorization_RequestDenied"
    message = "Insufficient privileges to complete the operation."


class NotFound(DomainError):
    """There is no such object, or none that this caller may know of."""

    code = "ResourceNotFound"
    message = "The resource could not be found."


class MethodNotAllowed(DomainError):
    """The path exists and does not offer this method; ``allow`` in the context lists its own."""

    code = "Request_BadRequest"
    message = "Specified HTTP method is not allowed for the request target."


class NotAcceptable(DomainError):
    """The caller accepts no representation that the server has."""

    code = "NotAcceptable"
    message = "The server can only answer in JSON: send Accept: application/json."


class Conflict(DomainError):
    """The object is in a state, or has a twin, that forbids this."""

    code = "Conflict"
    message = "The request conflicts with the current state of the object."


class Gone(DomainError):
    """A token or object that existed and is no more."""

    code = "Gone"
    message = "What the request refers to no longer exists."


class ResyncRequired(Gone):
    """A token is too old to tell what changed since; ``location`` in the context begins anew."""

    code = "resyncRequired"
    message = "The changes since this token are no longer kept. Begin again from the Location."


class PreconditionFailed(DomainError):
    """The object changed since the caller read it."""

    code = "PreconditionFailed"
    message = "The object has changed since it was read: read it again and repeat the request."


class TooLarge(DomainError):
    """The body exceeds the limit."""

    code = "RequestEntityTooLarge"
    message = "The request body is too large."


class UnsupportedMediaType(DomainError):
    """The body is declared as something other than JSON."""

    code = "UnsupportedMediaType"
    message = "Entity only allows writes with a JSON Content-Type header."


class Unprocessable(DomainError):
    """Well formed, and contradicting itself or what is stored."""

    code = "UnprocessableEntity"
    message = "The request is well formed and cannot be carried out as it stands."


class FailedDependency(DomainError):
    """A request of a batch on which this one depends failed."""

    code = "FailedDependency"
    message = "A request that this one depends on failed, so it was not carried out."


class TooManyRequests(DomainError):
    """The caller exceeds its budget; ``retry_after`` in the context is in seconds."""

    code = "TooManyRequests"
    message = "Too many requests."


class NotSupported(DomainError):
    """Part of the published API that this server does not have."""

    code = "NotImplemented"
    message = "This server does not support the operation."


class Unavailable(DomainError):
    """The server cannot take more work now; ``retry_after`` in the context is in seconds."""

    code = "serviceNotAvailable"
    message = "The server is busy. Try again in a moment."


class GatewayTimeout(DomainError):
    """What was waited for goes on still."""

    code = "GatewayTimeout"
    message = "It takes longer than a request may wait."


STATUS: dict[type[DomainError], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    MethodNotAllowed: 405,
    NotAcceptable: 406,
    Conflict: 409,
    Gone: 410,
    PreconditionFailed: 412,
    TooLarge: 413,
    UnsupportedMediaType: 415,
    Unprocessable: 422,
    FailedDependency: 424,
    TooManyRequests: 429,
    NotSupported: 501,
    Unavailable: 503,
    GatewayTimeout: 504,
}


def status_of(error: DomainError) -> int:
    """Give the HTTP status of an error by its nearest ancestor in ``STATUS``; 500 when none is."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 500)

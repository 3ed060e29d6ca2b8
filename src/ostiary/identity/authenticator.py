"""From the headers of a request to its caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from starlette.datastructures import Headers

from ostiary.graph.errors import Unauthenticated
from ostiary.identity.catalogue import GRAPH_APP_ID
from ostiary.identity.compact import parse
from ostiary.identity.principals import Principal
from ostiary.identity.refusals import InvalidToken, OneHeaderOnly, Reason
from ostiary.identity.tokens import TokenValidator

log = structlog.get_logger(__name__)

LONGEST_TOLD = 200
_TOLD = {"audience": "aud", "tenant": "tid", "token_id": "uti", "expires": "exp"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What ``WWW-Authenticate`` tells a client about where tokens come from."""

    authorization_uri: str
    """``{authority}/{tenant}/oauth2/v2.0/authorize``."""
    client_id: str = GRAPH_APP_ID

    def header(self, error: Unauthenticated) -> str:
        """Give the value of the header (RFC 6750: no error when no token was sent)."""
        challenge = (
            f'Bearer realm="", authorization_uri="{self.authorization_uri}", '
            f'client_id="{self.client_id}"'
        )
        if error.context.get("reason") == Reason.EMPTY:
            return challenge
        return f'{challenge}, error="invalid_token", error_description="{error}"'


class Authenticator:
    """Says who makes a request. ``now`` is the server's clock, simulated or not."""

    def __init__(
        self, validator: TokenValidator, *, now: Callable[[], datetime], challenge: Challenge
    ) -> None:
        self._validator = validator
        self._now = now
        self._challenge = challenge

    async def authenticate(self, headers: Mapping[str, str]) -> Principal:
        """Give the caller of a request with these headers (lower-case names).

        :raises Unauthenticated: no token, or one that is not believed. The error's context holds
            ``www_authenticate``, the value of that header, and ``reason``.
        :raises OneHeaderOnly: more than one Authorization header or token.
        """
        token = ""
        try:
            token = _token(headers)
            return await self._validator.validate(token, self._now())
        except InvalidToken as error:
            error.context["www_authenticate"] = self._challenge.header(error)
            log.info("token_refused", reason=str(error.reason), **_claimed(token))
            raise


def _claimed(token: str) -> dict[str, str]:
    """Give what a refused token says of itself, for the log: none of it is proven."""
    try:
        said = parse(token)
    except InvalidToken:
        return {}
    claims = {"key_id": said.key_id, "algorithm": said.algorithm, "issuer": said.issuer}
    for name, claim in _TOLD.items():
        value = said.claims.get(claim)
        claims[name] = "" if value is None else str(value)
    return {name: value[:LONGEST_TOLD] for name, value in claims.items() if value}


def _token(headers: Mapping[str, str]) -> str:
    """Give the bearer token; the name of the scheme may be in any case."""
    many = headers.getlist("authorization") if isinstance(headers, Headers) else None
    if many is not None and len(many) > 1:
        raise OneHeaderOnly
    scheme, _, token = (headers.get("authorization") or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise InvalidToken(Reason.EMPTY)
    if "," in token:  # two headers, joined on the way
        raise OneHeaderOnly
    return token

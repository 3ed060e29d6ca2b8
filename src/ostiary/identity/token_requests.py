"""A request for a token: of the v2.0 endpoint with a scope, of the v1.0 one with a resource."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote_plus
from uuid import UUID

from ostiary.identity.catalogue import GRAPH_URL
from ostiary.identity.issuer import TokenVersion
from ostiary.identity.issuer_errors import (
    InvalidScope,
    MissingCredential,
    MissingParameter,
    NotAForm,
    UnsupportedGrant,
)

MAX_FORM = 64 * 1024
FORM = "application/x-www-form-urlencoded"
DEFAULT = ".default"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """What a client shows and what it wants."""

    client_id: str
    secret: str
    resource: str
    version: TokenVersion


def read(headers: Mapping[str, str], body: bytes, version: TokenVersion) -> TokenRequest:
    """Read a client credentials request, the secret in the form or in a Basic header.

    :raises TokenError: what is missing or not supported.
    """
    form = _form(headers, body)
    grant = form.get("grant_type")
    if not grant:
        raise MissingParameter("grant_type")
    if grant != "client_credentials":
        raise UnsupportedGrant(grant)
    client_id, secret = _basic(headers.get("authorization", "")) or (
        form.get("client_id", ""),
        form.get("client_secret", ""),
    )
    if not client_id:
        raise MissingParameter("client_id")
    if not secret:
        raise MissingCredential
    wanted = _resource_of_scope if version is TokenVersion.V2 else _resource
    return TokenRequest(
        client_id=_normal(client_id), secret=secret, resource=wanted(form), version=version
    )


def _normal(client_id: str) -> str:
    """Give a GUID in its one spelling, and any other id as it is."""
    try:
        return str(UUID(client_id))
    except ValueError:
        return client_id


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM or len(body) > MAX_FORM:
        raise NotAForm
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise NotAForm from error
    if any("\0" in name + value for name, value in pairs):
        raise NotAForm
    form = dict(pairs)
    if len(form) != len(pairs):
        names = [name for name, _ in pairs]
        raise MissingParameter(next(name for name in names if names.count(name) > 1))
    return form


def _basic(authorization: str) -> tuple[str, str] | None:
    """Read ``client_secret_basic``: both parts are form-encoded (RFC 6749, section 2.3.1)."""
    scheme, _, value = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, colon, secret = b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise MissingCredential from error
    client_id, secret = unquote_plus(client_id), unquote_plus(secret)
    if "\0" in client_id + secret:
        raise MissingCredential
    return (client_id, secret) if colon else None


def _resource_of_scope(form: Mapping[str, str]) -> str:
    """Give the resource of ``{resource}/.default``; a scope of its own is not for applications."""
    scope = form.get("scope", "").strip()
    if not scope:
        raise MissingParameter("scope")
    if scope == DEFAULT:
        return GRAPH_URL
    if " " in scope or not scope.endswith(f"/{DEFAULT}"):
        raise InvalidScope(scope)
    return scope.removesuffix(f"/{DEFAULT}")


def _resource(form: Mapping[str, str]) -> str:
    resource = form.get("resource", "").strip()
    if not resource:
        raise MissingParameter("resource")
    return resource

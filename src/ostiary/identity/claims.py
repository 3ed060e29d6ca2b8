"""From the claims of a verified token to a principal.

Mapped values of the wrong JSON type are ignored, never coerced. Names, mail addresses and user
principal names are kept for display and decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from ostiary.identity.catalogue import ORDINARY_USER_MARKER
from ostiary.identity.issuers import Grant, Shape, TrustedIssuer
from ostiary.identity.principals import Principal
from ostiary.identity.refusals import InvalidToken, Reason

Claims = Mapping[str, Any]  # the JSON edge: every value is checked where it is read


def caller(issuer: TrustedIssuer, claims: Claims) -> Principal:
    """Say who calls, by the shape of the issuer's tokens.

    :raises InvalidToken: the token is of another tenant, or names no caller.
    """
    read = _microsoft if issuer.shape is Shape.MICROSOFT else _generic
    return read(issuer, claims)


def at(claims: Claims, path: str) -> Any:  # any JSON value
    r"""Give the value at a dotted path, a literal dot written ``\.``; None when there is none."""
    value: Any = claims
    for part in re.split(r"(?<!\\)\.", path) if path else ():
        if not isinstance(value, Mapping):
            return None
        value = value.get(part.replace("\\.", "."))
    return value if path else None


def _microsoft(issuer: TrustedIssuer, claims: Claims) -> Principal:
    if _text(claims.get("tid")) != issuer.tenant:
        raise InvalidToken(Reason.TENANT)
    object_id = _text(claims.get("oid"))
    if object_id is None or not _is_guid(object_id):
        raise InvalidToken(Reason.CALLER)
    wids = frozenset(_texts(claims.get("wids"))) - {ORDINARY_USER_MARKER}
    return _principal(
        issuer,
        claims,
        is_application=_is_microsoft_application(claims),
        object_id=object_id.lower(),
        app_id=_text(claims.get("azp")) or _text(claims.get("appid")),
        scopes=_words(claims.get("scp")),
        roles=_texts(claims.get("roles")),
        directory_roles=wids,
        display_name=_text(claims.get("name")) or _text(claims.get("app_displayname")),
        user_name=_text(claims.get("preferred_username"))
        or _text(claims.get("upn"))
        or _text(claims.get("unique_name")),
    )


def _is_microsoft_application(claims: Claims) -> bool:
    """Tell the kind of caller, first match wins."""
    match claims.get("idtyp"):
        case "app":
            return True
        case "user":
            return False
    if _words(claims.get("scp")):
        return False
    if _texts(claims.get("roles")) or claims.get("sub") == claims.get("oid"):
        return True
    raise InvalidToken(Reason.CALLER)


def _generic(issuer: TrustedIssuer, claims: Claims) -> Principal:
    where = issuer.claims
    if where.tenant and at(claims, where.tenant) != issuer.tenant:
        raise InvalidToken(Reason.TENANT)
    mapped = issuer.subjects.get(_text(claims.get("sub")) or "")
    object_id = mapped or _text(at(claims, where.object_id))
    is_application = _is_service_account(claims)
    scopes = _words(at(claims, where.scopes))
    if object_id is None or not (is_application or scopes):
        raise InvalidToken(Reason.CALLER)
    groups = _texts(at(claims, where.directory_roles))
    return _principal(
        issuer,
        claims,
        is_application=is_application,
        object_id=object_id,
        app_id=_text(at(claims, where.app_id)) or _text(claims.get("client_id")),
        scopes=scopes,
        roles=_texts(at(claims, where.app_roles)),
        directory_roles=[
            issuer.role_templates[group] for group in groups if group in issuer.role_templates
        ],
        display_name=_text(at(claims, where.name)),
        user_name=_text(at(claims, where.user_name)),
    )


def _is_service_account(claims: Claims) -> bool:
    """RFC 9068 ``sub`` = ``client_id``, or Keycloak's name for the service account of a client."""
    client_id, azp = _text(claims.get("client_id")), _text(claims.get("azp"))
    if client_id and claims.get("sub") == client_id:
        return True
    client = azp or client_id
    return bool(client) and claims.get("preferred_username") == f"service-account-{client}"


def _principal(
    issuer: TrustedIssuer,
    claims: Claims,
    *,
    is_application: bool,
    object_id: str,
    app_id: str | None,
    scopes: Iterable[str],
    roles: Iterable[str],
    directory_roles: Iterable[str],
    display_name: str | None,
    user_name: str | None,
) -> Principal:
    """Keep what the issuer is authoritative for and what counts for the kind of caller.

    App roles in a delegated token are the user's, and grant no application permission; a scope in
    an application's token is nobody's consent.
    """
    may = issuer.authoritative_for
    return Principal(
        kind="application" if is_application else "delegated",
        tenant_id=issuer.tenant,
        object_id=object_id,
        app_id=app_id,
        scopes=frozenset(
            _bare(scope, issuer) for scope in scopes if Grant.SCOPES in may and not is_application
        ),
        roles=frozenset(r for r in roles if Grant.APP_ROLES in may and is_application),
        directory_roles=frozenset(
            role.lower() for role in directory_roles if Grant.DIRECTORY_ROLES in may
        ),
        display_name=display_name,
        user_principal_name=None if is_application else user_name,
        token_id=_text(claims.get("uti")) or _text(claims.get("jti")),
        issuer=issuer.issuer,
    )


def _bare(scope: str, issuer: TrustedIssuer) -> str:
    prefix = next((p for p in issuer.scope_prefixes if scope.startswith(p)), "")
    return scope.removeprefix(prefix)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(v for v in value if isinstance(v, str)) if isinstance(value, list) else ()


def _words(value: object) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else ()


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False

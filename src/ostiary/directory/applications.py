"""Applications: their roles, their secrets, and who may be given a role.

An application is the registration; its service principal is what acts in this directory and holds
roles of others. Pure: secrets arrive hashed, times as ``now``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from ostiary.directory.errors import DirectoryError, InvalidValue, ValueRequired
from ostiary.directory.model import (
    Application,
    AppRole,
    PasswordCredential,
    ServicePrincipal,
)
from ostiary.directory.objects import Kind

DEFAULT_ACCESS = "00000000-0000-0000-0000-000000000000"
"""The role id that stands for plain access, when an application offers no role that would fit."""

SECRET_LIFETIME = timedelta(days=730)
"""How long a secret is valid when its maker does not say."""

_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?")
_ROLE_VALUE = re.compile(r"[!#-~]{1,250}")
_MEMBER_TYPES = {"user": "User", "application": "Application"}
_MEMBER_TYPE_OF = {
    Kind.USER: "User",
    Kind.GROUP: "User",
    Kind.SERVICE_PRINCIPAL: "Application",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A client secret as it is kept; ``secret_hash`` is all that is left of the text."""

    key_id: str
    application_id: str
    display_name: str | None
    hint: str
    secret_hash: str
    start_date_time: datetime
    end_date_time: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """A role of ``resource_id`` (a service principal) that ``principal_id`` is to hold."""

    principal_id: str
    resource_id: str
    app_role_id: str = DEFAULT_ACCESS


def guid(text: str | None, property_name: str, resource: str) -> str:
    """Give a GUID in lower case.

    :raises ValueRequired: there is none.
    :raises InvalidValue: the text is not one.
    """
    if not text:
        raise ValueRequired(property_name, resource)
    match = _GUID.fullmatch(text.lower())
    if match is None:
        raise InvalidValue(property_name, resource, "it must be a GUID")
    return match.group(1)


def admitted(draft: Application, *, id: str, app_id: str, now: datetime) -> Application:
    """Make a new application whole.

    :raises ValueRequired: it has no display name.
    :raises InvalidValue: a role is not well formed.
    """
    return changed(
        Application(id=id),
        msgspec.structs.replace(draft, id=id, app_id=app_id, created_date_time=now),
    )


def changed(before: Application, after: Application) -> Application:
    """Check a change of an application and give it in the form that is stored.

    :raises DirectoryError: a role would vanish that people may still be given.
    :raises InvalidValue: a property has a value that it may not have.
    """
    if not after.display_name:
        raise ValueRequired("displayName", "Application")
    if len(after.display_name) > 256:
        raise InvalidValue("displayName", "Application", "it may have at most 256 characters")
    roles = [_checked_role(role) for role in after.app_roles]
    _check_distinct("id", [role.id for role in roles])
    _check_distinct("value", [role.value for role in roles if role.value])
    kept = {role.id for role in roles}
    if any(role.is_enabled and role.id not in kept for role in before.app_roles):
        raise DirectoryError(
            "Property value cannot be deleted unless it is disabled first.", target="appRoles"
        )
    return msgspec.structs.replace(after, app_roles=roles)


def _checked_role(role: AppRole) -> AppRole:
    if not role.display_name:
        raise ValueRequired("appRoles/displayName", "Application")
    if role.value is not None and not _ROLE_VALUE.fullmatch(role.value):
        raise InvalidValue(
            "appRoles/value", "Application", "it must be 1 to 250 ASCII characters without blanks"
        )
    unknown = [kind for kind in role.allowed_member_types if kind.lower() not in _MEMBER_TYPES]
    if unknown or not role.allowed_member_types:
        raise InvalidValue(
            "appRoles/allowedMemberTypes",
            "Application",
            "it must hold 'User', 'Application' or both",
        )
    return msgspec.structs.replace(
        role,
        id=guid(role.id, "appRoles/id", "Application"),
        allowed_member_types=[_MEMBER_TYPES[kind.lower()] for kind in role.allowed_member_types],
        origin="Application",
    )


def _check_distinct(name: str, values: list[str]) -> None:
    if len({value.lower() for value in values}) != len(values):
        raise InvalidValue(f"appRoles/{name}", "Application", "two roles may not have the same")


def principal_of(application: Application, *, id: str, now: datetime) -> ServicePrincipal:
    """Make the service principal by which an application acts in this directory."""
    return ServicePrincipal(
        id=id,
        account_enabled=True,
        app_display_name=application.display_name,
        app_id=application.app_id,
        app_roles=application.app_roles,
        created_date_time=now,
        description=application.description,
        display_name=application.display_name,
        service_principal_type="Application",
    )


def principal_changed(before: ServicePrincipal, after: ServicePrincipal) -> ServicePrincipal:
    """Check a change of a service principal.

    :raises DirectoryError: it would belong to another application.
    :raises ValueRequired: it would have no display name.
    """
    if after.app_id != before.app_id:
        raise DirectoryError("Property 'appId' is immutable.", target="appId")
    if not after.display_name:
        raise ValueRequired("displayName", "ServicePrincipal")
    return msgspec.structs.replace(after, account_enabled=after.account_enabled is not False)


def new_secret(
    asked: PasswordCredential,
    *,
    key_id: str,
    application_id: str,
    text: str,
    secret_hash: str,
    now: datetime,
) -> Secret:
    """Make a secret valid from now, or as its maker asked.

    :raises InvalidValue: it would end before it starts, or has ended.
    """
    start = asked.start_date_time or now
    end = asked.end_date_time or start + SECRET_LIFETIME
    if end <= start or end <= now:
        raise InvalidValue(
            "endDateTime", "PasswordCredential", "it must lie in the future and after startDateTime"
        )
    return Secret(
        key_id=key_id,
        application_id=application_id,
        display_name=asked.display_name,
        hint=text[:3],
        secret_hash=secret_hash,
        start_date_time=start,
        end_date_time=end,
    )


def credential(secret: Secret, *, text: str | None = None) -> PasswordCredential:
    """Show a secret; with ``text`` for the one time that its maker sees it."""
    return PasswordCredential(
        display_name=secret.display_name,
        end_date_time=secret.end_date_time,
        hint=secret.hint,
        key_id=secret.key_id,
        secret_text=text,
        start_date_time=secret.start_date_time,
    )


def check_grant(grant: Grant, *, kind: Kind, offered: Iterable[AppRole]) -> None:
    """Check that an object of ``kind`` may hold the role, given all that the resource offers.

    :raises InvalidValue: the resource has no such role, or it is not for this kind of principal.
    """
    roles = list(offered)
    role = next((role for role in roles if role.id == grant.app_role_id), None)
    wanted = _MEMBER_TYPE_OF.get(kind)
    if grant.app_role_id == DEFAULT_ACCESS and wanted is not None:
        return
    if role is None or not role.is_enabled:
        raise InvalidValue(
            "appRoleId", "AppRoleAssignment", "the resource has no enabled role with this id"
        )
    if wanted not in role.allowed_member_types:
        raise InvalidValue(
            "appRoleId",
            "AppRoleAssignment",
            f"the role '{role.value}' is not for objects of the kind '{kind.noun}'",
        )

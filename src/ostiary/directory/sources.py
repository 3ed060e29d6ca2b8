"""Where the API reads directory objects from; also what other packages link to.

The one table appears under the name of what is read from it. Callers who may list people without
the permission to read their details get names only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, FromClause, func
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.closures import Closure
from ostiary.directory.errors import ObjectNotFound
from ostiary.directory.model import (
    Application,
    AppRoleAssignment,
    DirectoryObject,
    Group,
    OnPremisesExtensionAttributes,
    ServicePrincipal,
    SignInActivity,
    User,
)
from ostiary.directory.objects import Kind
from ostiary.directory.store import (
    GRANTS,
    describe_secrets,
    wire_application,
    wire_grant,
    wire_group,
    wire_object,
    wire_service_principal,
    wire_user,
)
from ostiary.directory.tables import directory_objects, memberships, ownerships, sponsorships
from ostiary.graph.resources import Call, Link, Source
from ostiary.graph.types import UNSET
from ostiary.identity import matrix
from ostiary.identity.permissions import allows, requires
from ostiary.identity.principals import principal

Columns = dict[str, ColumnElement[Any]]

BASIC: Final = frozenset(
    {"id", "display_name", "given_name", "surname", "mail", "user_principal_name", "user_type"}
)
"""What a caller without the permission to read details sees of a person."""


def _columns(table: FromClause, *types: type[DirectoryObject]) -> Columns:
    """Give the columns that have the names of properties of ``types``, texts and values alone."""
    lists = {
        "app_roles",
        "assigned_licenses",
        "assigned_plans",
        "business_phones",
        "group_types",
        "other_mails",
        "proxy_addresses",
    }
    names = {name for type_ in types for name in type_.__struct_fields__} - lists
    return {name: table.c[name] for name in names if name in table.c}


def _user_columns(table: FromClause) -> Columns:
    attributes = table.c.extension_attributes
    nested: Columns = {
        f"on_premises_extension_attributes/{name}": attributes[spelled].as_string()
        for name, spelled in zip(
            OnPremisesExtensionAttributes.__struct_fields__,
            OnPremisesExtensionAttributes.__struct_encode_fields__,
            strict=True,
        )
    }
    for name in SignInActivity.__struct_fields__:
        nested[f"sign_in_activity/{name}"] = table.c[name]
    nested["employee_org_data/cost_center"] = table.c.cost_center
    nested["employee_org_data/division"] = table.c.division
    return nested | _columns(table, User)


def _live(table: FromClause, kind: Kind | None = None) -> ColumnElement[bool]:
    live: ColumnElement[bool] = table.c.deleted_date_time.is_(None)
    return live if kind is None else live & (table.c.kind == kind.value)


async def _complete(conn: AsyncConnection, call: Call, found: Sequence[Any]) -> None:
    """Complete applications with their secrets' hints; show people as far as the caller may."""
    applications = [entity for entity in found if isinstance(entity, Application)]
    if applications:
        await describe_secrets(conn, applications)
    hide_details(call, found)


def hidden_details(call: Call) -> frozenset[str]:
    """Name the properties of people that this caller may not see, and so not ask about."""
    if allows(matrix.USERS_DETAILS_READ, principal(call)):
        return frozenset()
    return frozenset(User.__struct_fields__) - BASIC


def hide_details(call: Call, found: Sequence[DirectoryObject]) -> None:
    """Leave of people only their names, for a caller without the permission to read more.

    Everybody sees all of themselves.
    """
    hidden = hidden_details(call)
    for user in found:
        if isinstance(user, User) and user.id != call.caller.object_id:
            for name in hidden:
                setattr(user, name, UNSET)


_CASTS: Final[Mapping[str, ColumnElement[bool]]] = {
    f"microsoft.graph.{kind}": directory_objects.c.kind == kind.value for kind in Kind
}

DIRECTORY_OBJECTS: Final = Source(
    type=DirectoryObject,
    table=directory_objects,
    key=directory_objects.c.id,
    home="directoryObjects",
    columns=_user_columns(directory_objects)
    | _columns(directory_objects, Group, Application, ServicePrincipal),
    load=wire_object,
    where=_live(directory_objects),
    casts=_CASTS,
    enrich=_complete,
    hidden=hidden_details,
    missing=ObjectNotFound,
    search=(directory_objects.c.display_name,),
)
"""Objects of every kind: members, owners, managers."""

_deleted = directory_objects.alias("deleted")

DELETED_ITEMS: Final = Source(
    type=DirectoryObject,
    table=_deleted,
    key=_deleted.c.id,
    columns=_columns(_deleted, User, Group, Application),
    load=wire_object,
    where=_deleted.c.deleted_date_time.is_not(None),
    casts={f"microsoft.graph.{kind}": _deleted.c.kind == kind.value for kind in Kind},
    by_type=True,
    enrich=_complete,
)
"""Objects that were deleted and can be restored."""

_granted = GRANTS.c

APP_ROLE_ASSIGNMENTS: Final = Source(
    type=AppRoleAssignment,
    table=GRANTS,
    key=_granted.id,
    columns={
        "id": _granted.id,
        "app_role_id": _granted.app_role_id,
        "created_date_time": _granted.created_date_time,
        "principal_display_name": _granted.principal_display_name,
        "principal_id": _granted.principal_id,
        "principal_type": _granted.principal_kind,
        "resource_display_name": _granted.resource_display_name,
        "resource_id": _granted.resource_id,
    },
    load=wire_grant,
)
"""Roles of applications that live objects hold."""


def _objects_by(near: ColumnElement[Any], far: ColumnElement[Any], local: Any, needs: Any) -> Link:
    """Link to objects of every kind through a table of links."""
    return Link(
        target=lambda: DIRECTORY_OBJECTS,
        local=local,
        remote=directory_objects.c.id,
        many=True,
        via=(near, far),
        needs=requires(needs),
    )


def _objects_far_by(near: Column[Any], far: Column[Any], local: Any, needs: Any) -> Link:
    """Link to objects of every kind through as many rows of a table of links as it takes."""
    return Link(
        target=lambda: DIRECTORY_OBJECTS,
        local=local,
        remote=directory_objects.c.id,
        many=True,
        through=Closure(near, far),
        needs=requires(needs),
    )


def _roles(local: ColumnElement[Any], remote: ColumnElement[Any]) -> Link:
    return Link(
        target=lambda: APP_ROLE_ASSIGNMENTS,
        local=local,
        remote=remote,
        many=True,
        needs=requires(matrix.APP_ROLES_READ),
    )


_member_of = (memberships.c.member_id, memberships.c.group_id)
_members = (memberships.c.group_id, memberships.c.member_id)
_owners = (ownerships.c.object_id, ownerships.c.owner_id)
_reports = (directory_objects.c.manager_id, directory_objects.c.id)
_sponsors = (sponsorships.c.user_id, sponsorships.c.sponsor_id)
_owned = (ownerships.c.owner_id, ownerships.c.object_id)

_users = directory_objects.alias("users")

USERS: Final = Source(
    type=User,
    table=_users,
    key=_users.c.id,
    home="directoryObjects",
    columns=_user_columns(_users),
    load=wire_user,
    lists={
        "other_mails": _users.c.other_mails,
        "assigned_licenses": _users.c.assigned_licenses,
        "assigned_plans": _users.c.assigned_plans,
        "business_phones": _users.c.business_phones,
        "proxy_addresses": _users.c.proxy_addresses,
    },
    hidden=hidden_details,
    missing=ObjectNotFound,
    named_by=lambda key: "userPrincipalName" if "@" in key else None,
    links={
        "manager": Link(
            target=lambda: DIRECTORY_OBJECTS,
            local=_users.c.manager_id,
            remote=directory_objects.c.id,
            many=False,
            needs=requires(matrix.USERS_DETAILS_READ),
        ),
        "direct_reports": Link(
            target=lambda: DIRECTORY_OBJECTS,
            local=_users.c.id,
            remote=directory_objects.c.manager_id,
            many=True,
            needs=requires(matrix.USERS_DETAILS_READ),
        ),
        "transitive_reports": _objects_far_by(*_reports, _users.c.id, matrix.USERS_DETAILS_READ),
        "member_of": _objects_by(*_member_of, _users.c.id, matrix.GROUP_MEMBERS_READ),
        "transitive_member_of": _objects_far_by(
            *_member_of, _users.c.id, matrix.GROUP_MEMBERS_READ
        ),
        "owned_objects": _objects_by(*_owned, _users.c.id, matrix.DIRECTORY_OBJECTS_READ),
        "sponsors": _objects_by(*_sponsors, _users.c.id, matrix.USERS_DETAILS_READ),
        "app_role_assignments": _roles(_users.c.id, _granted.principal_id),
    },
    where=_live(_users, Kind.USER),
    enrich=_complete,
    alternate_keys={"userPrincipalName": func.lower(_users.c.user_principal_name)},
    search=(_users.c.display_name, _users.c.user_principal_name, _users.c.mail),
)
"""Live people."""

_groups = directory_objects.alias("groups")

GROUPS: Final = Source(
    type=Group,
    table=_groups,
    key=_groups.c.id,
    home="directoryObjects",
    columns=_columns(_groups, Group),
    load=wire_group,
    lists={"group_types": _groups.c.group_types},
    missing=ObjectNotFound,
    links={
        "members": _objects_by(*_members, _groups.c.id, matrix.GROUP_MEMBERS_READ),
        "owners": _objects_by(*_owners, _groups.c.id, matrix.GROUP_MEMBERS_READ),
        "member_of": _objects_by(*_member_of, _groups.c.id, matrix.GROUP_MEMBERS_READ),
        "transitive_members": _objects_far_by(*_members, _groups.c.id, matrix.GROUP_MEMBERS_READ),
        "transitive_member_of": _objects_far_by(
            *_member_of, _groups.c.id, matrix.GROUP_MEMBERS_READ
        ),
        "app_role_assignments": _roles(_groups.c.id, _granted.principal_id),
    },
    where=_live(_groups, Kind.GROUP),
    search=(_groups.c.display_name, _groups.c.description),
)
"""Live groups."""

_applications = directory_objects.alias("applications")

APPLICATIONS: Final = Source(
    type=Application,
    table=_applications,
    key=_applications.c.id,
    home="directoryObjects",
    columns=_columns(_applications, Application),
    load=wire_application,
    missing=ObjectNotFound,
    links={"owners": _objects_by(*_owners, _applications.c.id, matrix.APPLICATIONS_READ)},
    where=_live(_applications, Kind.APPLICATION),
    enrich=_complete,
    alternate_keys={"appId": _applications.c.app_id},
    search=(_applications.c.display_name,),
)
"""Live applications."""

_principals = directory_objects.alias("service_principals")

SERVICE_PRINCIPALS: Final = Source(
    type=ServicePrincipal,
    table=_principals,
    key=_principals.c.id,
    home="directoryObjects",
    columns=_columns(_principals, ServicePrincipal),
    load=wire_service_principal,
    missing=ObjectNotFound,
    links={
        "app_role_assignments": _roles(_principals.c.id, _granted.principal_id),
        "app_role_assigned_to": _roles(_principals.c.id, _granted.resource_id),
        "member_of": _objects_by(*_member_of, _principals.c.id, matrix.GROUP_MEMBERS_READ),
        "transitive_member_of": _objects_far_by(
            *_member_of, _principals.c.id, matrix.GROUP_MEMBERS_READ
        ),
    },
    where=_live(_principals, Kind.SERVICE_PRINCIPAL),
    alternate_keys={"appId": _principals.c.app_id},
    search=(_principals.c.display_name,),
)
"""Live service principals."""

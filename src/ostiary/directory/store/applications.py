"""Queries about applications: their secrets, their principals, and the roles that were granted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict

from sqlalchemy import RowMapping, delete, select
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.applications import Grant, Secret, credential
from ostiary.directory.model import Application, AppRoleAssignment, ServicePrincipal
from ostiary.directory.objects import Kind
from ostiary.directory.store.objects import by_id, by_unique_name
from ostiary.directory.store.rows import Values, wire_application, wire_service_principal
from ostiary.directory.tables import app_role_assignments, client_secrets, directory_objects
from ostiary.storage.batches import among
from ostiary.storage.upserts import insert

_granted = app_role_assignments.c
_principal = directory_objects.alias("principal")
_resource = directory_objects.alias("resource")

GRANTS = (
    select(
        app_role_assignments,
        _principal.c.display_name.label("principal_display_name"),
        _principal.c.kind.label("principal_kind"),
        _resource.c.display_name.label("resource_display_name"),
    )
    .join(_principal, _principal.c.id == _granted.principal_id)
    .join(_resource, _resource.c.id == _granted.resource_id)
    .where(_principal.c.deleted_date_time.is_(None), _resource.c.deleted_date_time.is_(None))
    .subquery("grants")
)
"""The roles granted among live objects, with the names of both sides."""


async def applications(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, Application]:
    """Read applications with their secrets' descriptions; ``lock`` before changing them."""
    found = await by_id(conn, ids, wire_application, Kind.APPLICATION, lock=lock)
    await describe_secrets(conn, list(found.values()))
    return found


async def applications_by_app_id(
    conn: AsyncConnection, app_ids: Collection[str]
) -> dict[str, Application]:
    """Read applications by appId, without their secrets' descriptions."""
    return await by_unique_name(conn, Kind.APPLICATION, app_ids, wire_application)


async def service_principals(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, ServicePrincipal]:
    """Read the service principals with these ids."""
    return await by_id(conn, ids, wire_service_principal, Kind.SERVICE_PRINCIPAL, lock=lock)


async def service_principals_by_app_id(
    conn: AsyncConnection, app_ids: Collection[str]
) -> dict[str, ServicePrincipal]:
    """Read service principals by appId."""
    return await by_unique_name(conn, Kind.SERVICE_PRINCIPAL, app_ids, wire_service_principal)


async def describe_secrets(conn: AsyncConnection, found: Sequence[Application]) -> None:
    """Complete applications with what may be shown of their secrets."""
    known = await secrets(conn, [application.id for application in found])
    for application in found:
        application.password_credentials = [credential(s) for s in known[application.id]]


async def secrets(
    conn: AsyncConnection, application_ids: Collection[str]
) -> dict[str, list[Secret]]:
    """Read the secrets of applications, oldest first; empty for one without any."""
    column = client_secrets.c
    query = (
        select(client_secrets)
        .where(among(column.application_id, application_ids))
        .order_by(column.start_date_time, column.key_id)
    )
    found: dict[str, list[Secret]] = {object_id: [] for object_id in application_ids}
    for row in (await conn.execute(query)).mappings():
        found[row["application_id"]].append(Secret(**row))
    return found


async def insert_secrets(conn: AsyncConnection, new: Sequence[Secret]) -> None:
    """Add secrets."""
    if new:
        await conn.execute(plain_insert(client_secrets), [asdict(secret) for secret in new])


async def delete_secrets(
    conn: AsyncConnection, application_id: str, key_ids: Collection[str]
) -> set[str]:
    """Remove secrets of an application; give the key ids of those that it had."""
    column = client_secrets.c
    result = await conn.execute(
        delete(client_secrets)
        .where(column.application_id == application_id, among(column.key_id, key_ids))
        .returning(column.key_id)
    )
    return set(result.scalars())


def wire_grant(row: RowMapping) -> AppRoleAssignment:
    """Make the wire type of a row of ``GRANTS``."""
    return AppRoleAssignment(
        id=row["id"],
        app_role_id=row["app_role_id"],
        created_date_time=row["created_date_time"],
        principal_display_name=row["principal_display_name"],
        principal_id=row["principal_id"],
        principal_type=Kind(row["principal_kind"]).noun,
        resource_display_name=row["resource_display_name"],
        resource_id=row["resource_id"],
    )


async def grants(conn: AsyncConnection, ids: Collection[str]) -> dict[str, AppRoleAssignment]:
    """Read granted roles by the ids of their assignments."""
    result = await conn.execute(select(GRANTS).where(among(GRANTS.c.id, ids)))
    return {row["id"]: wire_grant(row) for row in result.mappings()}


async def granted_to(
    conn: AsyncConnection, principal_ids: Collection[str]
) -> dict[str, list[AppRoleAssignment]]:
    """Read the roles that live objects hold; empty for one without any."""
    found: dict[str, list[AppRoleAssignment]] = {object_id: [] for object_id in principal_ids}
    query = select(GRANTS).where(among(GRANTS.c.principal_id, principal_ids)).order_by(GRANTS.c.id)
    for row in (await conn.execute(query)).mappings():
        found[row["principal_id"]].append(wire_grant(row))
    return found


async def insert_grants(conn: AsyncConnection, rows: Sequence[Values]) -> set[str]:
    """Add granted roles; give the ids of those that were not granted before."""
    if not rows:
        return set()
    statement = insert(conn, app_role_assignments).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(_granted.id), rows)
    return set(result.scalars())


async def delete_grants(conn: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Withdraw granted roles; give the ids of those that there were."""
    result = await conn.execute(
        delete(app_role_assignments).where(among(_granted.id, ids)).returning(_granted.id)
    )
    return set(result.scalars())


async def grant_ids(conn: AsyncConnection, wanted: Collection[Grant]) -> dict[Grant, str]:
    """Find the assignments by which these roles are held."""
    principals = {grant.principal_id for grant in wanted}
    result = await conn.execute(
        select(app_role_assignments).where(among(_granted.principal_id, principals))
    )
    held = {
        Grant(row["principal_id"], row["resource_id"], row["app_role_id"]): row["id"]
        for row in result.mappings()
    }
    return {grant: held[grant] for grant in wanted if grant in held}

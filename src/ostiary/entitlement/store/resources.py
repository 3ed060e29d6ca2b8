"""Queries about what a catalog can hand out: resources, their roles and scopes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, delete, exists, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.catalogs import (
    AccessPackageResource,
    AccessPackageResourceRequest,
    AccessPackageResourceRole,
    AccessPackageResourceScope,
)
from ostiary.entitlement.model.enums import AccessPackageRequestState, AccessPackageRequestType
from ostiary.entitlement.tables import (
    catalog_resources,
    package_role_scopes,
    resource_requests,
    resource_roles,
    resource_scopes,
)
from ostiary.storage import upserts


def load_resource(row: RowMapping) -> AccessPackageResource:
    """Make a resource of its row."""
    return AccessPackageResource(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        origin_id=row["origin_id"],
        origin_system=row["origin_system"],
        created_date_time=row["created_at"],
        added_by=row["created_by"],
        modified_date_time=row["modified_at"],
        is_pending_onboarding=False,
    )


def load_role(row: RowMapping) -> AccessPackageResourceRole:
    """Make a role of its row."""
    return AccessPackageResourceRole(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        origin_id=row["origin_id"],
        origin_system=row["origin_system"],
    )


def load_scope(row: RowMapping) -> AccessPackageResourceScope:
    """Make a scope of its row."""
    return AccessPackageResourceScope(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        origin_id=row["origin_id"],
        origin_system=row["origin_system"],
        is_root_scope=row["is_root_scope"],
    )


def load_request(row: RowMapping) -> AccessPackageResourceRequest:
    """Make a resource request of its row."""
    return AccessPackageResourceRequest(
        id=row["id"],
        request_type=AccessPackageRequestType(row["request_type"]),
        state=AccessPackageRequestState(row["state"]),
        request_status="Fulfilled",
        catalog_id=row["catalog_id"],
        justification=row["justification"],
        execute_immediately=False,
        is_validation_only=False,
        created_date_time=row["created_at"],
    )


async def resource(
    conn: AsyncConnection,
    catalog_id: str,
    *,
    key: str | None = None,
    origin: tuple[str, str] | None = None,
) -> AccessPackageResource | None:
    """Find a resource of a catalog by its id, or by (origin system, origin id)."""
    columns = catalog_resources.c
    query = select(catalog_resources).where(columns.catalog_id == catalog_id)
    if key:
        query = query.where(columns.id == key)
    if origin:
        query = query.where(columns.origin_system == origin[0], columns.origin_id == origin[1])
    row = (await conn.execute(query)).mappings().first() if key or origin else None
    return load_resource(row) if row else None


async def insert_resource(
    conn: AsyncConnection, catalog_id: str, new: AccessPackageResource
) -> bool:
    """Add a resource to a catalog; say whether it was not there."""
    row = {
        "id": new.id,
        "catalog_id": catalog_id,
        "display_name": new.display_name,
        "description": new.description,
        "origin_id": new.origin_id,
        "origin_system": new.origin_system,
        "created_at": new.created_date_time,
        "created_by": new.added_by,
        "modified_at": new.modified_date_time,
    }
    statement = upserts.insert(conn, catalog_resources).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(catalog_resources.c.id), [row])
    return result.first() is not None


async def insert_roles(
    conn: AsyncConnection,
    catalog_id: str,
    resource_id: str,
    roles: Sequence[AccessPackageResourceRole],
    scopes: Sequence[AccessPackageResourceScope],
) -> None:
    """Add the roles and scopes of a resource."""
    here = {"catalog_id": catalog_id, "resource_id": resource_id}
    await conn.execute(insert(resource_roles), [{**here, **_origin(role)} for role in roles])
    scope_rows = [{**here, **_origin(one), "is_root_scope": one.is_root_scope} for one in scopes]
    await conn.execute(insert(resource_scopes), scope_rows)


async def role_id(
    conn: AsyncConnection, catalog_id: str, role: AccessPackageResourceRole
) -> tuple[str, str] | None:
    """Find a role of a catalog by id, or by origin; give its id and its resource's id."""
    return await _find(conn, resource_roles, catalog_id, role)


async def scope_id(
    conn: AsyncConnection, catalog_id: str, scope: AccessPackageResourceScope
) -> tuple[str, str] | None:
    """Find a scope of a catalog by id, or by origin; give its id and its resource's id."""
    return await _find(conn, resource_scopes, catalog_id, scope)


async def is_used(conn: AsyncConnection, resource_id: str) -> bool:
    """Say whether a package has a role of this resource."""
    roles = select(resource_roles.c.id).where(resource_roles.c.resource_id == resource_id)
    used = exists().where(package_role_scopes.c.role_id.in_(roles))
    return bool(await conn.scalar(select(used)))


async def delete_resource(conn: AsyncConnection, resource_id: str) -> None:
    """Take a resource out of its catalog, with its roles and scopes."""
    for table in (resource_scopes, resource_roles):
        await conn.execute(delete(table).where(table.c.resource_id == resource_id))
    await conn.execute(delete(catalog_resources).where(catalog_resources.c.id == resource_id))


async def insert_request(
    conn: AsyncConnection,
    key: str,
    request: AccessPackageResourceRequest,
    *,
    catalog_id: str,
    resource_id: str,
    now: datetime,
) -> AccessPackageResourceRequest:
    """Keep a resource request that has been carried out."""
    row = {
        "id": key,
        "request_type": request.request_type.value,
        "state": AccessPackageRequestState.DELIVERED.value,
        "catalog_id": catalog_id,
        "resource_id": resource_id,
        "justification": request.justification,
        "created_at": now,
    }
    result = await conn.execute(
        insert(resource_requests).values(row).returning(*resource_requests.c)
    )
    return load_request(result.mappings().one())


async def _find(
    conn: AsyncConnection,
    table: Table,
    catalog_id: str,
    wanted: AccessPackageResourceRole | AccessPackageResourceScope,
) -> tuple[str, str] | None:
    query = select(table.c.id, table.c.resource_id).where(table.c.catalog_id == catalog_id)
    if wanted.id:
        query = query.where(table.c.id == wanted.id.lower())
    elif wanted.origin_id:
        query = query.where(table.c.origin_id == wanted.origin_id)
    else:
        return None
    found = (await conn.execute(query)).first()
    return (found[0], found[1]) if found else None


def _origin(
    value: AccessPackageResourceRole | AccessPackageResourceScope,
) -> dict[str, Any]:  # column values
    return {
        "id": value.id,
        "display_name": value.display_name,
        "description": value.description,
        "origin_id": value.origin_id,
        "origin_system": value.origin_system,
    }

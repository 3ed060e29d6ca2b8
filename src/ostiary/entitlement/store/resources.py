"""Queries about what a catalog can hand out: resources, their roles and scopes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import attributes
from ostiary.entitlement.model.attributes import AccessPackageResourceAttribute
from ostiary.entitlement.model.catalogs import (
    AccessPackageResource,
    AccessPackageResourceRequest,
    AccessPackageResourceRole,
    AccessPackageResourceScope,
    CustomDataProvidedResource,
)
from ostiary.entitlement.model.enums import AccessPackageRequestState, AccessPackageRequestType
from ostiary.entitlement.origins import CUSTOM_DATA_SYSTEM
from ostiary.entitlement.store.documents import read, read_list, written, written_list
from ostiary.entitlement.tables import (
    access_packages,
    catalog_resources,
    catalogs,
    package_role_scopes,
    resource_requests,
    resource_roles,
    resource_scopes,
)
from ostiary.extensions.model import CustomExtensionEndpointConfiguration
from ostiary.storage import upserts
from ostiary.storage.batches import among


def load_resource(row: RowMapping) -> AccessPackageResource:
    """Make a resource of its row."""
    shared: dict[str, Any] = {  # properties of several types
        "id": row["id"],
        "display_name": row["display_name"],
        "description": row["description"],
        "origin_id": row["origin_id"],
        "origin_system": row["origin_system"],
        "resource_type": row["resource_type"],
        "url": row["url"],
        "attributes": attributes_of(row["attributes"]),
        "created_date_time": row["created_at"],
        "added_by": row["created_by"],
        "modified_date_time": row["modified_at"],
        "is_pending_onboarding": False,
    }
    if row["origin_system"] != CUSTOM_DATA_SYSTEM:
        return AccessPackageResource(**shared)
    endpoint = read(CustomExtensionEndpointConfiguration, row["notification_endpoint"])
    return CustomDataProvidedResource(**shared, notification_endpoint_configuration=endpoint)


def attributes_of(
    documents: Sequence[Mapping[str, Any]] | None,
) -> list[AccessPackageResourceAttribute]:
    """Read the attributes of a resource; the id that beta gives one is that of its question."""
    found = read_list(AccessPackageResourceAttribute, documents)
    for one in found:
        question = attributes.question_of(one)
        one.id = question.id if question else None
    return found


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
        url=row["url"],
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
        execute_immediately=bool(row["execute_immediately"]),
        is_validation_only=False,
        expiration_date_time=row["expires_at"],
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
    conn: AsyncConnection,
    catalog_id: str,
    new: AccessPackageResource,
    *,
    environment_id: str | None = None,
) -> bool:
    """Add a resource to a catalog; say whether it was not there."""
    row = {
        **_described(new),
        "id": new.id,
        "catalog_id": catalog_id,
        "origin_id": new.origin_id,
        "origin_system": new.origin_system,
        "environment_id": environment_id,
        "created_at": new.created_date_time,
        "created_by": new.added_by,
    }
    statement = upserts.insert(conn, catalog_resources).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(catalog_resources.c.id), [row])
    return result.first() is not None


async def save_resource(conn: AsyncConnection, changed: AccessPackageResource) -> None:
    """Store what can change of a resource."""
    same = catalog_resources.c.id == changed.id
    await conn.execute(update(catalog_resources).where(same).values(_described(changed)))


async def put_roles(
    conn: AsyncConnection,
    catalog_id: str,
    resource_id: str,
    roles: Sequence[AccessPackageResourceRole],
    scopes: Sequence[AccessPackageResourceScope],
) -> None:
    """Add the roles and scopes of a resource; those that are there take the new names."""
    here = {"catalog_id": catalog_id, "resource_id": resource_id}
    role_rows = [{**here, **_origin(role)} for role in roles]
    more = ("is_root_scope", "url")
    scope_rows = [{**here, **_origin(s), **{n: getattr(s, n) for n in more}} for s in scopes]
    for table, rows in ((resource_roles, role_rows), (resource_scopes, scope_rows)):
        if rows:
            statement = upserts.insert(conn, table)
            names = {n: statement.excluded[n] for n in ("display_name", "description")}
            await conn.execute(
                statement.on_conflict_do_update(
                    index_elements=["resource_id", "origin_id"], set_=names
                ),
                rows,
            )


async def drop_unused(conn: AsyncConnection, resource_id: str, *, keep: Collection[str]) -> None:
    """Delete the roles of a resource that no package has and whose origin ids are not these."""
    roles = resource_roles.c
    used = select(package_role_scopes.c.role_id)
    gone = (roles.resource_id == resource_id) & ~among(roles.origin_id, keep)
    await conn.execute(delete(resource_roles).where(gone, roles.id.not_in(used)))


async def role_named(
    conn: AsyncConnection, resource_id: str, wanted: AccessPackageResourceRole
) -> str | None:
    """Find a role of a resource by its id, or by what its origin calls it."""
    return await _find(conn, resource_roles, resource_id, wanted)


async def scope_named(
    conn: AsyncConnection, resource_id: str, wanted: AccessPackageResourceScope
) -> str | None:
    """Find a scope of a resource by its id, or by what its origin calls it."""
    return await _find(conn, resource_scopes, resource_id, wanted)


async def resources_with_role(
    conn: AsyncConnection, catalog_id: str, wanted: AccessPackageResourceRole
) -> list[str]:
    """Give the resources of a catalog that have such a role."""
    columns = resource_roles.c
    query = select(columns.resource_id).where(columns.catalog_id == catalog_id)
    if wanted.id:
        query = query.where(columns.id == wanted.id.lower())
    else:
        query = query.where(columns.origin_id == wanted.origin_id)
    return list((await conn.execute(query.limit(2))).scalars())


async def using_packages(
    conn: AsyncConnection, resource_ids: Collection[str]
) -> dict[str, list[str]]:
    """Name the packages that have roles of resources; resources that none uses are missing."""
    roles, name = resource_roles.c, access_packages.c.display_name
    query = (
        select(roles.resource_id, name)
        .join(package_role_scopes, package_role_scopes.c.role_id == roles.id)
        .join(access_packages, access_packages.c.id == package_role_scopes.c.package_id)
        .where(among(roles.resource_id, resource_ids))
        .distinct()
        .order_by(name)
    )
    found: dict[str, list[str]] = defaultdict(list)
    for key, package in await conn.execute(query):
        found[key].append(package)
    return dict(found)


async def lock_resources(
    conn: AsyncConnection, keys: Collection[str]
) -> dict[str, AccessPackageResource]:
    """Give resources by id, their catalogs locked; those that do not exist are missing."""
    these = among(catalog_resources.c.id, keys)
    own = select(catalog_resources.c.catalog_id).where(these)
    places = select(catalogs.c.id).where(catalogs.c.id.in_(own)).order_by(catalogs.c.id)
    await conn.execute(places.with_for_update())
    rows = (await conn.execute(select(catalog_resources).where(these))).mappings()
    return {row["id"]: load_resource(row) for row in rows}


async def delete_resources(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Take resources out of their catalogs, with their roles and scopes."""
    for table in (resource_scopes, resource_roles):
        await conn.execute(delete(table).where(among(table.c.resource_id, keys)))
    await conn.execute(delete(catalog_resources).where(among(catalog_resources.c.id, keys)))


async def insert_request(
    conn: AsyncConnection,
    key: str,
    request: AccessPackageResourceRequest,
    *,
    catalog_id: str,
    resource_id: str,
    requestor_id: str,
    now: datetime,
) -> AccessPackageResourceRequest:
    """Keep a resource request that has been carried out."""
    row = {
        "id": key,
        "request_type": request.request_type.value,
        "state": AccessPackageRequestState.DELIVERED.value,
        "catalog_id": catalog_id,
        "resource_id": resource_id,
        "requestor_id": requestor_id,
        "execute_immediately": request.execute_immediately,
        "justification": request.justification,
        "expires_at": request.expiration_date_time,
        "created_at": now,
    }
    result = await conn.execute(
        insert(resource_requests).values(row).returning(*resource_requests.c)
    )
    return load_request(result.mappings().one())


async def _find(
    conn: AsyncConnection,
    table: Table,
    resource_id: str,
    wanted: AccessPackageResourceRole | AccessPackageResourceScope,
) -> str | None:
    query = select(table.c.id).where(table.c.resource_id == resource_id)
    if wanted.id:
        query = query.where(table.c.id == wanted.id.lower())
    elif wanted.origin_id:
        query = query.where(table.c.origin_id == wanted.origin_id)
    else:
        return None
    found: str | None = await conn.scalar(query)
    return found


def _described(value: AccessPackageResource) -> dict[str, Any]:  # column values
    endpoint = (
        value.notification_endpoint_configuration
        if isinstance(value, CustomDataProvidedResource)
        else None
    )
    return {
        "display_name": value.display_name,
        "description": value.description,
        "resource_type": value.resource_type,
        "url": value.url,
        "attributes": written_list(value.attributes or (), AccessPackageResourceAttribute),
        "asks_for_attributes": bool(value.attributes),
        "notification_endpoint": written(endpoint, CustomExtensionEndpointConfiguration),
        "modified_at": value.modified_date_time,
    }


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

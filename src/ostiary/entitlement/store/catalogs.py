"""Queries about catalogs, packages, and what a package holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.catalogs import AccessPackage, AccessPackageCatalog
from ostiary.entitlement.model.catalogs import AccessPackageResourceRoleScope as RoleScope
from ostiary.entitlement.model.enums import AccessPackageCatalogState, AccessPackageCatalogType
from ostiary.entitlement.tables import (
    access_packages,
    assignment_policies,
    assignments,
    catalog_resources,
    catalogs,
    package_role_scopes,
    resource_roles,
    resource_scopes,
    role_assignments,
)
from ostiary.extensions.tables import custom_extensions
from ostiary.storage import upserts
from ostiary.storage.batches import KEYS, among

_GIVEN_NAMES: Final = (
    "role_scope_id",
    "role_id",
    "scope_id",
    "system",
    "resource",
    "role",
    "scope",
)
_GIVEN: Final = (
    select(
        package_role_scopes.c.package_id,
        package_role_scopes.c.id,
        package_role_scopes.c.role_id,
        package_role_scopes.c.scope_id,
        resource_roles.c.origin_system,
        catalog_resources.c.origin_id,
        resource_roles.c.origin_id,
        resource_scopes.c.origin_id,
    )
    .join(resource_roles, resource_roles.c.id == package_role_scopes.c.role_id)
    .join(resource_scopes, resource_scopes.c.id == package_role_scopes.c.scope_id)
    .join(catalog_resources, catalog_resources.c.id == resource_roles.c.resource_id)
    .order_by(package_role_scopes.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePlace:
    """A package and the catalog that it is in, as far as requests care."""

    package_id: str
    catalog_id: str
    catalog_state: AccessPackageCatalogState
    is_externally_visible: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenRole:
    """One role in one scope of a package, and what its origin calls it."""

    role_scope_id: str
    role_id: str
    scope_id: str
    system: str
    resource: str
    role: str
    scope: str


def load_catalog(row: RowMapping) -> AccessPackageCatalog:
    """Make a catalog of its row."""
    return AccessPackageCatalog(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        state=AccessPackageCatalogState(row["state"]),
        catalog_type=AccessPackageCatalogType(row["catalog_type"]),
        is_externally_visible=row["is_externally_visible"],
        created_date_time=row["created_at"],
        created_by=row["created_by"],
        modified_date_time=row["modified_at"],
        modified_by=row["modified_by"],
    )


_READ_CATALOGS: Final = select(catalogs).where(among(catalogs.c.id, KEYS))
_READ_PACKAGES: Final = select(access_packages).where(among(access_packages.c.id, KEYS))
_LOCK_PACKAGES: Final = _READ_PACKAGES.order_by(access_packages.c.id).with_for_update()
_PLACES: Final = (
    select(
        access_packages.c.id,
        access_packages.c.catalog_id,
        catalogs.c.state,
        catalogs.c.is_externally_visible,
    )
    .join(catalogs, catalogs.c.id == access_packages.c.catalog_id)
    .where(among(access_packages.c.id, KEYS))
)


def load_package(row: RowMapping) -> AccessPackage:
    """Make a package of its row."""
    return AccessPackage(
        id=row["id"],
        catalog_id=row["catalog_id"],
        display_name=row["display_name"],
        description=row["description"],
        is_hidden=row["is_hidden"],
        is_role_scopes_visible=row["is_role_scopes_visible"],
        created_date_time=row["created_at"],
        created_by=row["created_by"],
        modified_date_time=row["modified_at"],
        modified_by=row["modified_by"],
    )


def load_role_scope(row: RowMapping) -> RoleScope:
    """Make a role in a scope of its row."""
    return _role_scope(row["id"], row["created_by"], row["created_at"])


def _role_scope(key: str, by: str | None, at: datetime) -> RoleScope:
    return RoleScope(
        id=key, created_date_time=at, created_by=by, modified_date_time=at, modified_by=by
    )


async def catalog(
    conn: AsyncConnection, key: str, *, lock: bool = False
) -> AccessPackageCatalog | None:
    """Read a catalog; ``lock`` before changing it or something that must stay in it."""
    row = await _row(conn, select(catalogs).where(catalogs.c.id == key), lock=lock)
    return load_catalog(row) if row else None


async def package(conn: AsyncConnection, key: str, *, lock: bool = False) -> AccessPackage | None:
    """Read a package; ``lock`` before changing it or something that must stay in it."""
    query = select(access_packages).where(access_packages.c.id == key)
    row = await _row(conn, query, lock=lock)
    return load_package(row) if row else None


async def catalogs_by_id(
    conn: AsyncConnection, keys: Collection[str]
) -> dict[str, AccessPackageCatalog]:
    """Read catalogs; those that do not exist are missing."""
    rows = (await conn.execute(_READ_CATALOGS, {"keys": keys})).mappings()
    return {row["id"]: load_catalog(row) for row in rows}


async def packages(conn: AsyncConnection, keys: Collection[str]) -> dict[str, AccessPackage]:
    """Read packages; those that do not exist are missing."""
    rows = (await conn.execute(_READ_PACKAGES, {"keys": keys})).mappings()
    return {row["id"]: load_package(row) for row in rows}


async def lock_packages(conn: AsyncConnection, keys: Collection[str]) -> dict[str, AccessPackage]:
    """Read packages that nobody else changes or deletes meanwhile; others are missing."""
    rows = (await conn.execute(_LOCK_PACKAGES, {"keys": keys})).mappings()
    return {row["id"]: load_package(row) for row in rows}


async def insert_catalog(conn: AsyncConnection, new: AccessPackageCatalog) -> bool:
    """Add a catalog; say whether it was not there."""
    statement = upserts.insert(conn, catalogs).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(catalogs.c.id), [_catalog_row(new)])
    return result.first() is not None


async def save_catalog(conn: AsyncConnection, changed: AccessPackageCatalog) -> None:
    """Store every property of a catalog."""
    same = catalogs.c.id == changed.id
    await conn.execute(update(catalogs).where(same).values(_catalog_row(changed)))


async def delete_catalog(conn: AsyncConnection, key: str) -> None:
    """Delete a catalog that has no packages, with everything else that is in it."""
    for table in (
        role_assignments,
        resource_scopes,
        resource_roles,
        catalog_resources,
        custom_extensions,
    ):
        await conn.execute(delete(table).where(table.c.catalog_id == key))
    await conn.execute(delete(catalogs).where(catalogs.c.id == key))


async def package_names(conn: AsyncConnection, catalog_id: str, *, limit: int) -> list[str]:
    """Name some packages of a catalog."""
    query = select(access_packages.c.display_name).where(access_packages.c.catalog_id == catalog_id)
    return list((await conn.execute(query.limit(limit))).scalars())


async def insert_package(conn: AsyncConnection, new: AccessPackage) -> None:
    """Add a package."""
    await conn.execute(insert(access_packages).values(_package_row(new)))


async def save_package(conn: AsyncConnection, changed: AccessPackage) -> None:
    """Store every property of a package."""
    same = access_packages.c.id == changed.id
    await conn.execute(update(access_packages).where(same).values(_package_row(changed)))


async def delete_package(conn: AsyncConnection, key: str) -> None:
    """Delete a package that has no policies any more, and that nothing else names."""
    await conn.execute(delete(package_role_scopes).where(package_role_scopes.c.package_id == key))
    await conn.execute(delete(access_packages).where(access_packages.c.id == key))


async def has_assignments(conn: AsyncConnection, package_id: str) -> bool:
    """Say whether somebody holds the package or waits for it."""
    held = (assignments.c.package_id == package_id) & assignments.c.holder_key.is_not(None)
    return bool(await conn.scalar(select(exists().where(held))))


async def lock_policies(conn: AsyncConnection, package_id: str) -> list[str]:
    """Give the ids of the policies of a package; nobody can ask under them meanwhile."""
    rows = assignment_policies.c.id
    query = select(rows).where(assignment_policies.c.package_id == package_id).order_by(rows)
    return list((await conn.execute(query.with_for_update())).scalars())


async def places(conn: AsyncConnection, package_ids: Collection[str]) -> dict[str, PackagePlace]:
    """Say where packages are; those that do not exist are missing."""
    rows = await conn.execute(_PLACES, {"keys": package_ids})
    return {
        key: PackagePlace(
            package_id=key,
            catalog_id=catalog_id,
            catalog_state=AccessPackageCatalogState(state),
            is_externally_visible=is_visible,
        )
        for key, catalog_id, state, is_visible in rows
    }


async def insert_role_scope(
    conn: AsyncConnection, package_id: str, role_id: str, scope_id: str, *, by: str, now: datetime
) -> RoleScope | None:
    """Put a role in a scope into a package; None when it is there already."""
    row = {
        "package_id": package_id,
        "id": f"{role_id}_{scope_id}",
        "role_id": role_id,
        "scope_id": scope_id,
        "created_at": now,
        "created_by": by,
    }
    statement = upserts.insert(conn, package_role_scopes).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(package_role_scopes.c.id), [row])
    if result.first() is None:
        return None
    return _role_scope(f"{role_id}_{scope_id}", by, now)


async def delete_role_scope(conn: AsyncConnection, package_id: str, key: str) -> bool:
    """Take a role in a scope out of a package; say whether it was there."""
    here = (package_role_scopes.c.package_id == package_id) & (package_role_scopes.c.id == key)
    result = await conn.execute(delete(package_role_scopes).where(here))
    return result.rowcount > 0


async def given_roles(
    conn: AsyncConnection, package_ids: Collection[str]
) -> dict[str, list[GivenRole]]:
    """Give the roles of each package, in a fixed order."""
    found: dict[str, list[GivenRole]] = {key: [] for key in package_ids}
    query = _GIVEN.where(among(package_role_scopes.c.package_id, package_ids))
    for package_id, *values in await conn.execute(query):
        found[package_id].append(GivenRole(**dict(zip(_GIVEN_NAMES, values, strict=True))))
    return found


async def _row(conn: AsyncConnection, query: Any, *, lock: bool) -> RowMapping | None:
    """Run a query of one row; the type of a select says nothing of its mappings."""
    result = await conn.execute(query.with_for_update() if lock else query)
    found: RowMapping | None = result.mappings().first()
    return found


def _catalog_row(value: AccessPackageCatalog) -> dict[str, Any]:  # column values
    return {
        "id": value.id,
        "display_name": value.display_name,
        "description": value.description,
        "state": value.state.value,
        "catalog_type": value.catalog_type.value,
        "is_externally_visible": value.is_externally_visible,
        "created_at": value.created_date_time,
        "created_by": value.created_by,
        "modified_at": value.modified_date_time,
        "modified_by": value.modified_by,
    }


def _package_row(value: AccessPackage) -> dict[str, Any]:  # column values
    return {
        "id": value.id,
        "catalog_id": value.catalog_id,
        "display_name": value.display_name,
        "description": value.description,
        "is_hidden": value.is_hidden,
        "is_role_scopes_visible": value.is_role_scopes_visible,
        "created_at": value.created_date_time,
        "created_by": value.created_by,
        "modified_at": value.modified_date_time,
        "modified_by": value.modified_by,
    }

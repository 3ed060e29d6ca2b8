"""Use cases of catalogs. There is one called General from the first start on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Target
from ostiary.audit.store import record
from ostiary.entitlement import policies
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.catalogs import AccessPackageCatalog
from ostiary.entitlement.model.enums import AccessPackageCatalogType
from ostiary.entitlement.model.roles import UnifiedRoleAssignment
from ostiary.entitlement.roles import Role, catalog_scope
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as store
from ostiary.entitlement.store import roles as role_store
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.facts import fact_or
from ostiary.storage.ids import new_id

GENERAL: Final = "General"
_FACT: Final = "general_catalog"
_NAMED: Final = 5
"""How many of the packages that are in the way a refusal names."""


async def ensure_general(conn: AsyncConnection, *, now: datetime) -> str:
    """Make the built-in catalog if there is none; give its id."""
    key: str = await fact_or(conn, _FACT, new_id)
    general = AccessPackageCatalog(
        id=key,
        display_name=GENERAL,
        description="Built-in catalog.",
        catalog_type=AccessPackageCatalogType.SERVICE_DEFAULT,
        created_date_time=now,
        created_by=SYSTEM.display_name,
        modified_date_time=now,
        modified_by=SYSTEM.display_name,
    )
    await store.insert_catalog(conn, general)
    return key


@dataclass(frozen=True, slots=True)
class Catalogs:
    """What can be done to catalogs."""

    database: Database

    async def create(self, draft: AccessPackageCatalog, act: Act) -> AccessPackageCatalog:
        """Make a catalog; whoever makes it becomes its owner.

        :raises InvalidModel: the name is empty, or the type is one that only the server makes.
        """
        _check(draft)
        made = msgspec.structs.replace(
            draft,
            id=new_id(),
            created_date_time=act.now,
            created_by=act.name,
            modified_date_time=act.now,
            modified_by=act.name,
        )
        owner = UnifiedRoleAssignment(
            id=new_id(),
            principal_id=act.caller.object_id,
            role_definition_id=Role.CATALOG_OWNER.value,
            app_scope_id=catalog_scope(made.id),
        )
        async with self.database.transaction() as conn:
            await store.insert_catalog(conn, made)
            await role_store.insert_assignment(conn, owner, catalog_id=made.id, now=act.now)
            await record(conn, [act.event("Create catalog", "Add", _target(made))], now=act.now)
        return made

    async def update(
        self,
        key: str,
        change: Callable[[AccessPackageCatalog], AccessPackageCatalog],
        act: Act,
    ) -> AccessPackageCatalog:
        """Change a catalog.

        :raises NotThere: there is none.
        :raises InvalidModel: as ``create``.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            changed = change(existing)
            if changed.catalog_type is not existing.catalog_type:
                _check_type(changed)
            policies.check_name(changed.display_name)
            changed = msgspec.structs.replace(
                changed, modified_date_time=act.now, modified_by=act.name
            )
            await store.save_catalog(conn, changed)
            await record(
                conn, [act.event("Update catalog", "Update", _target(changed))], now=act.now
            )
        return changed

    async def delete(self, key: str, act: Act) -> None:
        """Delete a catalog with its resources, extensions and role assignments.

        :raises NotThere: there is none.
        :raises OperationNotAllowed: it is the built-in one, or has packages.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            if existing.catalog_type is not AccessPackageCatalogType.USER_MANAGED:
                raise OperationNotAllowed("The built-in catalog cannot be deleted.")
            names = await store.package_names(conn, key, limit=_NAMED)
            if names:
                raise OperationNotAllowed(
                    f"The catalog has access packages: {', '.join(names)}. Delete them first."
                )
            await store.delete_catalog(conn, key)
            await record(
                conn, [act.event("Delete catalog", "Delete", _target(existing))], now=act.now
            )


async def _existing(conn: AsyncConnection, key: str) -> AccessPackageCatalog:
    existing = await store.catalog(conn, key, lock=True)
    if existing is None:
        raise NotThere("catalog", key)
    return existing


def _check(catalog: AccessPackageCatalog) -> None:
    policies.check_name(catalog.display_name)
    _check_type(catalog)


def _check_type(catalog: AccessPackageCatalog) -> None:
    if catalog.catalog_type is not AccessPackageCatalogType.USER_MANAGED:
        raise InvalidModel("'catalogType' must be 'userManaged'.", target="catalogType")


def _target(catalog: AccessPackageCatalog) -> Target:
    return Target(id=catalog.id, type="Catalog", display_name=catalog.display_name)

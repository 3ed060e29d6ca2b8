"""Moving a package to another catalog, with its policies, requests and assignments.

What the package hands out must be in the other catalog already; it hands out the same there under
other ids. Nobody gets or loses anything by it.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.catalogs import AccessPackageCatalog
from ostiary.entitlement.process import kinds
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as store
from ostiary.entitlement.store import moving
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Moving:
    """Moves packages."""

    database: Database

    async def move(self, key: str, catalog_id: str, act: Act) -> None:
        """Move a package to a catalog; a package that is there stays as it is.

        :raises NotThere: there is no such package.
        :raises InvalidModel: there is no such catalog.
        :raises OperationNotAllowed: the catalog lacks a resource of the package, or a policy calls
            an extension of the catalog that the package is in.
        """
        async with self.database.transaction() as conn:
            catalog = await store.catalog(conn, catalog_id, lock=True)
            if catalog is None:
                raise InvalidModel(f"There is no catalog '{catalog_id}'.", target="catalogId")
            package = await store.package(conn, key, lock=True)
            if package is None:
                raise NotThere("accessPackage", key)
            if package.catalog_id == catalog_id:
                return
            await store.lock_policies(conn, key)
            await _check(conn, key, catalog)
            moved = msgspec.structs.replace(
                package,
                catalog_id=catalog_id,
                modified_date_time=act.now,
                modified_by=act.name,
            )
            await moving.move_role_scopes(conn, key, catalog_id)
            await store.save_package(conn, moved)
            await moving.move_everything_else(conn, key, catalog_id)
            await queue.put(conn, [NewWork(kind=kinds.SPREAD, key=key, due_at=act.now)])
            about = Target(id=key, type="AccessPackage", display_name=package.display_name)
            to = Target(id=catalog_id, type="Catalog", display_name=catalog.display_name)
            event = act.event("Move access package to catalog", "Update", about, to)
            await record(conn, [event], now=act.now)


async def _check(conn: AsyncConnection, key: str, catalog: AccessPackageCatalog) -> None:
    missing = await moving.missing_resources(conn, key, catalog.id)
    if missing:
        raise OperationNotAllowed(
            f"The catalog '{catalog.display_name}' does not have the resources: "
            f"{', '.join(missing)}. Add them there first.",
            target="catalogId",
        )
    calling = await moving.calling_policies(conn, key)
    if calling:
        raise OperationNotAllowed(
            f"The policies call extensions of the catalog that the package is in: "
            f"{', '.join(calling)}. Remove the extensions from them first.",
            target="catalogId",
        )

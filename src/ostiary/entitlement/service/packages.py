"""Use cases of packages, and of the roles that a package holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.entitlement import policies
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageCatalog,
    AccessPackageResourceRoleScope,
)
from ostiary.entitlement.process import kinds
from ostiary.entitlement.providers.port import Offer
from ostiary.entitlement.service import offering
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.offers import Offers
from ostiary.entitlement.store import catalogs as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import separation
from ostiary.graph.edm import describe
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import UNSET
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id


def catalog_named(draft: AccessPackage) -> str | None:
    """Give the catalog that a package names: as a navigation, by a bind, or by ``catalogId``.

    :raises InvalidModel: it names two.
    """
    nested = draft.catalog.id if isinstance(draft.catalog, AccessPackageCatalog) else None
    if nested and draft.catalog_id and nested != draft.catalog_id:
        raise InvalidModel("'catalog' and 'catalogId' name different catalogs.", target="catalog")
    return (nested or draft.catalog_id or "").lower() or None


@dataclass(frozen=True, slots=True)
class Packages:
    """What can be done to packages."""

    database: Database
    offers: Offers

    async def create(self, draft: AccessPackage, act: Act) -> AccessPackage:
        """Make a package in a catalog.

        :raises InvalidModel: the name is empty, the catalog is missing or does not exist, or
            something is named that is set elsewhere.
        """
        policies.check_name(draft.display_name)
        _check_relations(draft)
        catalog_id = catalog_named(draft)
        if not catalog_id:
            raise InvalidModel("The property 'catalog' is required.", target="catalog")
        made = msgspec.structs.replace(
            _plain(draft),
            id=new_id(),
            catalog_id=catalog_id,
            created_date_time=act.now,
            created_by=act.name,
            modified_date_time=act.now,
            modified_by=act.name,
        )
        async with self.database.transaction() as conn:
            if await store.catalog(conn, catalog_id, lock=True) is None:
                raise InvalidModel(f"There is no catalog '{catalog_id}'.", target="catalog")
            await store.insert_package(conn, made)
            event = act.event("Create access package", "Add", _target(made))
            await record(conn, [event], now=act.now)
        return made

    async def update(
        self, key: str, change: Callable[[AccessPackage], AccessPackage], act: Act
    ) -> AccessPackage:
        """Change a package.

        :raises NotThere: there is none.
        :raises InvalidModel: the name is empty, the catalog would be another, or something is
            named that is set elsewhere.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            changed = change(existing)
            policies.check_name(changed.display_name)
            _check_relations(changed)
            if catalog_named(changed) not in (None, existing.catalog_id):
                raise InvalidModel(
                    "The catalog of an access package cannot be changed here.", target="catalog"
                )
            changed = msgspec.structs.replace(
                _plain(changed), modified_date_time=act.now, modified_by=act.name
            )
            await store.save_package(conn, changed)
            event = act.event("Update access package", "Update", _target(changed))
            await record(conn, [event], now=act.now)
        return changed

    async def delete(self, key: str, act: Act) -> None:
        """Delete a package with its policies.

        :raises NotThere: there is none.
        :raises OperationNotAllowed: somebody holds it or asks for it.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            policy_ids = await store.lock_policies(conn, key)
            if await store.has_assignments(conn, key):
                raise OperationNotAllowed(
                    "The access package has assignments or open requests. Remove them first."
                )
            await policy_store.delete_policies(conn, policy_ids)
            await separation.forget_package(conn, key)
            await store.delete_package(conn, key)
            event = act.event("Delete access package", "Delete", _target(existing))
            await record(conn, [event], now=act.now)

    async def add_role_scope(
        self, key: str, draft: AccessPackageResourceRoleScope, act: Act
    ) -> AccessPackageResourceRoleScope:
        """Put a role of a resource of the catalog into a package; who holds it gets the role.

        :raises NotThere: there is no such package.
        :raises InvalidModel: role or scope is missing, or not of one resource of the catalog.
        :raises OperationNotAllowed: the package has it already.
        """
        ahead = await self._ahead(key, draft)
        async with self.database.transaction() as conn:
            package = await _existing(conn, key)
            role_id, scope_id = await self._role_and_scope(conn, package, draft, ahead)
            made = await store.insert_role_scope(
                conn, key, role_id, scope_id, by=act.name, now=act.now
            )
            if made is None:
                raise OperationNotAllowed("The access package already has this role.")
            await self._roles_changed(conn, package, "Add access package resource role", act)
        return made

    async def remove_role_scope(self, key: str, role_scope_id: str, act: Act) -> None:
        """Take a role out of a package; who holds it loses the role.

        :raises NotThere: there is no such package, or it does not have the role.
        """
        async with self.database.transaction() as conn:
            package = await _existing(conn, key)
            if not await store.delete_role_scope(conn, key, role_scope_id):
                raise NotThere("resourceRoleScope", role_scope_id)
            await self._roles_changed(conn, package, "Remove access package resource role", act)

    async def _ahead(self, key: str, draft: AccessPackageResourceRoleScope) -> Offer | None:
        """Ask an origin elsewhere about a role or a scope that the catalog does not know yet."""
        async with self.database.reading() as conn:
            package = await store.package(conn, key)
            if package is None:
                raise NotThere("accessPackage", key)
            named = await offering.named(conn, package.catalog_id or "", draft)
            if all(await offering.ids(conn, named)):
                return None
        resource = named.resource
        return await self.offers.ahead(resource.origin_system or "", resource.origin_id or "")

    async def _role_and_scope(
        self,
        conn: AsyncConnection,
        package: AccessPackage,
        draft: AccessPackageResourceRoleScope,
        ahead: Offer | None,
    ) -> tuple[str, str]:
        """Find what a draft names; what the catalog does not know yet is asked of the origin."""
        catalog_id = package.catalog_id or ""
        named = await offering.named(conn, catalog_id, draft)
        role, scope = await offering.ids(conn, named)
        if not (role and scope):
            resource = named.resource
            system, origin = resource.origin_system or "", resource.origin_id or ""
            offer = ahead or await self.offers.here(conn, system, origin)
            await offering.keep(conn, catalog_id, resource, offer)
            role, scope = await offering.ids(conn, named)
        if role is None:
            raise InvalidModel("'role' names no role of the resource.", target="role")
        if scope is None:
            raise InvalidModel("'scope' names no scope of the resource of 'role'.", target="scope")
        return role, scope

    async def _roles_changed(
        self, conn: AsyncConnection, package: AccessPackage, activity: str, act: Act
    ) -> None:
        await queue.put(conn, [NewWork(kind=kinds.SPREAD, key=package.id, due_at=act.now)])
        await record(conn, [act.event(activity, "Update", _target(package))], now=act.now)


async def _existing(conn: AsyncConnection, key: str) -> AccessPackage:
    existing = await store.package(conn, key, lock=True)
    if existing is None:
        raise NotThere("accessPackage", key)
    return existing


_SET_ELSEWHERE: Final = (
    "assignment_policies",
    "resource_role_scopes",
    "incompatible_access_packages",
    "incompatible_groups",
    "access_packages_incompatible_with",
)
"""Relations that a body may name, as long as it puts nothing into them."""


def _check_relations(draft: AccessPackage) -> None:
    for relation in _SET_ELSEWHERE:
        if getattr(draft, relation):
            wire = describe(AccessPackage).properties[relation].name
            raise InvalidModel(
                f"'{wire}' is not set with the access package: write each of them by itself.",
                target=wire,
            )


def _plain(package: AccessPackage) -> AccessPackage:
    """Leave out what a body may name and a package does not keep."""
    return msgspec.structs.replace(
        package,
        catalog=UNSET,
        **dict.fromkeys(_SET_ELSEWHERE, UNSET),
    )


def _target(package: AccessPackage) -> Target:
    return Target(id=package.id, type="AccessPackage", display_name=package.display_name)

"""The roles and scopes of a resource, as a catalog keeps them, and how a package names one."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.catalogs import (
    AccessPackageResource,
    AccessPackageResourceRole,
    AccessPackageResourceRoleScope,
    AccessPackageResourceScope,
)
from ostiary.entitlement.origins import spelled, system_named
from ostiary.entitlement.providers.port import Offer, RoleOffer, ScopeOffer
from ostiary.entitlement.store import resources as store
from ostiary.graph.errors import InvalidModel
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True)
class Named:
    """The role and scope that a body names, and the resource whose they are."""

    resource: AccessPackageResource
    role: AccessPackageResourceRole
    scope: AccessPackageResourceScope


async def keep(
    conn: AsyncConnection, catalog_id: str, resource: AccessPackageResource, offer: Offer
) -> None:
    """Keep the roles and scopes that an origin offers."""
    system = resource.origin_system or ""
    roles = [_role(role, system) for role in offer.roles]
    scopes = [_scope(scope, system) for scope in offer.scopes]
    await store.put_roles(conn, catalog_id, resource.id, roles, scopes)


async def named(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResourceRoleScope
) -> Named:
    """Find the resource of which a body names a role and a scope, by ids or by origin.

    :raises InvalidModel: role or scope is missing, or they name no resource, or several.
    """
    role, scope = draft.role, draft.scope
    if not isinstance(role, AccessPackageResourceRole):
        raise InvalidModel("The property 'role' is required.", target="role")
    if not isinstance(scope, AccessPackageResourceScope):
        raise InvalidModel("The property 'scope' is required.", target="scope")
    resource = await _resource(conn, catalog_id, role, scope)
    if resource is None:
        raise InvalidModel(
            "'role' names no role of a resource of the package's catalog: give its 'id', or its "
            "'originId' (such as 'Member_{groupId}') with the 'resource'.",
            target="role",
        )
    system = resource.origin_system or ""
    for part in (role, scope):
        if part.origin_id:
            part.origin_id = _part(system, part.origin_id)
    return Named(resource, role, scope)


async def ids(conn: AsyncConnection, of: Named) -> tuple[str | None, str | None]:
    """Give the ids of a role and a scope; None for one that the catalog does not have."""
    role = await store.role_named(conn, of.resource.id, of.role)
    return role, await store.scope_named(conn, of.resource.id, of.scope)


async def _resource(
    conn: AsyncConnection,
    catalog_id: str,
    role: AccessPackageResourceRole,
    scope: AccessPackageResourceScope,
) -> AccessPackageResource | None:
    given = (role.resource, scope.resource)
    for one in (one for one in given if isinstance(one, AccessPackageResource)):
        system = system_named(one.origin_system or role.origin_system or "")
        origin = spelled(system, one.origin_id or "")
        key = one.id.lower() or None
        pair = (system, origin) if system and origin else None
        return await store.resource(conn, catalog_id, key=key, origin=None if key else pair)
    if not role.id and not role.origin_id:
        return None
    system = system_named(role.origin_system or "")
    wanted = AccessPackageResourceRole(id=role.id, origin_id=_part(system, role.origin_id or ""))
    found = await store.resources_with_role(conn, catalog_id, wanted)
    if len(found) > 1:
        raise InvalidModel(
            f"Several resources have a role '{role.origin_id}': name one in 'role/resource'.",
            target="role/resource",
        )
    return await store.resource(conn, catalog_id, key=found[0]) if found else None


def _part(system: str, origin: str) -> str:
    """Give the origin id of a role or a scope as it is kept; the prefix of a role has its case."""
    head, mark, tail = origin.rpartition("_")
    return head + mark + spelled(system, tail)


def _role(offer: RoleOffer, system: str) -> AccessPackageResourceRole:
    return AccessPackageResourceRole(
        id=new_id(),
        display_name=offer.display_name,
        description=offer.description,
        origin_id=offer.origin_id,
        origin_system=system,
    )


def _scope(offer: ScopeOffer, system: str) -> AccessPackageResourceScope:
    return AccessPackageResourceScope(
        id=new_id(),
        display_name=offer.display_name,
        description=offer.description,
        origin_id=offer.origin_id,
        origin_system=system,
        is_root_scope=offer.is_root,
        url=offer.url,
    )

"""Use cases of what a catalog can hand out: requests that add a resource to it, or remove it.

They are carried out at once. Whoever adds a group must have a say over that group as well: a
catalog owner could otherwise let anybody into any group.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.directory.groups import Group
from ostiary.entitlement.errors import (
    NotThere,
    OperationNotAllowed,
    ResourceAlreadyOnboarded,
    ResourceNotFoundInOriginSystem,
)
from ostiary.entitlement.model.catalogs import (
    AccessPackageCatalog,
    AccessPackageResource,
    AccessPackageResourceRequest,
    AccessPackageResourceRole,
    AccessPackageResourceScope,
)
from ostiary.entitlement.model.enums import AccessPackageRequestType
from ostiary.entitlement.origins import GROUP_SYSTEM, GroupRole, Right, origin_id
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import resources as store
from ostiary.graph.errors import BadRequest, Forbidden, InvalidModel, NotSupported
from ostiary.identity.matrix import GROUP_MEMBERS_WRITE
from ostiary.identity.principals import Principal
from ostiary.storage.database import Database
from ostiary.storage.tables import new_id


def catalog_named(draft: AccessPackageResourceRequest) -> str | None:
    """Give the catalog that a resource request names, in either way."""
    nested = draft.catalog.id if isinstance(draft.catalog, AccessPackageCatalog) else None
    return (nested or draft.catalog_id or "").lower() or None


@dataclass(frozen=True, slots=True)
class Resources:
    """What can be done to the resources of catalogs."""

    database: Database

    async def request(
        self, draft: AccessPackageResourceRequest, act: Act
    ) -> AccessPackageResourceRequest:
        """Add a resource to a catalog, or remove it.

        :raises InvalidModel: the catalog or the resource is missing.
        :raises NotThere: there is no such catalog, or it does not have the resource.
        :raises ResourceAlreadyOnboarded: the catalog has it.
        :raises ResourceNotFoundInOriginSystem: the directory does not have it.
        :raises Forbidden: the caller has no say over it.
        :raises OperationNotAllowed: a package uses it.
        :raises NotSupported: resources of this kind, or requests of this type.
        """
        catalog_id = catalog_named(draft)
        if not catalog_id:
            raise InvalidModel("The property 'catalog' is required.", target="catalog")
        resource = draft.resource
        if not isinstance(resource, AccessPackageResource):
            raise InvalidModel("The property 'resource' is required.", target="resource")
        async with self.database.transaction() as conn:
            if await catalog_store.catalog(conn, catalog_id, lock=True) is None:
                raise NotThere("catalog", catalog_id)
            match draft.request_type:
                case AccessPackageRequestType.ADMIN_ADD:
                    done = await _add(conn, catalog_id, resource, act)
                    event = act.event("Add resource to catalog", "Add", _target(done))
                case AccessPackageRequestType.ADMIN_REMOVE:
                    done = await _remove(conn, catalog_id, resource)
                    event = act.event("Remove resource from catalog", "Delete", _target(done))
                case AccessPackageRequestType.ADMIN_UPDATE:
                    raise NotSupported(
                        "This server does not change resources of catalogs.", target="requestType"
                    )
                case _:
                    raise BadRequest(
                        "'requestType' must be 'adminAdd' or 'adminRemove'.", target="requestType"
                    )
            await record(conn, [event], now=act.now)
            return await store.insert_request(
                conn, new_id(), draft, catalog_id=catalog_id, resource_id=done.id, now=act.now
            )


async def _add(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResource, act: Act
) -> AccessPackageResource:
    if draft.origin_system != GROUP_SYSTEM:
        raise NotSupported(
            f"This server hands out groups only: 'originSystem' must be '{GROUP_SYSTEM}'.",
            target="resource/originSystem",
        )
    group_id = (draft.origin_id or "").lower()
    group = (await directory.groups(conn, [group_id])).get(group_id)
    if group is None:
        raise ResourceNotFoundInOriginSystem(target="resource/originId")
    await _require_authority(conn, group_id, act.caller)
    added = msgspec.structs.replace(
        draft,
        id=new_id(),
        origin_id=group_id,
        display_name=group.display_name,
        description=group.description,
        created_date_time=act.now,
        added_by=act.name,
        modified_date_time=act.now,
    )
    if not await store.insert_resource(conn, catalog_id, added):
        raise ResourceAlreadyOnboarded(target="resource")
    await store.insert_roles(conn, catalog_id, added.id, _roles(group), [_root(group)])
    return added


async def _remove(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResource
) -> AccessPackageResource:
    origin = (draft.origin_system, draft.origin_id)
    named = (origin[0], origin[1].lower()) if origin[0] and origin[1] else None
    existing = await store.resource(conn, catalog_id, key=draft.id.lower() or None, origin=named)
    if existing is None:
        raise NotThere("resource", draft.id or draft.origin_id or "")
    if await store.is_used(conn, existing.id):
        raise OperationNotAllowed(
            "An access package holds a role of the resource. Remove it there first."
        )
    await store.delete_resource(conn, existing.id)
    return existing


async def _require_authority(conn: AsyncConnection, group_id: str, caller: Principal) -> None:
    if caller.kind == "application":
        may = not GROUP_MEMBERS_WRITE.application.isdisjoint(caller.roles)
    else:
        may = not GROUP_MEMBERS_WRITE.directory_roles.isdisjoint(caller.directory_roles)
    if may or caller.object_id in (await directory.owners(conn, [group_id]))[group_id]:
        return
    raise Forbidden(
        "Insufficient privileges to complete the operation. Whoever adds a group to a catalog "
        "must own the group, hold a directory role that manages groups, or (applications) have "
        "the permission Group.ReadWrite.All."
    )


def _roles(group: Group) -> list[AccessPackageResourceRole]:
    return [
        AccessPackageResourceRole(
            id=new_id(),
            display_name=role.value,
            origin_id=origin_id(Right(role, group.id)),
            origin_system=GROUP_SYSTEM,
        )
        for role in GroupRole
    ]


def _root(group: Group) -> AccessPackageResourceScope:
    return AccessPackageResourceScope(
        id=new_id(),
        display_name="Root",
        description="Root Scope",
        origin_id=group.id,
        origin_system=GROUP_SYSTEM,
        is_root_scope=True,
    )


def _target(resource: AccessPackageResource) -> Target:
    return Target(id=resource.id, type="AccessPackageResource", display_name=resource.display_name)

"""What a catalog can hand out: requests that add a resource to it, change it, or remove it.

They are carried out at once; what was added for a time only, a work item removes. Whoever adds
something must have a say over it as well: a catalog owner could otherwise let anybody into any
group.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import AuditEvent
from ostiary.audit.store import record
from ostiary.entitlement import attributes
from ostiary.entitlement.errors import NotThere, OperationNotAllowed, ResourceAlreadyOnboarded
from ostiary.entitlement.model.catalogs import (
    AccessPackageCatalog,
    AccessPackageResource,
    AccessPackageResourceEnvironment,
    AccessPackageResourceRequest,
    CustomDataProvidedResource,
)
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.origins import DIRECTORY_SYSTEMS, spelled, system_named
from ostiary.entitlement.process import clearing
from ostiary.entitlement.providers.port import Offer
from ostiary.entitlement.service import offering
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.offers import Offers
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import environments as environment_store
from ostiary.entitlement.store import resources as store
from ostiary.graph.errors import BadRequest, InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

LONGEST_ORIGIN = 255
"""Characters that what an origin calls something may have."""

_DESCRIBED = ("display_name", "description", "resource_type", "url")


def catalog_named(draft: AccessPackageResourceRequest) -> str | None:
    """Give the catalog that a resource request names, in either way."""
    nested = draft.catalog.id if isinstance(draft.catalog, AccessPackageCatalog) else None
    return (nested or draft.catalog_id or "").lower() or None


class _OnlyAsked(Exception):
    """Undoes what a request did that was only to be checked."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What can be done to the resources of catalogs."""

    database: Database
    offers: Offers

    async def request(
        self, draft: AccessPackageResourceRequest, act: Act
    ) -> AccessPackageResourceRequest:
        """Add a resource to a catalog, change it there, or remove it.

        :raises InvalidModel: the catalog or the resource is missing, or a property does not fit.
        :raises NotThere: there is no such catalog, or it does not have the resource.
        :raises ResourceAlreadyOnboarded: the catalog has it.
        :raises ResourceNotFoundInOriginSystem: its origin does not have it.
        :raises Forbidden: the caller has no say over it.
        :raises OperationNotAllowed: a package uses it.
        :raises NotSupported: nobody knows its origin.
        :raises Unavailable: its origin does not answer.
        """
        catalog_id, resource = _named(draft)
        _check_expiration(draft, act)
        ahead = None
        if draft.request_type is RequestType.ADMIN_ADD:
            resource = _with_origin(resource)
            ahead = await self.offers.ahead(resource.origin_system or "", resource.origin_id or "")
        try:
            async with self.database.transaction() as conn:
                if await catalog_store.catalog(conn, catalog_id, lock=True) is None:
                    raise NotThere("catalog", catalog_id)
                done, event = await self._carry_out(conn, draft, resource, ahead, act)
                await record(conn, [event], now=act.now)
                made = await store.insert_request(
                    conn,
                    new_id(),
                    draft,
                    catalog_id=catalog_id,
                    resource_id=done.id,
                    requestor_id=act.caller.object_id,
                    now=act.now,
                )
                if made.expiration_date_time is not None:
                    at = made.expiration_date_time
                    await clearing.set_timer(conn, done.id, request_id=made.id, at=at)
                if draft.is_validation_only:
                    raise _OnlyAsked
        except _OnlyAsked:
            return msgspec.structs.replace(made, is_validation_only=True)
        return made

    async def refresh(self, catalog_id: str, key: str, act: Act) -> None:
        """Read a resource and its roles from its origin again.

        :raises NotThere: the catalog has no such resource.
        :raises ResourceNotFoundInOriginSystem: its origin has it no more.
        :raises Unavailable: its origin does not answer.
        """
        async with self.database.reading() as conn:
            known = await _existing(conn, catalog_id, AccessPackageResource(id=key))
        system, origin = known.origin_system or "", known.origin_id or ""
        ahead = await self.offers.ahead(system, origin)
        async with self.database.transaction() as conn:
            await catalog_store.catalog(conn, catalog_id, lock=True)
            existing = await _existing(conn, catalog_id, AccessPackageResource(id=key))
            offer = ahead or await self.offers.here(conn, system, origin)
            fresh = _as_offered(existing, offer, act)
            await store.save_resource(conn, fresh)
            await offering.keep(conn, catalog_id, fresh, offer)
            kept = [role.origin_id for role in offer.roles]
            await store.drop_unused(conn, key, keep=kept)
            event = act.event("Refresh resource in catalog", "Update", clearing.target(fresh))
            await record(conn, [event], now=act.now)

    async def _carry_out(
        self,
        conn: AsyncConnection,
        draft: AccessPackageResourceRequest,
        resource: AccessPackageResource,
        ahead: Offer | None,
        act: Act,
    ) -> tuple[AccessPackageResource, AuditEvent]:
        catalog_id = catalog_named(draft) or ""
        match draft.request_type:
            case RequestType.ADMIN_ADD:
                done = await self._add(conn, catalog_id, resource, ahead, act)
                return done, act.event("Add resource to catalog", "Add", clearing.target(done))
            case RequestType.ADMIN_UPDATE:
                done = await _update(conn, catalog_id, resource, act)
                return done, act.event(
                    "Update resource in catalog", "Update", clearing.target(done)
                )
            case RequestType.ADMIN_REMOVE:
                done = await _remove(conn, catalog_id, resource)
                return done, act.event(clearing.REMOVE, "Delete", clearing.target(done))
            case _:
                raise BadRequest(
                    "'requestType' must be 'adminAdd', 'adminUpdate' or 'adminRemove'.",
                    target="requestType",
                )

    async def _add(
        self,
        conn: AsyncConnection,
        catalog_id: str,
        draft: AccessPackageResource,
        ahead: Offer | None,
        act: Act,
    ) -> AccessPackageResource:
        system = draft.origin_system or ""
        offer = ahead or await self.offers.here(conn, system, draft.origin_id or "")
        await self.offers.check_authority(conn, system, offer, act.caller)
        given = attributes.checked(draft.attributes or (), make_id=new_id)
        added = msgspec.structs.replace(
            _as_offered(draft, offer, act),
            id=new_id(),
            attributes=given,
            created_date_time=act.now,
            added_by=act.name,
        )
        environment = await _environment(conn, system, draft)
        if not await store.insert_resource(conn, catalog_id, added, environment_id=environment):
            raise ResourceAlreadyOnboarded(target="resource")
        await offering.keep(conn, catalog_id, added, offer)
        return added


async def _update(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResource, act: Act
) -> AccessPackageResource:
    existing = await _existing(conn, catalog_id, draft)
    if draft.attributes is None:
        raise InvalidModel(
            "The property 'resource/attributes' is required: it is what a request of the type "
            "'adminUpdate' changes.",
            target="resource/attributes",
        )
    given = attributes.checked(draft.attributes, make_id=new_id)
    changed = msgspec.structs.replace(existing, attributes=given, modified_date_time=act.now)
    if isinstance(draft, CustomDataProvidedResource) and isinstance(changed, type(draft)):
        endpoint = draft.notification_endpoint_configuration
        if endpoint is not None:
            changed.notification_endpoint_configuration = endpoint
    for name in _DESCRIBED:
        if getattr(draft, name) not in (None, getattr(existing, name)):
            wire = {"display_name": "displayName", "resource_type": "resourceType"}.get(name, name)
            raise InvalidModel(
                f"The property 'resource/{wire}' is its origin's: change it there and refresh the "
                "resource.",
                target=f"resource/{wire}",
            )
    await store.save_resource(conn, changed)
    return changed


async def _remove(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResource
) -> AccessPackageResource:
    existing = await _existing(conn, catalog_id, draft)
    using = await store.using_packages(conn, [existing.id])
    if using:
        raise OperationNotAllowed(clearing.in_use(using[existing.id]))
    await clearing.remove(conn, [existing.id])
    return existing


async def _existing(
    conn: AsyncConnection, catalog_id: str, draft: AccessPackageResource
) -> AccessPackageResource:
    system = system_named(draft.origin_system or "")
    origin = spelled(system, draft.origin_id or "")
    named = (system, origin) if system and origin else None
    key = draft.id.lower() or None
    existing = await store.resource(conn, catalog_id, key=key, origin=None if key else named)
    if existing is None:
        raise NotThere("resource", draft.id or draft.origin_id or "")
    return existing


async def _environment(
    conn: AsyncConnection, system: str, draft: AccessPackageResource
) -> str | None:
    """Find the environment that a new resource names; None: it names none."""
    named = draft.environment
    if not isinstance(named, AccessPackageResourceEnvironment):
        return None
    found = await environment_store.find(
        conn, system, key=named.id.lower() or None, origin_id=named.origin_id
    )
    if found is None:
        raise InvalidModel(
            f"'resource/environment' names no environment of the origin system '{system}'.",
            target="resource/environment",
        )
    return found


def _named(draft: AccessPackageResourceRequest) -> tuple[str, AccessPackageResource]:
    catalog_id = catalog_named(draft)
    if not catalog_id:
        raise InvalidModel("The property 'catalog' is required.", target="catalog")
    if not isinstance(draft.resource, AccessPackageResource):
        raise InvalidModel("The property 'resource' is required.", target="resource")
    return catalog_id, draft.resource


def _check_expiration(draft: AccessPackageResourceRequest, act: Act) -> None:
    """Check the instant at which a resource that is added is to be removed again.

    :raises InvalidModel: nothing is added, or it does not lie in the future.
    """
    at = draft.expiration_date_time
    if at is None:
        return
    if draft.request_type is not RequestType.ADMIN_ADD:
        raise InvalidModel(
            "The property 'expirationDateTime' must be left out unless 'requestType' is 'adminAdd':"
            " it is when the resource that is added is removed again.",
            target="expirationDateTime",
        )
    if at <= act.now:
        raise InvalidModel(
            "The property 'expirationDateTime' must lie in the future.",
            target="expirationDateTime",
        )


def _with_origin(draft: AccessPackageResource) -> AccessPackageResource:
    """Give a new resource with its origin as it is kept.

    :raises InvalidModel: a part of its origin is missing or too long.
    """
    system = system_named((draft.origin_system or "").strip())
    origin = spelled(system, (draft.origin_id or "").strip())
    for name, value in (("originSystem", system), ("originId", origin)):
        if not value or len(value) > (64 if name == "originSystem" else LONGEST_ORIGIN):
            raise InvalidModel(
                f"The property 'resource/{name}' is required, and may have at most "
                f"{LONGEST_ORIGIN} characters.",
                target=f"resource/{name}",
            )
    return msgspec.structs.replace(draft, origin_system=system, origin_id=origin)


def _as_offered(draft: AccessPackageResource, offer: Offer, act: Act) -> AccessPackageResource:
    """Give a resource as its origin describes it; one elsewhere may leave that to the catalog."""
    said = {name: getattr(offer, name) for name in _DESCRIBED}
    if draft.origin_system not in DIRECTORY_SYSTEMS:
        said = {name: value or getattr(draft, name) for name, value in said.items()}
    return msgspec.structs.replace(draft, **said, modified_date_time=act.now)

"""Use cases of connected organisations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.directory.errors import ReferenceExists
from ostiary.directory.objects import Kind
from ostiary.entitlement import organizations, policies
from ostiary.entitlement.errors import NotThere, OperationNotAllowed
from ostiary.entitlement.model.organizations import (
    ConnectedOrganization,
    ConnectedOrganizationState,
)
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import organizations as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store.organizations import Side
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

TenantDomains = Mapping[str, Collection[str]]


async def refresh_keys(conn: AsyncConnection, tenant_domains: TenantDomains) -> None:
    """Let the domains of tenants lead to the organisations that have them as identity sources."""
    if tenant_domains:
        known = [
            (one.id, organizations.keys_of(one.identity_sources, tenant_domains))
            for one in await store.every(conn)
        ]
        await store.take_keys(conn, store.keys_by_organization(known))


@dataclass(frozen=True, slots=True, kw_only=True)
class Organizations:
    """What can be done to connected organisations.

    ``own_domains`` are the tenant's own, which nobody from elsewhere has; ``tenant_domains`` says
    which domains other tenants have.
    """

    database: Database
    own_domains: Collection[str] = ()
    tenant_domains: TenantDomains = field(default_factory=dict)

    async def create(self, draft: ConnectedOrganization, act: Act) -> ConnectedOrganization:
        """Connect an organisation.

        :raises InvalidModel: a name is missing, or its identity source is not right.
        :raises OperationNotAllowed: another organisation has the identity source.
        """
        organizations.check(draft, own_domains=self.own_domains)
        made = msgspec.structs.replace(
            draft,
            id=new_id(),
            created_date_time=act.now,
            created_by=act.name,
            modified_date_time=act.now,
            modified_by=act.name,
        )
        keys = organizations.keys_of(made.identity_sources, self.tenant_domains)
        async with self.database.transaction() as conn:
            await store.insert_organizations(conn, [made])
            taken = await store.take_keys(conn, dict.fromkeys(keys, made.id))
            if taken:
                raise OperationNotAllowed(
                    "Another connected organization has the identity source: "
                    f"{', '.join(sorted(taken))}.",
                    target="identitySources",
                )
            event = act.event("Create connected organization", "Add", _target(made))
            await record(conn, [event], now=act.now)
        return made

    async def update(
        self,
        key: str,
        change: Callable[[ConnectedOrganization], ConnectedOrganization],
        act: Act,
    ) -> ConnectedOrganization:
        """Change name, description or state.

        :raises NotThere: there is none.
        :raises InvalidModel: the name is empty, or the identity source would be another.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            changed = change(existing)
            policies.check_name(changed.display_name)
            if changed.state is ConnectedOrganizationState.UNKNOWN_FUTURE_VALUE:
                raise InvalidModel("'state' must be 'configured' or 'proposed'.", target="state")
            if changed.identity_sources != existing.identity_sources:
                raise InvalidModel(
                    "'identitySources' cannot be changed: connect another organization.",
                    target="identitySources",
                )
            saved = msgspec.structs.replace(
                changed, modified_date_time=act.now, modified_by=act.name
            )
            await store.save(conn, saved)
            event = act.event("Update connected organization", "Update", _target(saved))
            await record(conn, [event], now=act.now)
        return saved

    async def delete(self, key: str, act: Act) -> None:
        """Disconnect an organisation.

        :raises NotThere: there is none.
        :raises OperationNotAllowed: a policy is for its people, or one of them holds a package or
            asks for one.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            naming = await policy_store.for_organization(conn, key)
            if naming:
                raise OperationNotAllowed(
                    f"The policies are for the organization: {', '.join(naming)}. Remove it from "
                    "their 'specificAllowedTargets' first."
                )
            if await store.has_held_access(conn, key):
                raise OperationNotAllowed(
                    "People of the organization hold access packages or ask for them. Remove "
                    "their assignments first."
                )
            await store.delete_organization(conn, key)
            event = act.event("Delete connected organization", "Delete", _target(existing))
            await record(conn, [event], now=act.now)

    async def add_sponsor(self, side: Side, key: str, sponsor_id: str, act: Act) -> None:
        """Let a user, or the members of a group, answer for an organisation.

        :raises NotThere: there is no such organisation.
        :raises InvalidModel: there is no such user or group.
        :raises ReferenceExists: they do already.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            found = (await directory.references(conn, [sponsor_id])).get(sponsor_id)
            if found is None or found.kind not in (Kind.USER, Kind.GROUP):
                raise InvalidModel(
                    f"'@odata.id' names '{sponsor_id}', which is no user and no group.",
                    target="@odata.id",
                )
            if not await store.add_sponsor(conn, side, key, sponsor_id, now=act.now):
                raise ReferenceExists(f"{side}Sponsors")
            about = Target(id=found.id, type=found.kind.noun, display_name=found.display_name)
            activity = f"Add {side} sponsor to connected organization"
            event = act.event(activity, "Assign", _target(existing), about)
            await record(conn, [event], now=act.now)

    async def remove_sponsor(self, side: Side, key: str, sponsor_id: str, act: Act) -> None:
        """Let somebody answer for an organisation no longer.

        :raises NotThere: there is no such organisation, or they do not answer for it.
        """
        async with self.database.transaction() as conn:
            existing = await _existing(conn, key)
            if not await store.remove_sponsor(conn, side, key, sponsor_id):
                raise NotThere(f"{side} sponsor", sponsor_id)
            event = act.event(
                f"Remove {side} sponsor from connected organization",
                "Unassign",
                _target(existing),
                Target(id=sponsor_id, type="DirectoryObject"),
            )
            await record(conn, [event], now=act.now)


async def _existing(conn: AsyncConnection, key: str) -> ConnectedOrganization:
    existing = await store.organization(conn, key, lock=True)
    if existing is None:
        raise NotThere("connectedOrganization", key)
    return existing


def _target(one: ConnectedOrganization) -> Target:
    return Target(id=one.id, type="ConnectedOrganization", display_name=one.display_name)

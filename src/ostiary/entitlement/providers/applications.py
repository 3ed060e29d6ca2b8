"""Applications as resources (``AadApplication``): the app roles of their service principals.

The origin id of the resource is that of the service principal, the origin id of a role that of the
app role. An application without a role for people has one that stands for plain access.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory import store as directory
from ostiary.directory.applications import DEFAULT_ACCESS, Grant, check_grant
from ostiary.directory.errors import InvalidValue
from ostiary.directory.model import AppRole, ServicePrincipal
from ostiary.directory.objects import Reference
from ostiary.entitlement.origins import APPLICATION_SYSTEM
from ostiary.entitlement.providers.port import Offer, Refusals, RoleOffer, ScopeOffer
from ostiary.entitlement.rights import Refusal, Right
from ostiary.identity.matrix import APP_ROLES_WRITE, APPLICATIONS_WRITE
from ostiary.identity.principals import Principal


class Applications:
    """The provider of applications."""

    system: Final = APPLICATION_SYSTEM
    needs: Final = (
        "own the application, hold a directory role that manages applications, or (applications) "
        "have one of the permissions Application.ReadWrite.All and "
        "AppRoleAssignment.ReadWrite.All"
    )

    async def look_up(self, conn: AsyncConnection, origin_ids: Collection[str]) -> dict[str, Offer]:
        """Describe service principals."""
        found = await directory.service_principals(conn, origin_ids)
        return {key: _offer(principal) for key, principal in found.items()}

    async def may_offer(self, conn: AsyncConnection, offer: Offer, caller: Principal) -> bool:
        """Say whether somebody owns the application or manages applications."""
        if caller.kind == "application":
            enough = APPLICATIONS_WRITE.application | APP_ROLES_WRITE.application
            may = not enough.isdisjoint(caller.roles)
        else:
            enough = APPLICATIONS_WRITE.directory_roles | APP_ROLES_WRITE.directory_roles
            may = not enough.isdisjoint(caller.directory_roles)
        return may or caller.object_id in await _owners(conn, offer.origin_id)

    async def give(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Grant app roles."""
        offered = await directory.service_principals(conn, {right.resource for right in rights})
        people = await directory.references(conn, {right.principal for right in rights})
        refusals = {right: no for right in rights if (no := _refusal(right, offered, people))}
        grants = [_grant(right) for right in rights if right not in refusals]
        await changes.grant_roles(conn, grants, now=now, actor=SYSTEM)
        return refusals

    async def take(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Revoke app roles."""
        held = await directory.grant_ids(conn, [_grant(right) for right in rights])
        await changes.revoke_roles(conn, set(held.values()), now=now, actor=SYSTEM)
        return {}


async def _owners(conn: AsyncConnection, principal_id: str) -> set[str]:
    principal = (await directory.service_principals(conn, [principal_id])).get(principal_id)
    app_id = (principal.app_id if principal else None) or ""
    registered = (await directory.applications_by_app_id(conn, [app_id])).get(app_id)
    owned = {registered.id} if registered else set()
    found = await directory.owners(conn, owned)
    return {owner for owners in found.values() for owner in owners}


def _grant(right: Right) -> Grant:
    return Grant(right.principal, right.resource, right.role)


def _refusal(
    right: Right, offered: Mapping[str, ServicePrincipal], people: Mapping[str, Reference]
) -> Refusal | None:
    application, who = offered.get(right.resource), people.get(right.principal)
    if application is None:
        return Refusal(f"There is no service principal '{right.resource}' in the directory.")
    if who is None:
        return Refusal(f"There is no object '{right.principal}' in the directory.")
    try:
        check_grant(_grant(right), kind=who.kind, offered=application.app_roles)
    except InvalidValue as error:
        return Refusal(str(error))
    return None


def _offer(principal: ServicePrincipal) -> Offer:
    roles = [_role(role) for role in principal.app_roles if _is_for_people(role)]
    plain = RoleOffer(
        origin_id=DEFAULT_ACCESS,
        display_name="Default Access",
        description="Access without any role of the application.",
    )
    return Offer(
        origin_id=principal.id,
        display_name=principal.display_name,
        description=principal.description,
        resource_type="Application",
        roles=tuple(roles) or (plain,),
        scopes=(ScopeOffer(origin_id=principal.id),),
    )


def _is_for_people(role: AppRole) -> bool:
    return role.is_enabled and "User" in role.allowed_member_types


def _role(role: AppRole) -> RoleOffer:
    return RoleOffer(
        origin_id=role.id,
        display_name=role.display_name or role.value or role.id,
        description=role.description,
    )

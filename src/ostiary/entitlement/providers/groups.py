"""Groups as resources (``AadGroup``): membership and ownership.

The roles of a group are ``Member_{groupId}`` and ``Owner_{groupId}``; its only scope is its root.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory import store as directory
from ostiary.directory.groups import Group
from ostiary.directory.objects import Kind, Reference
from ostiary.entitlement.origins import GROUP_SYSTEM, GroupRole, origin_id, read_role
from ostiary.entitlement.providers.port import Offer, Refusals, RoleOffer, ScopeOffer
from ostiary.entitlement.rights import Refusal, Right
from ostiary.identity.matrix import GROUP_MEMBERS_WRITE
from ostiary.identity.principals import Principal

_Change = Callable[..., Awaitable[set[tuple[str, str]]]]  # (conn, pairs, *, now, actor)
_GIVE: Final[dict[GroupRole, _Change]] = {
    GroupRole.MEMBER: changes.add_members,
    GroupRole.OWNER: changes.add_owners,
}
_TAKE: Final[dict[GroupRole, _Change]] = {
    GroupRole.MEMBER: changes.remove_members,
    GroupRole.OWNER: changes.remove_owners,
}
_MAY_OWN: Final = frozenset({Kind.USER, Kind.SERVICE_PRINCIPAL})


class Groups:
    """The provider of groups."""

    system: Final = GROUP_SYSTEM
    needs: Final = (
        "own the group, hold a directory role that manages groups, or (applications) have the "
        "permission Group.ReadWrite.All"
    )

    async def look_up(self, conn: AsyncConnection, origin_ids: Collection[str]) -> dict[str, Offer]:
        """Describe groups."""
        found = await directory.groups(conn, origin_ids)
        return {key: _offer(group) for key, group in found.items()}

    async def may_offer(self, conn: AsyncConnection, offer: Offer, caller: Principal) -> bool:
        """Say whether somebody owns the group or manages groups."""
        if caller.kind == "application":
            may = not GROUP_MEMBERS_WRITE.application.isdisjoint(caller.roles)
        else:
            may = not GROUP_MEMBERS_WRITE.directory_roles.isdisjoint(caller.directory_roles)
        owners = await directory.owners(conn, [offer.origin_id])
        return may or caller.object_id in owners[offer.origin_id]

    async def give(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Make people members and owners."""
        groups = await directory.groups(conn, {right.resource for right in rights})
        people = await directory.references(conn, {right.principal for right in rights})
        refusals = {
            right: no
            for right in rights
            if (no := _refusal(right, groups.get(right.resource), people.get(right.principal)))
        }
        await _apply(conn, _GIVE, [right for right in rights if right not in refusals], now=now)
        return refusals

    async def take(
        self, conn: AsyncConnection, rights: Collection[Right], *, now: datetime
    ) -> Refusals:
        """Take memberships and ownerships away."""
        await _apply(conn, _TAKE, rights, now=now)
        return {}


async def _apply(
    conn: AsyncConnection,
    how: dict[GroupRole, _Change],
    rights: Collection[Right],
    *,
    now: datetime,
) -> None:
    for role, change in how.items():
        pairs = {(r.resource, r.principal) for r in rights if read_role(r.role) is role}
        if pairs:
            await change(conn, pairs, now=now, actor=SYSTEM)


def _refusal(right: Right, group: Group | None, who: Reference | None) -> Refusal | None:
    role = read_role(right.role)
    if role is None:
        return Refusal(f"A group has no role '{right.role}'.", is_lasting=True)
    if group is None:
        return Refusal(f"There is no group '{right.resource}' in the directory.")
    if who is None:
        return Refusal(f"There is no object '{right.principal}' in the directory.")
    if role is GroupRole.OWNER and who.kind not in _MAY_OWN:
        return Refusal(f"A {who.kind.value} cannot own a group.", is_lasting=True)
    if role is GroupRole.MEMBER and group.refusal:
        return Refusal(f"The group cannot get members here: {group.refusal}.")
    return None


def _offer(group: Group) -> Offer:
    return Offer(
        origin_id=group.id,
        display_name=group.display_name,
        description=group.description,
        resource_type="Security Group",
        roles=tuple(
            RoleOffer(origin_id=origin_id(role, group.id), display_name=role.value)
            for role in GroupRole
        ),
        scopes=(ScopeOffer(origin_id=group.id),),
        refusal=group.refusal,
    )

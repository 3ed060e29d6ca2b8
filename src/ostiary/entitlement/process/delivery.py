"""Writing roles: what an assignment gives is put into the directory, and taken out again.

What an assignment has given is noted beside it, in the same transaction, so that exactly this is
taken away, and a role that another assignment still gives stays. The people concerned are locked
first: two assignments that end at once must not each leave the role to the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes as directory_changes
from ostiary.directory import store as directory
from ostiary.directory.objects import Kind
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.origins import GroupRole, Right, read_right
from ostiary.entitlement.states import Delivery
from ostiary.entitlement.store import assignments as store
from ostiary.entitlement.store.assignments import RoleGiven
from ostiary.entitlement.store.catalogs import given_roles


async def give(
    conn: AsyncConnection, assignments: Sequence[Assignment], *, now: datetime
) -> dict[str, Delivery]:
    """Bring the roles of assignments in line with their packages; tell how it went, by id."""
    await store.lock_targets(conn, {one.target_id for one in assignments})
    wanted = await _wanted(conn, assignments)
    had = await store.roles_of(conn, wanted.keys())
    possible = await _possible(conn, [role for roles in wanted.values() for role in roles])
    await _grant(conn, possible, now=now)
    await store.add_roles(conn, possible, now=now)
    kept = {role for roles in wanted.values() for role in roles}
    await _take(conn, [r for roles in had.values() for r in roles if r not in kept], now=now)
    return {key: _outcome(roles, possible) for key, roles in wanted.items()}


async def take(conn: AsyncConnection, assignments: Sequence[Assignment], *, now: datetime) -> None:
    """Take away whatever these assignments have given."""
    await store.lock_targets(conn, {one.target_id for one in assignments})
    had = await store.roles_of(conn, [one.id for one in assignments])
    await _take(conn, [role for roles in had.values() for role in roles], now=now)


async def _wanted(
    conn: AsyncConnection, assignments: Sequence[Assignment]
) -> dict[str, list[RoleGiven]]:
    packages = await given_roles(conn, {one.package_id for one in assignments})
    return {
        one.id: [
            RoleGiven(
                assignment_id=one.id,
                role_scope_id=role.role_scope_id,
                target_id=one.target_id,
                origin_system=role.origin_system,
                origin_id=role.origin_id,
            )
            for role in packages[one.package_id]
        ]
        for one in assignments
    }


async def _possible(conn: AsyncConnection, roles: Sequence[RoleGiven]) -> set[RoleGiven]:
    """Say which roles can be given: the group exists, and so does whoever is to get it."""
    rights = {role: right for role in roles if (right := _right(role))}
    ids = {role.target_id for role in rights} | {right.group_id for right in rights.values()}
    known = await directory.references(conn, ids)
    groups = {key for key, reference in known.items() if reference.kind is Kind.GROUP}
    return {
        role
        for role, right in rights.items()
        if right.group_id in groups and role.target_id in known
    }


async def _grant(conn: AsyncConnection, roles: Collection[RoleGiven], *, now: datetime) -> None:
    pairs = _pairs(roles)
    await directory_changes.add_members(conn, pairs[GroupRole.MEMBER], now=now, actor=SYSTEM)
    await directory_changes.add_owners(conn, pairs[GroupRole.OWNER], now=now, actor=SYSTEM)


async def _take(conn: AsyncConnection, roles: Sequence[RoleGiven], *, now: datetime) -> None:
    """Forget what was given, then remove from the directory what nobody else gives."""
    if not roles:
        return
    await store.delete_roles(conn, roles)
    kept = await store.still_given(conn, roles)
    pairs = _pairs([role for role in roles if (role.target_id, role.origin_id) not in kept])
    await directory_changes.remove_members(conn, pairs[GroupRole.MEMBER], now=now, actor=SYSTEM)
    await directory_changes.remove_owners(conn, pairs[GroupRole.OWNER], now=now, actor=SYSTEM)


def _pairs(roles: Iterable[RoleGiven]) -> Mapping[GroupRole, set[tuple[str, str]]]:
    """Give (group, person) by what the person is to the group."""
    pairs: dict[GroupRole, set[tuple[str, str]]] = {role: set() for role in GroupRole}
    for role in roles:
        right = _right(role)
        if right is not None:
            pairs[right.role].add((right.group_id, role.target_id))
    return pairs


def _right(role: RoleGiven) -> Right | None:
    return read_right(role.origin_system, role.origin_id)


def _outcome(wanted: Sequence[RoleGiven], possible: Collection[RoleGiven]) -> Delivery:
    written = sum(role in possible for role in wanted)
    if written == len(wanted):
        return Delivery.COMPLETE
    return Delivery.PARTIAL if written else Delivery.FAILED

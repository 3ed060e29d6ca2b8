"""Queries about rights, and about the assignments that want them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import RowMapping, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.tables import work
from ostiary.entitlement.rights import Held, Right, RightState
from ostiary.entitlement.tables import assignment_roles, resource_rights
from ostiary.storage import upserts
from ostiary.storage.batches import KEYS, among

_links = assignment_roles.c
_rights = resource_rights.c
_MOVING: Final = ("role_id", "scope_id", "state", "attempts", "reason", "given_at", "call_id")

_WANTS: Final = select(assignment_roles).where(among(_links.assignment_id, KEYS))
_READ: Final = select(resource_rights).where(among(_rights.id, KEYS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """That an assignment wants a right, or wanted it until the right is gone."""

    assignment_id: str
    role_scope_id: str
    right_id: str
    target_id: str
    is_wanted: bool = True


async def wants_of(conn: AsyncConnection, assignment_ids: Collection[str]) -> dict[str, list[Want]]:
    """Give what each assignment wants, or has wanted."""
    found: dict[str, list[Want]] = {key: [] for key in assignment_ids}
    for row in (await conn.execute(_WANTS, {"keys": assignment_ids})).mappings():
        found[row["assignment_id"]].append(_want(row))
    return found


async def wanting(conn: AsyncConnection, right_ids: Collection[str]) -> set[str]:
    """Say which of these rights some assignment wants."""
    query = select(_links.right_id).where(among(_links.right_id, right_ids), _links.is_wanted)
    return set((await conn.execute(query.distinct())).scalars())


async def concerned(conn: AsyncConnection, right_ids: Collection[str]) -> set[str]:
    """Give the ids of the assignments that want these rights, or have wanted them."""
    query = select(_links.assignment_id).where(among(_links.right_id, right_ids))
    return set((await conn.execute(query.distinct())).scalars())


async def want(conn: AsyncConnection, new: Sequence[Want], *, now: datetime) -> None:
    """Note what assignments want."""
    rows = [
        {
            "assignment_id": one.assignment_id,
            "role_scope_id": one.role_scope_id,
            "right_id": one.right_id,
            "target_id": one.target_id,
            "is_wanted": True,
            "added_at": now,
        }
        for one in new
    ]
    if rows:
        statement = upserts.insert(conn, assignment_roles).on_conflict_do_update(
            index_elements=["assignment_id", "role_scope_id"], set_={"is_wanted": True}
        )
        await conn.execute(statement, rows)


async def want_no_more(conn: AsyncConnection, old: Sequence[Want]) -> None:
    """Note what assignments want no more."""
    if old:
        statement = (
            update(assignment_roles)
            .where(
                _links.assignment_id == bindparam("assignment"),
                _links.role_scope_id == bindparam("role_scope"),
            )
            .values(is_wanted=False)
        )
        rows = [{"assignment": o.assignment_id, "role_scope": o.role_scope_id} for o in old]
        await conn.execute(statement, rows)


async def release(conn: AsyncConnection, right_ids: Collection[str]) -> None:
    """Forget who had wanted these rights and wants them no more."""
    if right_ids:
        unwanted = among(_links.right_id, right_ids) & ~_links.is_wanted
        await conn.execute(delete(assignment_roles).where(unwanted))


async def read(conn: AsyncConnection, keys: Collection[str]) -> dict[str, Held]:
    """Give rights by id; the caller has locked the people whose they are, or only looks."""
    rows = (await conn.execute(_READ, {"keys": keys})).mappings()
    return {row["id"]: _held(row) for row in rows}


async def people_of(conn: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Say whose these rights are."""
    query = select(_rights.principal_id).where(among(_rights.id, keys)).distinct()
    return set((await conn.execute(query)).scalars())


async def save(conn: AsyncConnection, moved: Sequence[Held]) -> None:
    """Store rights, new ones included."""
    if moved:
        statement = upserts.insert(conn, resource_rights)
        changes = {name: statement.excluded[name] for name in _MOVING}
        upsert = statement.on_conflict_do_update(index_elements=["id"], set_=changes)
        await conn.execute(upsert, [_row(held) for held in moved])


async def forget(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Delete rights that are gone."""
    if keys:
        await conn.execute(delete(resource_rights).where(among(_rights.id, keys)))


async def alive(conn: AsyncConnection, item_ids: Collection[str]) -> set[str]:
    """Say which of these work items still are to be done."""
    if not item_ids:
        return set()
    query = select(work.c.id).where(among(work.c.id, item_ids), work.c.dead_at.is_(None))
    return set((await conn.execute(query)).scalars())


def _want(row: RowMapping) -> Want:
    return Want(
        assignment_id=row["assignment_id"],
        role_scope_id=row["role_scope_id"],
        right_id=row["right_id"],
        target_id=row["target_id"],
        is_wanted=row["is_wanted"],
    )


def _held(row: RowMapping) -> Held:
    return Held(
        right=Right(
            system=row["origin_system"],
            resource=row["resource_origin_id"],
            role=row["role_origin_id"],
            scope=row["scope_origin_id"],
            principal=row["principal_id"],
        ),
        role_id=row["role_id"],
        scope_id=row["scope_id"],
        state=RightState(row["state"]),
        attempts=row["attempts"],
        reason=row["reason"],
        given_at=row["given_at"],
        call_id=row["call_id"],
    )


def _row(held: Held) -> dict[str, Any]:  # column values
    right = held.right
    return {
        "id": held.id,
        "principal_id": right.principal,
        "origin_system": right.system,
        "resource_origin_id": right.resource,
        "role_origin_id": right.role,
        "scope_origin_id": right.scope,
        "role_id": held.role_id,
        "scope_id": held.scope_id,
        "state": held.state.value,
        "attempts": held.attempts,
        "reason": held.reason,
        "given_at": held.given_at,
        "call_id": held.call_id,
    }

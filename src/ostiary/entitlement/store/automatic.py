"""Queries about automatic policies: whom their rules are true of, and who has what they give."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    exists,
    false,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.tables import directory_objects
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.automatic import Automatic, is_automatic, rules_of
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store.assignments import of_row
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.tables import assignment_policies, assignments
from ostiary.storage.batches import among, chunks

_RULES: Final = 20
"""Rules that are asked about in one statement."""

_columns = assignments.c
_policies = assignment_policies.c

Pair = tuple[str, str]
"""A policy and a person."""


def automatic(stored: StoredPolicy) -> Automatic:
    """Give a policy as far as it acts by itself."""
    settings = stored.policy.automatic_request_settings
    place = Automatic(
        policy_id=stored.id,
        package_id=stored.package_id,
        catalog_id=stored.catalog_id,
        terms_id=stored.terms_id,
    )
    if settings is None or not is_automatic(stored.policy):
        return place
    return replace(
        place,
        gives=bool(settings.request_access_for_allowed_targets),
        takes=bool(settings.remove_access_when_target_leaves_allowed_targets),
        grace=settings.grace_period_before_access_removal or timedelta(0),
        rules=rules_of(stored.policy),
    )


async def exist(conn: AsyncConnection) -> bool:
    """Say whether any policy is automatic."""
    query = select(exists().where(_policies.automatic_of.is_not(None)))
    return bool(await conn.scalar(query))


async def of_package(conn: AsyncConnection, package_id: str) -> list[str]:
    """Give the id of the automatic policy of a package, if it has one."""
    query = select(_policies.id).where(_policies.automatic_of == package_id)
    return list((await conn.execute(query)).scalars())


async def all_policies(conn: AsyncConnection) -> list[Automatic]:
    """Give every automatic policy, in the order of their ids."""
    query = select(_policies.id).where(_policies.automatic_of.is_not(None))
    return await policies(conn, set((await conn.execute(query)).scalars()))


async def policies(conn: AsyncConnection, keys: Collection[str]) -> list[Automatic]:
    """Give policies by id, automatic or not, as they stay until this transaction ends."""
    if not keys:
        return []
    await policy_store.keep(conn, keys)
    found = await policy_store.policies(conn, keys)
    return [automatic(found[key]) for key in sorted(found)]


async def targets(
    conn: AsyncConnection, asked: Sequence[Automatic], people: Collection[str], *, now: datetime
) -> set[Pair]:
    """Say of which of these people the rules of which policies are true."""
    found: set[Pair] = set()
    ruled = [policy for policy in asked if policy.rules]
    for some in chunks(ruled, _RULES):
        queries = [
            select(literal(policy.policy_id), directory_objects.c.id).where(
                among(directory_objects.c.id, people), _is_target(policy, now)
            )
            for policy in some
        ]
        found |= {(policy, person) for policy, person in await conn.execute(union_all(*queries))}
    return found


async def holdings(
    conn: AsyncConnection, packages: Collection[str], people: Collection[str]
) -> dict[Pair, Assignment]:
    """Give what people have of packages or are about to get, by package and person."""
    query = select(assignments).where(
        among(_columns.target_id, people),
        among(_columns.package_id, packages),
        _columns.holder_key.is_not(None),
    )
    rows = (await conn.execute(query)).mappings()
    return {(row["package_id"], row["target_id"]): of_row(row) for row in rows}


async def missing(
    conn: AsyncConnection, policy: Automatic, *, after: str, limit: int, now: datetime
) -> list[str]:
    """Give some of those whom a policy is for and who have nothing of its package."""
    key = literal(f"{policy.package_id}:") + directory_objects.c.id
    query = (
        select(directory_objects.c.id)
        .where(
            directory_objects.c.id > after,
            _is_target(policy, now),
            ~exists().where(_columns.holder_key == key),
        )
        .order_by(directory_objects.c.id)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def leaving(
    conn: AsyncConnection, policy: Automatic, *, after: str, limit: int, now: datetime
) -> list[str]:
    """Give some of those who have a package by a policy that is not for them, or was not."""
    person = directory_objects.alias("person")
    is_target = exists().where(person.c.id == _columns.target_id, _is_target(policy, now, person))
    query = (
        select(_columns.target_id)
        .where(
            _columns.policy_id == policy.policy_id,
            _columns.holder_key.is_not(None),
            _columns.target_id > after,
            or_(~is_target, _columns.leaves_at.is_not(None)),
        )
        .order_by(_columns.target_id)
        .limit(limit)
    )
    return list((await conn.execute(query)).scalars())


async def given_by_rule(
    conn: AsyncConnection, held: Collection[Assignment], *, now: datetime
) -> set[str]:
    """Say which of these assignments their policies would give again as soon as they ended."""
    found = await policies(conn, {one.policy_id for one in held})
    giving = [policy for policy in found if policy.gives]
    pairs = await targets(conn, giving, {one.target_id for one in held}, now=now)
    return {one.id for one in held if (one.policy_id, one.target_id) in pairs}


async def places(conn: AsyncConnection, keys: Collection[str]) -> list[Pair]:
    """Give the policies and the targets of assignments."""
    query = select(_columns.policy_id, _columns.target_id).where(among(_columns.id, keys))
    return [(policy, target) for policy, target in await conn.execute(query)]


def _is_target(
    policy: Automatic, now: datetime, people: FromClause = directory_objects
) -> ColumnElement[bool]:
    return or_(false(), *(rule.where(now=now, people=people) for rule in policy.rules))

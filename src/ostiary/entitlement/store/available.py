"""Queries about what somebody may ask for, and about what may be suggested to them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy import exists as sql_exists
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.tables import directory_objects
from ostiary.entitlement.model.enums import AccessPackageCatalogState, AllowedTargetScope
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.store.separation import HELD
from ostiary.entitlement.tables import (
    access_packages,
    assignment_policies,
    assignments,
    catalogs,
)
from ostiary.storage.batches import among

_held = assignments.c
OPEN: ColumnElement[bool] = access_packages.c.catalog_id.in_(
    select(catalogs.c.id).where(catalogs.c.state == AccessPackageCatalogState.PUBLISHED.value)
)
"""Packages of catalogs that are published."""


async def exists(conn: AsyncConnection, package_id: str) -> bool:
    """Say whether there is a package."""
    query = select(access_packages.c.id).where(access_packages.c.id == package_id)
    return await conn.scalar(query) is not None


async def asked_under(
    conn: AsyncConnection,
    scopes: Collection[AllowedTargetScope],
    *,
    package_id: str | None,
    for_external: bool,
) -> dict[str, StoredPolicy]:
    """Give the policies of these scopes whose packages can be asked for at all, by id.

    Those of all packages that are not hidden, or those of one package.
    """
    columns = assignment_policies.c
    shown = access_packages.c.is_hidden.is_(False)
    query = (
        select(columns.id, columns.package_id, columns.catalog_id, columns.terms_id)
        .join(access_packages, access_packages.c.id == columns.package_id)
        .join(catalogs, catalogs.c.id == access_packages.c.catalog_id)
        .where(
            among(columns.allowed_target_scope, [scope.value for scope in scopes]),
            catalogs.c.state == AccessPackageCatalogState.PUBLISHED.value,
            shown if package_id is None else columns.package_id == package_id,
            catalogs.c.is_externally_visible if for_external else true(),
        )
    )
    rows = (await conn.execute(query)).all()
    says = await policy_store.terms(conn, {terms_id for *_, terms_id in rows})
    return {
        key: StoredPolicy(
            id=key,
            package_id=package,
            catalog_id=catalog,
            terms_id=terms_id,
            policy=msgspec.structs.replace(says[terms_id], id=key),
        )
        for key, package, catalog, terms_id in rows
    }


def related_people(person: str) -> Select[tuple[str]]:
    """Select whoever works with somebody: their manager, reports, and peers."""
    people = directory_objects.alias("related")
    manager = (
        select(directory_objects.c.manager_id)
        .where(directory_objects.c.id == person)
        .scalar_subquery()
    )
    related = or_(
        people.c.id == manager, people.c.manager_id == person, people.c.manager_id == manager
    )
    alive = people.c.deleted_date_time.is_(None)
    return select(people.c.id).where(related, alive, people.c.id != person)


def held_by_related(person: str) -> ColumnElement[bool]:
    """Test for packages that whoever works with somebody has."""
    mine = and_(HELD, _held.package_id == access_packages.c.id)
    return sql_exists().where(mine, _held.target_id.in_(related_people(person)))


def held_before(person: str) -> ColumnElement[bool]:
    """Test for packages that somebody had."""
    return sql_exists().where(
        _held.package_id == access_packages.c.id,
        _held.target_id == person,
        _held.given_at.is_not(None),
        _held.holder_key.is_(None),
    )


def held_now(person: str) -> ColumnElement[bool]:
    """Test for packages that somebody has, or has asked for."""
    return sql_exists().where(
        _held.package_id == access_packages.c.id,
        _held.target_id == person,
        _held.holder_key.is_not(None),
    )


async def related_holders(
    conn: AsyncConnection, person: str, package_ids: Collection[str]
) -> dict[str, list[tuple[str, str | None]]]:
    """Give whoever works with somebody and has these packages, by package: ids and names."""
    people = directory_objects.c
    query = (
        select(_held.package_id, people.id, people.display_name)
        .join(directory_objects, people.id == _held.target_id)
        .where(
            HELD,
            among(_held.package_id, package_ids),
            _held.target_id.in_(related_people(person)),
        )
        .order_by(_held.package_id, people.display_name, people.id)
    )
    found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
    for package_id, key, name in await conn.execute(query):
        found[package_id].append((key, name))
    return found


async def history(
    conn: AsyncConnection, person: str, package_ids: Collection[str]
) -> dict[str, tuple[int, datetime]]:
    """Say how often somebody had these packages, and since when the last time, by package."""
    query = (
        select(_held.package_id, func.count(), func.max(_held.given_at))
        .where(
            among(_held.package_id, package_ids),
            _held.target_id == person,
            _held.given_at.is_not(None),
            _held.holder_key.is_(None),
        )
        .group_by(_held.package_id)
    )
    return {key: (count, last) for key, count, last in await conn.execute(query)}

"""Queries about the attributes that resources ask for, by the packages that hand them out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import attributes, policies
from ostiary.entitlement.attributes import Attribute
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.entitlement.store.resources import attributes_of
from ostiary.entitlement.tables import (
    assignments,
    catalog_resources,
    package_role_scopes,
    resource_roles,
)
from ostiary.storage.batches import KEYS, among

_OF_PACKAGES: Final = (
    select(
        package_role_scopes.c.package_id,
        catalog_resources.c.id,
        catalog_resources.c.attributes,
    )
    .join(resource_roles, resource_roles.c.id == package_role_scopes.c.role_id)
    .join(catalog_resources, catalog_resources.c.id == resource_roles.c.resource_id)
    .where(
        among(package_role_scopes.c.package_id, KEYS),
        catalog_resources.c.asks_for_attributes,
    )
    .order_by(package_role_scopes.c.package_id, catalog_resources.c.id)
)


async def of_packages(
    conn: AsyncConnection, package_ids: Collection[str]
) -> dict[str, list[Attribute]]:
    """Give what the resources of each package ask for; packages without any are missing."""
    found: dict[str, dict[str, list[Attribute]]] = {}
    for package_id, resource_id, documents in await conn.execute(
        _OF_PACKAGES, {"keys": package_ids}
    ):
        found.setdefault(package_id, {})[resource_id] = attributes_of(documents)
    return {key: [one for some in of.values() for one in some] for key, of in found.items()}


async def asking(
    conn: AsyncConnection, stored: Mapping[str, StoredPolicy]
) -> dict[str, StoredPolicy]:
    """Give policies with the questions of their packages' resources among their own."""
    wanted = await of_packages(conn, {one.package_id for one in stored.values()})
    return {key: _asking(one, wanted.get(one.package_id, [])) for key, one in stored.items()}


async def wanted_of(conn: AsyncConnection, people: Collection[str]) -> dict[str, set[str | None]]:
    """Say which attributes the packages ask for that people hold, by person."""
    columns = assignments.c
    query = select(columns.target_id, columns.package_id).where(
        among(columns.target_id, people),
        columns.holder_key.is_not(None),
        columns.given_at.is_not(None),
    )
    held = [(person, package) for person, package in await conn.execute(query)]
    asked = await of_packages(conn, {package for _, package in held}) if held else {}
    found: dict[str, set[str | None]] = {}
    for person, package in held:
        found.setdefault(person, set()).update(one.name for one in asked.get(package, []))
    return found


def _asking(stored: StoredPolicy, wanted: list[Attribute]) -> StoredPolicy:
    if not wanted:
        return stored
    asked = [*policies.questions_of(stored.policy), *attributes.asked_for(wanted)]
    return replace(stored, policy=msgspec.structs.replace(stored.policy, questions=asked))

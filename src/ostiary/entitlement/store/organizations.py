"""Queries about connected organisations, their sponsors, and their people."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import RowMapping, Table, delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.organizations import (
    ConnectedOrganization,
    ConnectedOrganizationState,
    IdentitySource,
)
from ostiary.entitlement.organizations import Affiliation, domain_key
from ostiary.entitlement.store.documents import read_list, written_list
from ostiary.entitlement.tables import (
    assignments,
    connected_organization_keys,
    connected_organizations,
    external_sponsors,
    internal_sponsors,
    subjects,
)
from ostiary.storage import upserts
from ostiary.storage.batches import among

Side = Literal["internal", "external"]
SPONSORS: Final[Mapping[Side, Table]] = {
    "internal": internal_sponsors,
    "external": external_sponsors,
}
_columns = connected_organizations.c
_keys = connected_organization_keys.c


def load(row: RowMapping) -> ConnectedOrganization:
    """Make an organisation of its row."""
    return ConnectedOrganization(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        state=ConnectedOrganizationState(row["state"]),
        identity_sources=read_list(IdentitySource, row["identity_sources"]),
        created_date_time=row["created_at"],
        created_by=row["created_by"],
        modified_date_time=row["modified_at"],
        modified_by=row["modified_by"],
    )


async def organization(
    conn: AsyncConnection, key: str, *, lock: bool = False
) -> ConnectedOrganization | None:
    """Read an organisation; ``lock`` before changing it."""
    query = select(connected_organizations).where(_columns.id == key)
    row = (await conn.execute(query.with_for_update() if lock else query)).mappings().first()
    return load(row) if row else None


async def existing(conn: AsyncConnection, keys: Collection[str]) -> set[str]:
    """Say which of these organisations there are."""
    return set((await conn.execute(select(_columns.id).where(among(_columns.id, keys)))).scalars())


async def every(conn: AsyncConnection) -> list[ConnectedOrganization]:
    """Read all organisations, in the order in which they were made."""
    query = select(connected_organizations).order_by(_columns.created_at, _columns.id)
    return [load(row) for row in (await conn.execute(query)).mappings()]


async def insert_organizations(
    conn: AsyncConnection, new: Collection[ConnectedOrganization]
) -> None:
    """Add organisations."""
    if new:
        await conn.execute(insert(connected_organizations), [_row(one) for one in new])


async def save(conn: AsyncConnection, changed: ConnectedOrganization) -> None:
    """Store every property of an organisation."""
    same = _columns.id == changed.id
    await conn.execute(update(connected_organizations).where(same).values(_row(changed)))


async def delete_unknowable(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Delete those of these organisations whose people cannot be known by anything."""
    known = select(_keys.organization_id)
    nobodys = among(_columns.id, keys) & _columns.id.not_in(known)
    await conn.execute(delete(connected_organizations).where(nobodys))


async def delete_organization(conn: AsyncConnection, key: str) -> None:
    """Delete an organisation with its sponsors; its people are nobody's then."""
    for table in (internal_sponsors, external_sponsors, connected_organization_keys):
        await conn.execute(delete(table).where(table.c.organization_id == key))
    of_it = subjects.c.connected_organization_id == key
    await conn.execute(update(subjects).where(of_it).values(connected_organization_id=None))
    await conn.execute(delete(connected_organizations).where(_columns.id == key))


async def take_keys(conn: AsyncConnection, keys: Mapping[str, str]) -> set[str]:
    """Let keys lead to organisations; give those that lead to one already, and stay as they are.

    The people who are known by them are of the organisations from then on.
    """
    if not keys:
        return set()
    rows = [{"key": key, "organization_id": keys[key]} for key in sorted(keys)]
    statement = upserts.insert(conn, connected_organization_keys).on_conflict_do_nothing()
    taken = set((await conn.execute(statement.returning(_keys.key), rows)).scalars())
    for organization_id in {keys[key] for key in taken}:
        domains = [
            key.partition(":")[2]
            for key in taken
            if keys[key] == organization_id and key == domain_key(key.partition(":")[2])
        ]
        theirs = among(subjects.c.domain, domains)
        values = {"connected_organization_id": organization_id}
        await conn.execute(update(subjects).where(theirs).values(values))
    return keys.keys() - taken


async def affiliations(
    conn: AsyncConnection, domains: Mapping[str, str] | Mapping[str, str | None]
) -> dict[str, Affiliation]:
    """Say of which organisations people are, given their domains; who is of none is missing."""
    wanted = {domain_key(domain) for domain in domains.values() if domain}
    if not wanted:
        return {}
    query = (
        select(_keys.key, _columns.id, _columns.state)
        .join(connected_organizations, _columns.id == _keys.organization_id)
        .where(among(_keys.key, wanted))
    )
    configured = ConnectedOrganizationState.CONFIGURED.value
    found = {
        key: Affiliation(organization_id=organization_id, is_configured=state == configured)
        for key, organization_id, state in await conn.execute(query)
    }
    return {
        person: found[domain_key(domain)]
        for person, domain in domains.items()
        if domain and domain_key(domain) in found
    }


async def homes(
    conn: AsyncConnection, domains: Mapping[str, str | None]
) -> dict[str, ConnectedOrganization]:
    """Give the organisations of people, given their domains; who is of none is missing."""
    of = await affiliations(conn, domains)
    if not of:
        return {}
    keys = {one.organization_id for one in of.values()}
    query = select(connected_organizations).where(among(_columns.id, keys))
    known = {row["id"]: load(row) for row in (await conn.execute(query)).mappings()}
    return {person: known[one.organization_id] for person, one in of.items()}


async def add_sponsor(
    conn: AsyncConnection, side: Side, organization_id: str, sponsor_id: str, *, now: datetime
) -> bool:
    """Let somebody answer for an organisation; tell whether that is new."""
    table = SPONSORS[side]
    row = {"organization_id": organization_id, "sponsor_id": sponsor_id, "added_at": now}
    statement = upserts.insert(conn, table).values(row).on_conflict_do_nothing()
    return bool((await conn.execute(statement)).rowcount)


async def remove_sponsor(
    conn: AsyncConnection, side: Side, organization_id: str, sponsor_id: str
) -> bool:
    """Let somebody answer for an organisation no longer; tell whether they did."""
    columns = SPONSORS[side].c
    same = (columns.organization_id == organization_id) & (columns.sponsor_id == sponsor_id)
    return bool((await conn.execute(delete(SPONSORS[side]).where(same))).rowcount)


async def sponsors(
    conn: AsyncConnection, side: Side, organization_ids: Collection[str]
) -> dict[str, set[str]]:
    """Give who answers for each organisation."""
    columns = SPONSORS[side].c
    query = select(columns.organization_id, columns.sponsor_id)
    found: dict[str, set[str]] = {key: set() for key in organization_ids}
    here = among(columns.organization_id, organization_ids)
    for key, sponsor in await conn.execute(query.where(here)):
        found[key].add(sponsor)
    return found


async def has_held_access(conn: AsyncConnection, key: str) -> bool:
    """Say whether somebody of an organisation holds a package or asks for one."""
    query = (
        select(assignments.c.id)
        .join(subjects, subjects.c.id == assignments.c.target_id)
        .where(subjects.c.connected_organization_id == key, assignments.c.holder_key.is_not(None))
    )
    return bool(await conn.scalar(select(exists(query))))


async def attach(
    conn: AsyncConnection, domains: Mapping[str, str] | Mapping[str, str | None]
) -> None:
    """Keep with subjects the domains that they come from, and of which organisation they are."""
    of_domain = {person: domain for person, domain in domains.items() if domain}
    if not of_domain:
        return
    query = select(subjects.c.id, subjects.c.domain, subjects.c.connected_organization_id)
    kept = {
        key: (domain, organization)
        for key, domain, organization in await conn.execute(
            query.where(among(subjects.c.id, of_domain.keys()))
        )
    }
    now = await affiliations(conn, of_domain)
    changed: dict[tuple[str, str | None], list[str]] = {}
    for person, before in kept.items():
        known = now.get(person)
        after = (of_domain[person], known.organization_id if known else None)
        if before != after:
            changed.setdefault(after, []).append(person)
    for (domain, organization_id), people in sorted(changed.items(), key=str):
        values = {"domain": domain, "connected_organization_id": organization_id}
        await conn.execute(update(subjects).where(among(subjects.c.id, people)).values(values))


def keys_by_organization(
    keys: Iterable[tuple[str, Collection[str]]],
) -> dict[str, str]:
    """Give the organisation of each key; the first that names a key has it."""
    found: dict[str, str] = {}
    for organization_id, own in keys:
        for key in sorted(own):
            found.setdefault(key, organization_id)
    return found


def _row(one: ConnectedOrganization) -> dict[str, Any]:  # column values
    return {
        "id": one.id,
        "display_name": one.display_name,
        "description": one.description,
        "state": one.state.value,
        "identity_sources": written_list(one.identity_sources, IdentitySource) or [],
        "created_at": one.created_date_time,
        "created_by": one.created_by,
        "modified_at": one.modified_date_time,
        "modified_by": one.modified_by,
    }

"""Who belongs to what: members of groups, owners of groups and applications, sponsors of people.

Adding what is there and removing what is not are no errors and leave no record. A pair of which one
side does not exist, or may not stand on its side, is passed over: the caller knows by the answer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import store
from ostiary.directory.changes import records
from ostiary.directory.changes.records import Phrase
from ostiary.directory.deltas import LinkDetail
from ostiary.directory.objects import Kind, Reference
from ostiary.directory.store import Pair, journal
from ostiary.directory.tables import memberships, ownerships, sponsorships


@dataclass(frozen=True, slots=True)
class _Relation:
    """A table of links: what may stand on its sides, and how the audit log calls a change."""

    table: Table
    added: Mapping[Kind, Phrase]
    removed: Mapping[Kind, Phrase]
    far: frozenset[Kind]
    tracked: bool = False

    def admits(self, pair: Pair, known: Mapping[str, Reference]) -> bool:
        here, there = (known.get(side) for side in pair)
        if here is None or there is None or here.id == there.id:
            return False
        return here.kind in self.added and there.kind in self.far


_MEMBERSHIP = _Relation(
    memberships,
    added={Kind.GROUP: records.ADD_MEMBER},
    removed={Kind.GROUP: records.REMOVE_MEMBER},
    far=frozenset({Kind.USER, Kind.GROUP, Kind.SERVICE_PRINCIPAL}),
    tracked=True,
)
_OWNERSHIP = _Relation(
    ownerships,
    added={
        Kind.GROUP: records.ADD_GROUP_OWNER,
        Kind.APPLICATION: records.ADD_APPLICATION_OWNER,
    },
    removed={
        Kind.GROUP: records.REMOVE_GROUP_OWNER,
        Kind.APPLICATION: records.REMOVE_APPLICATION_OWNER,
    },
    far=frozenset({Kind.USER, Kind.SERVICE_PRINCIPAL}),
)
_SPONSORSHIP = _Relation(
    sponsorships,
    added={Kind.USER: records.ADD_SPONSOR},
    removed={Kind.USER: records.REMOVE_SPONSOR},
    far=frozenset({Kind.USER, Kind.GROUP}),
)


async def add_members(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Put members into groups, given as (group, member); give the pairs that are new."""
    return await _add(conn, _MEMBERSHIP, pairs, now=now, actor=actor)


async def remove_members(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Take members out of groups, given as (group, member); give the pairs that there were."""
    return await _remove(conn, _MEMBERSHIP, pairs, now=now, actor=actor)


async def add_owners(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Give groups and applications owners, as (object, owner); give the pairs that are new."""
    return await _add(conn, _OWNERSHIP, pairs, now=now, actor=actor)


async def remove_owners(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Take owners from groups and applications, as (object, owner); give the pairs there were."""
    return await _remove(conn, _OWNERSHIP, pairs, now=now, actor=actor)


async def add_sponsors(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Give people sponsors, as (user, sponsor); give the pairs that are new."""
    return await _add(conn, _SPONSORSHIP, pairs, now=now, actor=actor)


async def remove_sponsors(
    conn: AsyncConnection, pairs: Collection[Pair], *, now: datetime, actor: Actor
) -> set[Pair]:
    """Take sponsors from people, as (user, sponsor); give the pairs that there were."""
    return await _remove(conn, _SPONSORSHIP, pairs, now=now, actor=actor)


async def _add(
    conn: AsyncConnection,
    relation: _Relation,
    pairs: Collection[Pair],
    *,
    now: datetime,
    actor: Actor,
) -> set[Pair]:
    known = await _named(conn, pairs)
    fit = {pair for pair in pairs if relation.admits(pair, known)}
    added = await store.insert_links(conn, relation.table, fit, now=now)
    if relation.tracked:
        await journal.note_members(conn, added, LinkDetail.ADDED, now=now)
    await _tell(conn, relation.added, added, known, now=now, actor=actor)
    return added


async def _remove(
    conn: AsyncConnection,
    relation: _Relation,
    pairs: Collection[Pair],
    *,
    now: datetime,
    actor: Actor,
) -> set[Pair]:
    known = await _named(conn, pairs)
    fit = {pair for pair in pairs if relation.admits(pair, known)}
    # Those of deleted objects go as well, or they would be back with the object.
    removed = fit & await store.delete_links(conn, relation.table, pairs)
    if relation.tracked:
        await journal.note_members(conn, removed, LinkDetail.REMOVED, now=now)
    await _tell(conn, relation.removed, removed, known, now=now, actor=actor)
    return removed


async def _named(conn: AsyncConnection, pairs: Collection[Pair]) -> dict[str, Reference]:
    return await store.references(conn, {side for pair in pairs for side in pair})


async def _tell(
    conn: AsyncConnection,
    phrases: Mapping[Kind, Phrase],
    pairs: Collection[Pair],
    known: Mapping[str, Reference],
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Record each change with both sides, what was given first, as the audit log has it."""
    events = [
        phrases[known[here].kind].record(
            actor, records.target(known[there]), records.target(known[here])
        )
        for here, there in sorted(pairs)
    ]
    await record(conn, events, now=now)

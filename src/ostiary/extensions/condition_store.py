"""How the extensions stand that have work or trouble: the queue counted by lane, and the notes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.statements import free_at
from ostiary.durable.tables import work
from ostiary.extensions import circuit_store, effects, extension_store, registry
from ostiary.extensions.callouts import CalloutStatus
from ostiary.extensions.circuits import Noted, Terms
from ostiary.extensions.conditions import Condition, Load, ordered
from ostiary.extensions.tables import callouts
from ostiary.storage import names
from ostiary.storage.batches import among
from ostiary.storage.tables import Instant


async def conditions(
    conn: AsyncConnection, *, now: datetime, terms: Terms, template: str | None = None
) -> list[Condition]:
    """Give every extension that has work or trouble, those first that need somebody most.

    ``template`` is the URL of Logic Apps that nobody registered.
    """
    loads, notes = await _loads(conn, now), await _notes(conn)
    ids = loads.keys() | notes.keys()
    extensions = await extension_store.read(conn, ids)
    endpoints = [one.endpoint for one in extensions.values()]
    found = await registry.resolved(conn, endpoints, template=template)
    urls = dict(zip(extensions, found, strict=True))
    all_ = [
        Condition(
            extension_id=id_,
            extension=extensions.get(id_),
            url=urls.get(id_),
            load=loads.get(id_, Load()),
            notes=notes.get(id_, []),
        )
        for id_ in ids
    ]
    return ordered([one for one in all_ if one.is_worth_telling(now, terms)], now, terms)


async def _notes(conn: AsyncConnection) -> dict[str, list[Noted]]:
    """Give what the nodes have noted that run, as far as anybody can tell which do."""
    all_ = await circuit_store.read(conn)
    running = await names.held(conn, {note.node for note in all_})
    by_extension: dict[str, list[Noted]] = defaultdict(list)
    for note in all_:
        if running is None or note.node in running:
            by_extension[note.extension_id].append(note)
    return by_extension


async def _loads(conn: AsyncConnection, now: datetime) -> dict[str, Load]:
    loads = await _queued(conn, now)
    for id_, number in (await _awaited(conn)).items():
        loads[id_] = replace(loads.get(id_, Load()), awaited=number)
    for id_, number in (await _dead(conn)).items():
        loads[id_] = replace(loads.get(id_, Load()), dead=number)
    return loads


async def _queued(conn: AsyncConnection, now: datetime) -> dict[str, Load]:
    """Count what is to be sent by lane, which is the extension."""
    free = free_at(literal(now, Instant()))
    due = and_(free, work.c.due_at <= now)
    statement = (
        select(
            work.c.lane,
            func.count(case((free, 1))),
            func.count(case((~free, 1))),
            func.min(case((due, work.c.due_at))),
        )
        .where(work.c.kind == effects.CALLOUT, work.c.dead_at.is_(None))
        .group_by(work.c.lane)
    )
    return {
        lane: Load(to_send=to_send, sending=sending, oldest_due=oldest)
        for lane, to_send, sending, oldest in await conn.execute(statement)
    }


async def _awaited(conn: AsyncConnection) -> Mapping[str, int]:
    """Count the callouts that wait for an answer: each has a timer, which is far from all."""
    waits = and_(
        callouts.c.outcome.is_(None),
        callouts.c.status == CalloutStatus.WAITING_FOR_CALLBACK.value,
    )
    return await _counted(conn, work.c.kind == effects.TIMEOUT, work.c.dead_at.is_(None), waits)


async def _dead(conn: AsyncConnection) -> Mapping[str, int]:
    kinds = among(work.c.kind, [effects.CALLOUT, effects.TIMEOUT])
    return await _counted(conn, kinds, work.c.dead_at.is_not(None))


async def _counted(conn: AsyncConnection, *where: ColumnElement[bool]) -> Mapping[str, int]:
    """Count the callouts by extension that work of some sort is about."""
    statement = (
        select(callouts.c.extension_id, func.count())
        .select_from(work.join(callouts, callouts.c.id == work.c.key))
        .where(*where)
        .group_by(callouts.c.extension_id)
    )
    return {id_: number for id_, number in await conn.execute(statement)}

"""How objects of any kind are stored with their audit records: new, changed, deleted, restored."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import store
from ostiary.directory.changed import changed_paths
from ostiary.directory.changes import records
from ostiary.directory.changes.records import Phrase
from ostiary.directory.model import DirectoryObject
from ostiary.directory.objects import Kind
from ostiary.directory.store import journal

WireT = TypeVar("WireT", bound=DirectoryObject)


async def store_new(
    conn: AsyncConnection,
    entities: Sequence[DirectoryObject],
    phrase: Phrase,
    *,
    now: datetime,
    actor: Actor,
) -> None:
    """Store new objects of one kind.

    :raises ObjectConflict: a live object has the name that only one may have.
    """
    if not entities:
        return
    rows = [store.values_of(entity) for entity in entities]
    kind = store.kind_of(entities[0])
    await store.insert_objects(conn, kind, rows)
    await journal.note_objects(conn, kind, [entity.id for entity in entities], now=now)
    events = [phrase.record(actor, records.wire_target(entity)) for entity in entities]
    await record(conn, events, now=now)


async def store_differences(
    conn: AsyncConnection,
    changes: Sequence[tuple[WireT, WireT]],
    phrase: Phrase,
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Store what differs between objects of one kind and their successors; give the ids of those.

    :raises ObjectConflict: a live object has the name that only one may have.
    """
    values: dict[str, store.Values] = {}
    noted: dict[str, Collection[str]] = {}
    events = []
    for before, after in changes:
        old, new = store.values_of(before), store.values_of(after)
        differing = {name: value for name, value in new.items() if value != old[name]}
        if differing:
            values[before.id] = differing
            noted[before.id] = changed_paths(old, differing)
            about = records.wire_target(after, records.changes_of(old, differing))
            events.append(phrase.record(actor, about))
    if values:
        kind = store.kind_of(changes[0][0])
        await store.update_objects(conn, kind, values)
        await journal.note_objects(conn, kind, values, now=now, attributes=noted)
        await record(conn, events, now=now)
    return set(values)


async def delete_objects(
    conn: AsyncConnection, kind: Kind, ids: Collection[str], *, now: datetime, actor: Actor
) -> set[str]:
    """Delete objects so that they can be restored; give the ids of those that were live.

    Their memberships stay stored and are seen by nobody until they are restored.
    """
    gone = await store.mark_deleted(conn, kind, ids, now=now)
    await journal.note_objects(conn, kind, gone, now=now)
    await journal.note_memberships(conn, gone, now=now)
    phrase = records.DELETE[kind]
    events = [phrase.record(actor, records.target(what)) for what in gone.values()]
    await record(conn, events, now=now)
    return set(gone)


async def restore_objects(
    conn: AsyncConnection, ids: Collection[str], *, now: datetime, actor: Actor
) -> set[str]:
    """Undo the deletion of objects of any kind; give the ids of those that were deleted.

    :raises ObjectConflict: a live object has taken the name that only one may have.
    """
    back = await store.mark_restored(conn, ids)
    for kind in Kind:
        of_kind = [what.id for what in back.values() if what.kind is kind]
        await journal.note_objects(conn, kind, of_kind, now=now)
    await journal.note_memberships(conn, back, now=now, whole_groups=True)
    events = [
        records.RESTORE[what.kind].record(actor, records.target(what)) for what in back.values()
    ]
    await record(conn, events, now=now)
    return set(back)

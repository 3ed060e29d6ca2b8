"""What can be done to groups themselves; ``links`` has their members and owners."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.directory import groups
from ostiary.directory.changes import records
from ostiary.directory.changes.storing import store_differences, store_new
from ostiary.directory.model import Group
from ostiary.storage.ids import new_id


async def add_groups(
    conn: AsyncConnection, drafts: Sequence[Group], *, now: datetime, actor: Actor
) -> list[Group]:
    """Create groups; a draft's id is kept when it has one. Members and owners are added apart.

    :raises DirectoryError: a property is missing or wrong.
    """
    made = [groups.admitted(draft, id=draft.id or new_id(), now=now) for draft in drafts]
    await store_new(conn, made, records.ADD_GROUP, now=now, actor=actor)
    return made


async def update_groups(
    conn: AsyncConnection,
    changes: Sequence[tuple[Group, Group]],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Store what differs between each group and its successor; give the ids of those that differ.

    :raises DirectoryError: a property may not change, or not to its new value.
    """
    checked = [(before, groups.changed(before, after)) for before, after in changes]
    return await store_differences(conn, checked, records.UPDATE_GROUP, now=now, actor=actor)

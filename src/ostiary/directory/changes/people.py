"""What can be done to people; each function takes a batch and tells whom it changed."""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import people, store
from ostiary.directory.changes import records
from ostiary.directory.changes.storing import store_differences, store_new
from ostiary.directory.errors import DirectoryError
from ostiary.directory.model import AssignedLicense, DirectoryObject, User
from ostiary.directory.objects import Kind
from ostiary.directory.store import journal
from ostiary.directory.tables import directory_objects
from ostiary.graph.types import UNSET
from ostiary.storage.ids import new_id

_objects = directory_objects.c


async def add_users(
    conn: AsyncConnection, drafts: Sequence[User], *, now: datetime, actor: Actor
) -> list[User]:
    """Create people, with the managers that they name; a draft's id is kept when it has one.

    :raises ObjectConflict: somebody has the userPrincipalName of one of them.
    :raises DirectoryError: a property is missing or wrong, or a manager does not exist.
    """
    users = [people.admitted(draft, id=draft.id or new_id(), now=now) for draft in drafts]
    managers = {user.id: _manager_id(user) for user in users}
    await store_new(conn, users, records.ADD_USER, now=now, actor=actor)
    named = {user_id: manager for user_id, manager in managers.items() if manager}
    await set_managers(conn, named, now=now, actor=actor)
    return [msgspec.structs.replace(user, manager=UNSET) for user in users]


def _manager_id(user: User) -> str | None:
    return user.manager.id.lower() if isinstance(user.manager, DirectoryObject) else None


async def update_users(
    conn: AsyncConnection, changes: Sequence[tuple[User, User]], *, now: datetime, actor: Actor
) -> set[str]:
    """Store what differs between each user and its successor; give the ids of those that differ.

    :raises ObjectConflict: somebody has a userPrincipalName that would be given.
    :raises DirectoryError: a property may not have its new value.
    """
    checked = [(before, people.checked(after)) for before, after in changes]
    return await store_differences(conn, checked, records.UPDATE_USER, now=now, actor=actor)


async def set_account_enabled(
    conn: AsyncConnection,
    user_ids: Collection[str],
    enabled: bool,
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Let people sign in, or not; give the ids of those for whom that is new."""
    test = store.LIVE & (_objects.kind == Kind.USER.value)
    differs = _objects.account_enabled.is_distinct_from(enabled)
    changed = await store.set_where(conn, user_ids, test & differs, {"account_enabled": enabled})
    noted = dict.fromkeys(changed, ("accountEnabled",))
    await journal.note_objects(conn, Kind.USER, changed, now=now, attributes=noted)
    phrase = records.ENABLE_ACCOUNT if enabled else records.DISABLE_ACCOUNT
    told = (records.change_of("account_enabled", not enabled, enabled),)
    events = [phrase.record(actor, records.target(who, told)) for who in changed.values()]
    await record(conn, events, now=now)
    return set(changed)


async def set_managers(
    conn: AsyncConnection,
    managers: Mapping[str, str | None],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Give people a manager, or none; give the ids of those for whom that is new.

    :raises DirectoryError: a manager is no live user, or would be their own.
    """
    wanted = {manager for manager in managers.values() if manager}
    known = await store.people(conn, wanted | managers.keys())
    _check_managers(managers, known)
    changed = {
        user_id: manager
        for user_id, manager in managers.items()
        if user_id in known and known[user_id].manager_id != manager
    }
    values = {user_id: {"manager_id": manager} for user_id, manager in changed.items()}
    await store.update_objects(conn, Kind.USER, values)
    noted = dict.fromkeys(values, ("manager",))
    await journal.note_objects(conn, Kind.USER, values, now=now, attributes=noted)
    named = await store.references(conn, changed)
    events = [
        records.SET_MANAGER.record(
            actor,
            records.target(
                named[user_id],
                (records.change_of("manager", known[user_id].manager_id, manager),),
            ),
        )
        for user_id, manager in changed.items()
    ]
    await record(conn, events, now=now)
    return set(changed)


def _check_managers(managers: Mapping[str, str | None], known: Container[str]) -> None:
    for user_id, manager in managers.items():
        if manager and (manager not in known or manager == user_id):
            raise DirectoryError(
                f"'{manager}' cannot be the manager: it must be the id of another user.",
                target="manager",
            )


async def revoke_sign_in_sessions(
    conn: AsyncConnection, user_ids: Collection[str], *, now: datetime, actor: Actor
) -> set[str]:
    """Make every session of these people older than ``now`` invalid; give the ids of the people."""
    test = store.LIVE & (_objects.kind == Kind.USER.value)
    moved = {"sign_in_sessions_valid_from_date_time": now}
    changed = await store.set_where(conn, user_ids, test, moved)
    noted = dict.fromkeys(changed, ("signInSessionsValidFromDateTime",))
    await journal.note_objects(conn, Kind.USER, changed, now=now, attributes=noted)
    events = [
        records.REVOKE_SESSIONS.record(actor, records.target(who)) for who in changed.values()
    ]
    await record(conn, events, now=now)
    return set(changed)


async def set_licenses(
    conn: AsyncConnection,
    licenses: Mapping[str, Sequence[AssignedLicense]],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Replace the licences that people hold; give the ids of those for whom that is new.

    Read them with ``store.users(conn, ids, lock=True)`` in the same transaction to add or remove.
    """
    known = await store.users(conn, licenses, lock=True)
    changes = [
        (user, msgspec.structs.replace(user, assigned_licenses=list(licenses[user_id])))
        for user_id, user in known.items()
    ]
    return await store_differences(conn, changes, records.CHANGE_LICENSES, now=now, actor=actor)

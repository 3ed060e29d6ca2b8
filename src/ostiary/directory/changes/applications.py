"""What can be done to applications and their service principals, secrets included."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import applications, store
from ostiary.directory.applications import Secret
from ostiary.directory.changes import records
from ostiary.directory.changes.storing import delete_objects, store_differences, store_new
from ostiary.directory.model import Application, ServicePrincipal
from ostiary.directory.objects import Kind
from ostiary.directory.store import journal
from ostiary.storage.ids import new_id


async def add_applications(
    conn: AsyncConnection, drafts: Sequence[Application], *, now: datetime, actor: Actor
) -> list[Application]:
    """Create applications; an id and an appId that a draft has are kept.

    :raises ObjectConflict: an application has the appId.
    :raises DirectoryError: a property is missing or wrong.
    """
    made = [
        applications.admitted(
            draft, id=draft.id or new_id(), app_id=draft.app_id or new_id(), now=now
        )
        for draft in drafts
    ]
    await store_new(conn, made, records.ADD_APPLICATION, now=now, actor=actor)
    return made


async def update_applications(
    conn: AsyncConnection,
    changes: Sequence[tuple[Application, Application]],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Store what differs, in the applications and in their service principals.

    :raises DirectoryError: a property may not change, or not to its new value.
    """
    checked = [(before, applications.changed(before, after)) for before, after in changes]
    changed = await store_differences(
        conn, checked, records.UPDATE_APPLICATION, now=now, actor=actor
    )
    successors = {after.app_id: after for before, after in checked if before.id in changed}
    principals = await store.service_principals_by_app_id(conn, [i for i in successors if i])
    followed = [
        (principal, _following(principal, successors[app_id]))
        for app_id, principal in principals.items()
    ]
    await store_differences(conn, followed, records.UPDATE_SERVICE_PRINCIPAL, now=now, actor=actor)
    return changed


async def delete_applications(
    conn: AsyncConnection, ids: Collection[str], *, now: datetime, actor: Actor
) -> set[str]:
    """Delete applications, and with each its service principal; give the ids of the former."""
    found = await store.applications(conn, ids)
    app_ids = [application.app_id or "" for application in found.values()]
    principals = await store.service_principals_by_app_id(conn, app_ids)
    of_them = [principal.id for principal in principals.values()]
    await delete_objects(conn, Kind.SERVICE_PRINCIPAL, of_them, now=now, actor=actor)
    return await delete_objects(conn, Kind.APPLICATION, ids, now=now, actor=actor)


async def add_service_principals(
    conn: AsyncConnection,
    registrations: Sequence[Application],
    *,
    now: datetime,
    actor: Actor,
) -> list[ServicePrincipal]:
    """Let applications act in this directory.

    :raises ObjectConflict: one of them does already.
    """
    made = [applications.principal_of(of, id=new_id(), now=now) for of in registrations]
    await store_new(conn, made, records.ADD_SERVICE_PRINCIPAL, now=now, actor=actor)
    return made


async def update_service_principals(
    conn: AsyncConnection,
    changes: Sequence[tuple[ServicePrincipal, ServicePrincipal]],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Store what differs between each service principal and its successor."""
    phrase = records.UPDATE_SERVICE_PRINCIPAL
    return await store_differences(conn, changes, phrase, now=now, actor=actor)


async def add_secrets(
    conn: AsyncConnection, secrets: Sequence[Secret], *, now: datetime, actor: Actor
) -> None:
    """Store secrets of live applications."""
    await store.insert_secrets(conn, secrets)
    await _tell_of_secrets(conn, {s.application_id for s in secrets}, now=now, actor=actor)


async def remove_secrets(
    conn: AsyncConnection,
    application_id: str,
    key_ids: Collection[str],
    *,
    now: datetime,
    actor: Actor,
) -> set[str]:
    """Remove secrets of an application; give the key ids of those that it had."""
    removed = await store.delete_secrets(conn, application_id, key_ids)
    if removed:
        await _tell_of_secrets(conn, [application_id], now=now, actor=actor)
    return removed


async def _tell_of_secrets(
    conn: AsyncConnection, application_ids: Collection[str], *, now: datetime, actor: Actor
) -> None:
    await journal.note_objects(conn, Kind.APPLICATION, application_ids, now=now)
    named = await store.references(conn, application_ids)
    events = [
        records.CHANGE_SECRETS.record(actor, records.target(named[object_id]))
        for object_id in sorted(named)
    ]
    await record(conn, events, now=now)


def _following(principal: ServicePrincipal, application: Application) -> ServicePrincipal:
    return msgspec.structs.replace(
        principal,
        app_display_name=application.display_name,
        app_roles=application.app_roles,
        description=application.description,
        display_name=application.display_name,
    )

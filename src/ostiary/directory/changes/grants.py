"""Roles of applications: given to people, groups and service principals, and taken away."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.audit.store import record
from ostiary.directory import store
from ostiary.directory.applications import Grant, check_grant
from ostiary.directory.changes import records
from ostiary.directory.errors import ObjectNotFound
from ostiary.directory.model import AppRoleAssignment
from ostiary.directory.objects import Kind
from ostiary.storage.ids import new_id


async def grant_roles(
    conn: AsyncConnection, grants: Sequence[Grant], *, now: datetime, actor: Actor
) -> list[AppRoleAssignment]:
    """Give objects roles of applications; what they hold already is passed over.

    :raises ObjectNotFound: a principal or a resource does not exist.
    :raises InvalidValue: a resource has no such role, or not for this kind of principal.
    """
    await _check(conn, grants)
    rows = [
        {
            "id": new_id(),
            "principal_id": grant.principal_id,
            "resource_id": grant.resource_id,
            "app_role_id": grant.app_role_id,
            "created_date_time": now,
        }
        for grant in dict.fromkeys(grants)
    ]
    added = await store.insert_grants(conn, rows)
    given = await store.grants(conn, added)
    await _tell(conn, list(given.values()), now=now, actor=actor, granted=True)
    return list(given.values())


async def revoke_roles(
    conn: AsyncConnection, assignment_ids: Collection[str], *, now: datetime, actor: Actor
) -> set[str]:
    """Take roles away, by the ids of their assignments; give the ids of those that there were."""
    held = await store.grants(conn, assignment_ids)
    # Those of deleted objects go as well, or they would be back with the object.
    taken = await store.delete_grants(conn, assignment_ids)
    gone = [held[assignment_id] for assignment_id in taken & held.keys()]
    await _tell(conn, gone, now=now, actor=actor, granted=False)
    return taken & held.keys()


async def _check(conn: AsyncConnection, grants: Sequence[Grant]) -> None:
    principals = await store.references(conn, {grant.principal_id for grant in grants})
    resources = await store.service_principals(conn, {grant.resource_id for grant in grants})
    for grant in grants:
        if grant.principal_id not in principals:
            raise ObjectNotFound(grant.principal_id)
        if grant.resource_id not in resources:
            raise ObjectNotFound(grant.resource_id)
        kind = principals[grant.principal_id].kind
        check_grant(grant, kind=kind, offered=resources[grant.resource_id].app_roles)


async def _tell(
    conn: AsyncConnection,
    about: Sequence[AppRoleAssignment],
    *,
    now: datetime,
    actor: Actor,
    granted: bool,
) -> None:
    events = [_event(assignment, actor, granted=granted) for assignment in about]
    await record(conn, events, now=now)


def _event(assignment: AppRoleAssignment, actor: Actor, *, granted: bool) -> AuditEvent:
    principal_type = assignment.principal_type or ""
    kind = Kind(principal_type[:1].lower() + principal_type[1:])
    role = records.change_of("app_role_id", None, assignment.app_role_id)
    return records.role_phrase(kind, granted=granted).record(
        actor,
        Target(
            id=assignment.resource_id or "",
            type=Kind.SERVICE_PRINCIPAL.noun,
            display_name=assignment.resource_display_name,
            changes=(role,) if granted else (),
        ),
        Target(
            id=assignment.principal_id or "",
            type=principal_type,
            display_name=assignment.principal_display_name,
        ),
    )

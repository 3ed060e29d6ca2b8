"""Queries about subjects: those who ask for access or hold it, under the ids of the directory."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import RowMapping, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.objects import Kind, Reference
from ostiary.directory.tables import directory_objects
from ostiary.entitlement.model.enums import (
    AccessPackageSubjectLifecycle,
    AccessPackageSubjectType,
)
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.organizations import domain_in, domain_of
from ostiary.entitlement.store import organizations
from ostiary.entitlement.tables import subjects
from ostiary.storage import upserts
from ostiary.storage.batches import among

_TYPES = {
    Kind.USER: AccessPackageSubjectType.USER,
    Kind.SERVICE_PRINCIPAL: AccessPackageSubjectType.SERVICE_PRINCIPAL,
}


def load(row: RowMapping) -> AccessPackageSubject:
    """Make a subject of its row."""
    return AccessPackageSubject(
        id=row["id"],
        object_id=row["object_id"],
        display_name=row["display_name"],
        email=row["email"],
        principal_name=row["principal_name"],
        subject_type=AccessPackageSubjectType(row["subject_type"]),
        subject_lifecycle=AccessPackageSubjectLifecycle(row["subject_lifecycle"]),
        connected_organization_id=row["connected_organization_id"],
        cleanup_scheduled_date_time=row["cleanup_at"],
    )


def named(known: Reference) -> dict[str, str | None]:
    """Give the columns that follow the directory."""
    return {
        "display_name": known.display_name,
        "email": known.mail,
        "principal_name": known.user_principal_name,
    }


async def know(conn: AsyncConnection, references: Collection[Reference]) -> None:
    """Make subjects of directory objects that are none yet."""
    rows = [
        {
            "id": known.id,
            "object_id": known.id,
            "subject_type": _TYPES.get(known.kind, AccessPackageSubjectType.NOT_SPECIFIED).value,
            "subject_lifecycle": AccessPackageSubjectLifecycle.NOT_DEFINED.value,
            **named(known),
        }
        for known in sorted(references, key=lambda known: known.id)
    ]
    if rows:
        await conn.execute(upserts.insert(conn, subjects).on_conflict_do_nothing(), rows)
        await organizations.attach(conn, {known.id: domain_of(known) for known in references})


async def addressed(conn: AsyncConnection, emails: Collection[str]) -> dict[str, tuple[str, bool]]:
    """Say who has these addresses, given in lower case: the id, and whether the directory knows it.

    A mail address counts as it is written or in lower case, and so does a userPrincipalName. Of
    several people with one address the first by id counts.
    """
    found: dict[str, tuple[str, bool]] = {}
    waiting = select(subjects.c.email, subjects.c.id).where(
        among(subjects.c.email, emails), subjects.c.object_id.is_(None)
    )
    for email, key in await conn.execute(waiting):
        found[email] = (key, False)
    people = directory_objects.c
    here = or_(among(func.lower(people.mail), emails), among(people.unique_name, emails))
    query = (
        select(people.mail, people.user_principal_name, people.id)
        .where(people.kind == Kind.USER.value, people.deleted_date_time.is_(None), here)
        .order_by(people.id.desc())
    )
    for mail, name, key in await conn.execute(query):
        for text in (name, mail):
            if (text or "").lower() in emails:
                found[text.lower()] = (key, True)
    return found


async def invite(conn: AsyncConnection, guests: Collection[AccessPackageSubject]) -> None:
    """Make subjects of people who are named by their addresses, and not in the directory yet."""
    rows = [
        {
            "id": guest.id,
            "object_id": None,
            "subject_type": AccessPackageSubjectType.USER.value,
            "subject_lifecycle": AccessPackageSubjectLifecycle.GOVERNED.value,
            "display_name": guest.display_name,
            "email": guest.email,
            "principal_name": None,
        }
        for guest in guests
    ]
    if rows:
        await conn.execute(insert(subjects), rows)
        await organizations.attach(conn, {one.id: domain_in(one.email) for one in guests})


async def uninvited(
    conn: AsyncConnection, keys: Collection[str]
) -> dict[str, AccessPackageSubject]:
    """Give those of these subjects who are not in the directory yet."""
    query = select(subjects).where(among(subjects.c.id, keys), subjects.c.object_id.is_(None))
    return {row["id"]: load(row) for row in (await conn.execute(query)).mappings()}


async def admit(conn: AsyncConnection, keys: Collection[str]) -> None:
    """Note that subjects are in the directory now, under their own ids."""
    statement = update(subjects).where(among(subjects.c.id, keys))
    await conn.execute(statement.values(object_id=subjects.c.id))


async def read(conn: AsyncConnection, keys: Collection[str]) -> dict[str, AccessPackageSubject]:
    """Give subjects by id."""
    query = select(subjects).where(among(subjects.c.id, keys))
    return {row["id"]: load(row) for row in (await conn.execute(query)).mappings()}


async def locked(conn: AsyncConnection, object_id: str) -> AccessPackageSubject | None:
    """Give the subject of a directory object, to change it; None: there is none."""
    query = select(subjects).where(subjects.c.object_id == object_id).with_for_update()
    row = (await conn.execute(query)).mappings().first()
    return None if row is None else load(row)


async def set_lifecycle(
    conn: AsyncConnection, object_id: str, lifecycle: AccessPackageSubjectLifecycle
) -> None:
    """Say whether a guest may be blocked and deleted."""
    same = subjects.c.object_id == object_id
    values: dict[str, Any] = {"subject_lifecycle": lifecycle.value}
    if lifecycle is not AccessPackageSubjectLifecycle.GOVERNED:
        values["cleanup_at"] = None
    await conn.execute(update(subjects).where(same).values(values))

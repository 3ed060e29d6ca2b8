"""Queries about people."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.model import User
from ostiary.directory.objects import Kind, Reference
from ostiary.directory.people import Person
from ostiary.directory.store.objects import by_id, by_unique_name
from ostiary.directory.store.rows import PERSON_COLUMNS, person, reference, wire_user


async def people(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Person]:
    """Read the people with these ids, as the governors see them; others are left out."""
    return await by_id(conn, ids, person, Kind.USER, columns=PERSON_COLUMNS)


async def users(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, User]:
    """Read the people with these ids, with every property; ``lock`` before changing them."""
    return await by_id(conn, ids, wire_user, Kind.USER, lock=lock)


async def people_by_principal_name(
    conn: AsyncConnection, names: Collection[str]
) -> dict[str, Reference]:
    """Find people by userPrincipalName, in any case; the answer's keys are the names as given."""
    return await by_unique_name(conn, Kind.USER, names, reference)

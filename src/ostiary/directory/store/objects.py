"""Queries about directory objects of any kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, RowMapping, Select, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.errors import ObjectConflict
from ostiary.directory.objects import Kind, Reference
from ostiary.directory.store.rows import REFERENCE_COLUMNS, Values, reference, unique_name
from ostiary.directory.tables import directory_objects
from ostiary.storage import upserts
from ostiary.storage.batches import KEYS, among

T = TypeVar("T")
_objects = directory_objects.c

LIVE: ColumnElement[bool] = _objects.deleted_date_time.is_(None)


async def by_id(
    conn: AsyncConnection,
    ids: Collection[str],
    make: Callable[[RowMapping], T],
    kind: Kind | None = None,
    *,
    columns: Sequence[str] = (),
    lock: bool = False,
) -> dict[str, T]:
    """Read the live objects with these ids, of this kind (of any when none is named).

    ``columns`` names those that ``make`` needs, unless it needs all. ``lock`` keeps others from
    changing the rows before this transaction ends.
    """
    query = _by_id(tuple(columns), is_of_kind=kind is not None, lock=lock)
    values = {"keys": ids} if kind is None else {"keys": ids, "of_kind": kind.value}
    result = await conn.execute(query, values)
    return {row["id"]: make(row) for row in result.mappings()}


@lru_cache(maxsize=64)
def _by_id(columns: tuple[str, ...], *, is_of_kind: bool, lock: bool) -> Select[Any]:
    query = select(*(_objects[name] for name in columns or _objects.keys()))
    query = query.where(LIVE, among(_objects.id, KEYS))
    if is_of_kind:
        query = query.where(_objects.kind == bindparam("of_kind"))
    return query.with_for_update() if lock else query


async def by_unique_name(
    conn: AsyncConnection, kind: Kind, names: Collection[str], make: Callable[[RowMapping], T]
) -> dict[str, T]:
    """Read live objects by what only one of their kind may have; the answer's keys are ``names``.

    That is the userPrincipalName of people and the appId of the others, in any case.
    """
    asked = {name: unique_name(name) for name in names}
    query = select(directory_objects).where(
        LIVE, _objects.kind == kind.value, among(_objects.unique_name, set(asked.values()))
    )
    found = {row["unique_name"]: make(row) for row in (await conn.execute(query)).mappings()}
    return {name: found[unique] for name, unique in asked.items() if unique in found}


async def references(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Reference]:
    """Name the live directory objects with these ids; others are left out."""
    return await by_id(conn, ids, reference, columns=REFERENCE_COLUMNS)


async def used_ids(conn: AsyncConnection, ids: Collection[str]) -> set[str]:
    """Give those of these ids that an object has, live or deleted."""
    result = await conn.execute(select(_objects.id).where(among(_objects.id, ids)))
    return set(result.scalars())


async def insert_objects(conn: AsyncConnection, kind: Kind, rows: Sequence[Values]) -> None:
    """Add objects of one kind.

    :raises ObjectConflict: a live object has the name that only one may have.
    """
    if rows:
        with _conflicts(kind):
            await conn.execute(insert(directory_objects), rows)


async def insert_missing(conn: AsyncConnection, rows: Sequence[Values]) -> set[str]:
    """Add those objects of one kind that are not there; give their ids."""
    if not rows:
        return set()
    statement = upserts.insert(conn, directory_objects).on_conflict_do_nothing()
    result = await conn.execute(statement.returning(_objects.id), rows)
    return set(result.scalars())


async def update_objects(conn: AsyncConnection, kind: Kind, changes: Mapping[str, Values]) -> None:
    """Change objects of one kind by id, in one statement for all that change the same columns.

    :raises ObjectConflict: a live object has what would become equal.
    """
    alike: dict[tuple[str, ...], list[Values]] = defaultdict(list)
    for object_id, values in changes.items():
        if values:
            new = {f"new_{name}": value for name, value in values.items()}
            alike[tuple(sorted(values))].append({"object_id": object_id, **new})
    for names, rows in alike.items():
        statement = (
            update(directory_objects)
            .where(_objects.id == bindparam("object_id"))
            .values({name: bindparam(f"new_{name}") for name in names})
        )
        with _conflicts(kind):
            await conn.execute(statement, rows)


async def set_where(
    conn: AsyncConnection,
    ids: Collection[str],
    test: ColumnElement[bool],
    values: Mapping[str, Any],  # column values of several types
) -> dict[str, Reference]:
    """Give the objects that pass ``test`` the same values; name those that did."""
    result = await conn.execute(
        update(directory_objects)
        .where(among(_objects.id, ids), test)
        .values(dict(values))
        .returning(*(_objects[name] for name in REFERENCE_COLUMNS))
    )
    return {row["id"]: reference(row) for row in result.mappings()}


async def mark_deleted(
    conn: AsyncConnection, kind: Kind, ids: Collection[str], *, now: datetime
) -> dict[str, Reference]:
    """Delete live objects so that they can be restored; name those that were live."""
    test = LIVE & (_objects.kind == kind.value)
    return await set_where(conn, ids, test, {"deleted_date_time": now})


async def mark_restored(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Reference]:
    """Bring deleted objects back; name those that were deleted.

    :raises ObjectConflict: a live object has taken the name that only one may have.
    """
    with _conflicts():
        return await set_where(conn, ids, ~LIVE, {"deleted_date_time": None})


@contextmanager
def _conflicts(kind: Kind = Kind.USER) -> Iterator[None]:
    """Turn a violation of the unique index into the error that names the property."""
    try:
        yield
    except IntegrityError as error:
        if "unique_name" not in str(error.orig):
            raise
        raise ObjectConflict("userPrincipalName" if kind is Kind.USER else "appId") from error

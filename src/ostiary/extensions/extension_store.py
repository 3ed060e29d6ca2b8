"""Every query about extensions, which both governors keep in one table."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, Final, TypeVar

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import (
    CustomExtensionAuthenticationConfiguration,
    CustomExtensionCallbackConfiguration,
    CustomExtensionClientConfiguration,
    CustomExtensionEndpointConfiguration,
)
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.reading import Reader
from ostiary.graph.types import Complex, Version
from ostiary.graph.writing import Writer
from ostiary.storage.batches import KEYS, among

ComplexT = TypeVar("ComplexT", bound=Complex)

# The stored form is the wire form of v1.0, with the type of every value named.
_WRITER: Final = Writer(Version.V1, include_unknown=True, metadata="full")
_READER: Final = Reader()
_CONFIGURATIONS: Final[Mapping[str, type[Complex]]] = {
    "endpoint": CustomExtensionEndpointConfiguration,
    "authentication": CustomExtensionAuthenticationConfiguration,
    "client": CustomExtensionClientConfiguration,
    "callback": CustomExtensionCallbackConfiguration,
}
_READ: Final = select(custom_extensions).where(among(custom_extensions.c.id, KEYS))
_LOCK: Final = _READ.order_by(custom_extensions.c.id).with_for_update()


async def add(conn: AsyncConnection, extension: Extension) -> None:
    """Store a new extension."""
    await conn.execute(insert(custom_extensions).values(_row(extension)))


async def save(conn: AsyncConnection, extension: Extension) -> None:
    """Store every property of an extension that exists."""
    same = custom_extensions.c.id == extension.id
    await conn.execute(update(custom_extensions).where(same).values(_row(extension)))


async def remove(conn: AsyncConnection, ids: Collection[str]) -> int:
    """Delete extensions; callouts of theirs that are still to be sent fail. Gives how many were."""
    result = await conn.execute(delete(custom_extensions).where(among(_id(), ids)))
    return result.rowcount


async def read(
    conn: AsyncConnection, ids: Collection[str], *, lock: bool = False
) -> dict[str, Extension]:
    """Give extensions by id; those that do not exist are missing. ``lock`` before changing them."""
    rows = await conn.execute(_LOCK if lock else _READ, {"keys": ids})
    return {row["id"]: load(row) for row in rows.mappings()}


async def names(
    conn: AsyncConnection, kinds: Collection[str], *, catalog_id: str | None = None
) -> dict[str, str]:
    """Give the ids of all extensions of these kinds by case-folded display name."""
    statement = select(_id(), custom_extensions.c.display_name).where(
        among(custom_extensions.c.kind, kinds)
    )
    if catalog_id is not None:
        statement = statement.where(custom_extensions.c.catalog_id == catalog_id)
    return {name.casefold(): id_ for id_, name in await conn.execute(statement)}


def load(row: RowMapping) -> Extension:
    """Make an extension of a row of ``custom_extensions``."""
    read = {name: _read(row[name], base) for name, base in _CONFIGURATIONS.items()}
    return Extension(**{**{f.name: row[f.name] for f in fields(Extension)}, **read})


def _row(extension: Extension) -> dict[str, Any]:  # column values of several types
    values = {field.name: getattr(extension, field.name) for field in fields(extension)}
    return {**values, **{name: _written(values[name]) for name in _CONFIGURATIONS}}


def _written(value: Complex | None) -> dict[str, Any] | None:
    return None if value is None else _WRITER.entity(value)


def _read(stored: Mapping[str, Any] | None, base: type[ComplexT]) -> ComplexT | None:
    return None if stored is None else _READER.create(base, stored)


def _id() -> Any:  # a column of any type
    return custom_extensions.c.id

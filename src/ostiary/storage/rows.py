"""Writing many rows of one table with one statement, as the driver takes it.

What SQLAlchemy does for each row of an ``executemany`` takes longer than the driver needs for it,
and for PostgreSQL each row would be a statement of its own. Here a column is one array there, and
SQLite's driver gets bare tuples; types and their conversions are those of the table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Column, Dialect, String, Table
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage.batches import chunks

Row = Mapping[str, Any]
"""Values by the names of their columns."""

_Convert = Callable[[Any], Any]
_Default = Callable[[], Any]


class Insertion:
    """Adds rows to a table. Made once, and run often; no rows are no statement."""

    def __init__(self, table: Table) -> None:
        given = [c for c in table.columns if c is not table.autoincrement_column]
        names = {column.name for column in given}
        self._write: Final = _Write(table, [(c, _default(c)) for c in given], names, _insert)

    async def run(self, conn: AsyncConnection, rows: Sequence[Row]) -> None:
        """Add rows; what a row does not name gets the column's default, or is null.

        :raises ValueError: a row names a column that there is not, or a number of the database's.
        :raises IntegrityError: a row breaks a promise of the table; none is added then.
        """
        await self._write.run(conn, rows)


class Change:
    """Sets columns of rows that are found by their one key; no rows are no statement."""

    def __init__(self, table: Table, columns: Collection[str]) -> None:
        (key,) = table.primary_key.columns
        self._key: Final = key.name
        needed = [key, *(table.c[name] for name in columns)]
        names = set(table.columns.keys())
        self._write: Final = _Write(table, [(column, None) for column in needed], names, _update)

    async def run(self, conn: AsyncConnection, rows: Sequence[Row]) -> None:
        """Set its columns in rows, each of which names them and its key, and perhaps others.

        Of several with one key the last counts; one that is not in the table changes nothing.

        :raises ValueError: a row names a column that the table does not have.
        :raises KeyError: a row lacks one of those that are set.
        """
        last = {row[self._key]: row for row in rows}
        await self._write.run(conn, list(last.values()))


class _Write:
    """A statement about some columns, in the words of each database that it has met."""

    def __init__(
        self,
        table: Table,
        columns: Sequence[tuple[Column[Any], _Default | None]],
        names: Set[str],
        spell: Callable[[Table, Sequence[Column[Any]], Dialect], str],
    ) -> None:
        self._table = table
        self._columns = columns
        self._names = names
        self._spell = spell
        self._statements: dict[str, _Statement] = {}

    async def run(self, conn: AsyncConnection, rows: Sequence[Row]) -> None:
        if unknown := set[str]().union(*rows) - self._names:
            raise ValueError(f"{self._table.name} takes no {', '.join(sorted(unknown))}.")
        statement = self._statement(conn.dialect)
        for some in chunks(rows):  # so that the memory does not grow with them
            columns = statement.columns(some)
            if conn.dialect.name == "postgresql":
                await conn.exec_driver_sql(statement.text, tuple(columns))
            else:
                await conn.exec_driver_sql(statement.text, list(zip(*columns, strict=True)))

    def _statement(self, dialect: Dialect) -> _Statement:
        if dialect.name not in self._statements:
            self._statements[dialect.name] = _Statement(
                self._spell(self._table, [column for column, _ in self._columns], dialect),
                [(c.name, default, _converter(c, dialect)) for c, default in self._columns],
            )
        return self._statements[dialect.name]


@dataclass(frozen=True, slots=True)
class _Statement:
    text: str
    values: Sequence[tuple[str, _Default | None, _Convert | None]]
    """For each column its name, its default, and what makes a value of the driver's."""

    def columns(self, rows: Sequence[Row]) -> list[list[Any]]:
        """Turn rows into columns of values that the driver takes."""
        return [_column(rows, *one) for one in self.values]


def _column(
    rows: Sequence[Row], name: str, default: _Default | None, convert: _Convert | None
) -> list[Any]:
    if default is None:
        values = [row[name] for row in rows]
    else:
        values = [row[name] if name in row else default() for row in rows]
    return values if convert is None else [convert(value) for value in values]


def _default(column: Column[Any]) -> _Default:
    default: Any = column.default
    if default is None:
        return lambda: None
    if default.is_callable:
        return lambda: default.arg(None)
    return lambda: default.arg


def _converter(column: Column[Any], dialect: Dialect) -> _Convert | None:
    return column.type.dialect_impl(dialect).bind_processor(dialect)


def _insert(table: Table, columns: Sequence[Column[Any]], dialect: Dialect) -> str:
    into = f"INSERT INTO {_name(table, dialect)} ({', '.join(_name(c, dialect) for c in columns)})"
    if dialect.name == "postgresql":
        return f"{into} SELECT * FROM {_arrays(columns, dialect)}"  # noqa: S608  # names of ours
    return f"{into} VALUES ({', '.join('?' for _ in columns)})"


def _update(table: Table, columns: Sequence[Column[Any]], dialect: Dialect) -> str:
    """Write an update; the first of the columns is the key."""
    whole = _name(table, dialect)
    key, *names = [_name(column, dialect) for column in columns]
    if dialect.name == "postgresql":
        changes = ", ".join(f"{name} = given.{name}" for name in names)
        given = f"{_arrays(columns, dialect)} AS given ({', '.join((key, *names))})"
        return f"UPDATE {whole} SET {changes} FROM {given} WHERE {whole}.{key} = given.{key}"  # noqa: S608  # names of ours
    changes = ", ".join(f"{name} = ?{place}" for place, name in enumerate(names, start=2))
    return f"UPDATE {whole} SET {changes} WHERE {key} = ?1"  # noqa: S608  # names of ours


def _arrays(columns: Sequence[Column[Any]], dialect: Dialect) -> str:
    types = (_array_type(column, dialect) for column in columns)
    return f"unnest({', '.join(f'${place}::{type_}[]' for place, type_ in enumerate(types, 1))})"


def _array_type(column: Column[Any], dialect: Dialect) -> str:
    """Give the type of a column's values; a cast to a text of limited length would cut it."""
    impl = column.type.dialect_impl(dialect)
    if isinstance(impl, String):
        return "TEXT"
    return dialect.type_compiler_instance.process(impl)


def _name(what: Table | Column[Any], dialect: Dialect) -> str:
    return str(dialect.identifier_preparer.quote(what.name))

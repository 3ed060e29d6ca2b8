"""Statements about many rows, without a bound variable for each.

Databases limit the variables of a statement (about 32,000), and a list of another length is
another statement to prepare. ``among`` binds the whole list as one value; ``chunks`` is for what
cannot be said that way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import (
    BindParameter,
    Boolean,
    ColumnElement,
    Dialect,
    Text,
    TypeDecorator,
    bindparam,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeEngine

T = TypeVar("T")
Texts = BindParameter[list[str]]

CHUNK: Final = 5_000
"""Rows for each statement that binds their values: six columns stay below every limit."""


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Cut ``items`` into slices of at most ``size``; nothing for nothing."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


def among(column: ColumnElement[Any], values: Collection[str] | Texts) -> ColumnElement[bool]:
    """Say that a text column is one of ``values``, however many they are.

    A statement that is built once names them with :func:`texts` and gets them when it is run.
    """
    if isinstance(values, BindParameter):
        return _Among(column, values)
    return _Among(column, bindparam(None, list(values), type_=_Texts(), unique=True))


def texts(name: str) -> Texts:
    """Name a list of texts that a statement will be given as a parameter."""
    return bindparam(name, type_=_Texts())


class _Texts(TypeDecorator[list[str]]):
    """A list of texts as one bound value: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        items = list(value)
        return items if dialect.name == "postgresql" else msgspec.json.encode(items).decode()


KEYS: Final = texts("keys")
"""The parameter ``keys`` of a statement that is about objects by their ids."""


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True

    def self_group(self, against: OperatorType | None = None) -> _Among:
        """Stand as it is: SQLAlchemy would add ``= 1``, and SQLite then uses no index."""
        return self


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: Any, **kw: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **kw)} = ANY ({compiler.process(values, **kw)})"


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # compiled clauses

"""Comparing texts by their characters, on every database and in every locale.

PostgreSQL compares by the rules of the database's locale, which pass over blanks and punctuation;
SQLite compares by characters, and so does everything that reads our results.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class by_character(FunctionElement[str]):
    """A text whose order is that of its characters: ``by_character(column) < "m"``."""

    type = String()
    inherit_cache = True
    name = "by_character"


@compiles(by_character)
def _as_it_is(element: by_character, compiler: SQLCompiler, **options: Any) -> str:
    return str(compiler.process(element.clauses, **options))


@compiles(by_character, "postgresql")
def _collated(element: by_character, compiler: SQLCompiler, **options: Any) -> str:
    return f'(({compiler.process(element.clauses, **options)}) COLLATE "C")'


def ordered(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """Give an expression for ``<`` and ``>``; what is no text stays as it is."""
    return by_character(expression) if isinstance(expression.type, String) else expression

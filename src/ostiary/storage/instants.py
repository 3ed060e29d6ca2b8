"""Arithmetic with the instants of a table, which the two databases keep differently."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from ostiary.storage.tables import Instant


class instant_after(GenericFunction[datetime]):
    """An instant that lies so many times 24 hours after another."""

    type = Instant()
    inherit_cache = True
    name = "instant_after"


@compiles(instant_after)
def _shifted(element: instant_after, compiler: SQLCompiler, **options: Any) -> str:
    instant, days = (compiler.process(part, **options) for part in element.clauses)
    moved = f"strftime('%Y-%m-%dT%H:%M:%S', substr({instant}, 1, 19), {days} || ' days')"
    return f"({moved} || substr({instant}, 20))"


@compiles(instant_after, "postgresql")
def _shifted_pg(element: instant_after, compiler: SQLCompiler, **options: Any) -> str:
    instant, days = (compiler.process(part, **options) for part in element.clauses)
    return f"({instant} + {days} * interval '24 hours')"


def days_after(instant: ColumnElement[datetime], days: int) -> ColumnElement[datetime]:
    """Give the instant that lies so many days of 24 hours after that of a column."""
    return instant_after(instant, literal(days))

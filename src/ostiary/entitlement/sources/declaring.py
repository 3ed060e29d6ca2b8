"""How sources are declared: columns by the names of properties, and links."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from ostiary.graph.resources import Link, Source

Columns = dict[str, ColumnElement[Any]]


def columns_of(table: FromClause, *names: str, **others: str) -> Columns:
    """Give the columns that are called as their properties, and ``property=column`` others."""
    return {name: table.c[name] for name in names} | {
        name: table.c[column] for name, column in others.items()
    }


def one(target: Callable[[], Source], local: Any, remote: Any) -> Link:
    """Lead to one entity."""
    return Link(target=target, local=local, remote=remote, many=False)


def many(target: Callable[[], Source], local: Any, remote: Any, order: Any = None) -> Link:
    """Lead to many entities."""
    return Link(target=target, local=local, remote=remote, many=True, order=order)

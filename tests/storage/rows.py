"""Rows of any table, for tests of how the database stores them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table

from ostiary.storage.tables import Instant, Json
from tests.support.clocks import MONDAY


def filled(table: Table, number: int, **values: Any) -> dict[str, Any]:
    """Make a row: what may be null is, and what may not is something."""
    row = {column.name: None for column in table.c}
    needed = {column.name: _some(column, number) for column in table.c if not column.nullable}
    return {**row, **needed, "id": str(number), **values}


def _some(column: Any, number: int) -> Any:
    if isinstance(column.type, Instant):
        return MONDAY
    if isinstance(column.type, type(Json)):
        return {}
    return {int: 0, bool: False}.get(column.type.python_type, str(number))

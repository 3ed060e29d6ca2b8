"""Pages by position, not by number: the link to the next page says after which row it begins.

A page late in a million rows costs what the first one costs, and rows that come and go between two
pages neither hide nor repeat others. The token is opaque to clients.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, ColumnElement, UnaryExpression, and_, false, or_, true
from sqlalchemy.sql.operators import desc_op
from sqlalchemy.types import TypeEngine

from ostiary.graph.errors import BadRequest

_VERSION = 1


@dataclass(frozen=True, slots=True)
class SortKey:
    """One sort expression. Nulls come first ascending and last descending, on every database."""

    expression: ColumnElement[Any]
    descending: bool = False

    @classmethod
    def declared(cls, order: ColumnElement[Any]) -> SortKey:
        """Make the key of a declared order: a column, or ``column.desc()``."""
        if isinstance(order, UnaryExpression) and order.modifier is desc_op:
            return cls(order.element, descending=True)
        return cls(order)

    @property
    def is_never_null(self) -> bool:
        """Whether the column says so, which lets its index serve the order."""
        return isinstance(self.expression, Column) and not self.expression.nullable

    def clause(self) -> ColumnElement[Any]:
        """Give the ORDER BY element."""
        if self.is_never_null:
            return self.expression.desc() if self.descending else self.expression.asc()
        if self.descending:
            return self.expression.desc().nulls_last()
        return self.expression.asc().nulls_first()

    def after(self, value: Any, rest: ColumnElement[bool]) -> ColumnElement[bool]:
        """Give the test for rows behind ``value``; ``rest`` decides among equals."""
        column = self.expression
        if self.is_never_null:
            # The bound repeats what the rest says, for the database to begin at it in the index.
            further, bound = (column < value, column <= value)
            if not self.descending:
                further, bound = (column > value, column >= value)
            return and_(bound, or_(further, and_(column == value, rest)))
        if value is None:
            behind = false() if self.descending else column.is_not(None)
            return or_(behind, and_(column.is_(None), rest))
        if self.descending:
            return or_(column < value, column.is_(None), and_(column == value, rest))
        return or_(column > value, and_(column == value, rest))


def behind(keys: Sequence[SortKey], position: Sequence[Any]) -> ColumnElement[bool]:
    """Give the test for the rows behind a position in the order of ``keys``."""
    test: ColumnElement[bool] = false()
    for key, value in reversed(list(zip(keys, position, strict=True))):
        test = key.after(value, test)
    return test if keys else true()


def write_token(position: Sequence[Any]) -> str:
    """Make the token of a position."""
    encoded = msgspec.json.encode([_VERSION, list(position)])
    return base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def read_token(token: str, keys: Sequence[SortKey]) -> list[Any]:
    """Read a token for these sort keys.

    :raises BadRequest: the token was not made for this query.
    """
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        version, position = msgspec.json.decode(raw, type=tuple[int, list[Any]])
        if version != _VERSION or len(position) != len(keys):
            raise ValueError("made for another query")
        return [_typed(v, k) for v, k in zip(position, keys, strict=True)]
    except (ValueError, binascii.Error, msgspec.MsgspecError, UnicodeError):
        raise BadRequest("Skip token is not valid.", target="$skiptoken") from None


def _typed(value: Any, key: SortKey) -> Any:
    if value is None and not key.is_never_null:
        return None
    expected = key.expression.type.python_type
    if expected is datetime:
        return _instant(value)
    if type(value) is not expected or not _is_kept(value, key.expression.type):
        raise ValueError("not a value of the sort key")
    return value


def _instant(value: Any) -> datetime:
    """Read an instant; clients can send what we never made."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("no instant")
    return moment


def _is_kept(value: Any, type_: TypeEngine[Any]) -> bool:
    """Whether a column can hold a value, so that a database can be asked about it."""
    if isinstance(value, str):
        return "\0" not in value
    bits = 63 if isinstance(type_, BigInteger) else 31
    return not isinstance(value, int) or abs(value) < 2**bits

"""Which values and functions of a ``$filter`` go together where no property has a type.

SQLite compares anything with anything, and PostgreSQL refuses it in its own words; here both answer
alike, before they are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Date, DateTime, Integer, String
from sqlalchemy.types import TypeEngine

from ostiary.graph.errors import BadRequest
from ostiary.graph.filter_paths import Operand

_OF_INSTANTS: Final = frozenset({"date", "year", "month", "day", "hour", "minute", "second"})

_KINDS: Final[tuple[tuple[type[TypeEngine[Any]], tuple[type, ...]], ...]] = (
    (Integer, (int, float)),
    (Date, (date,)),
    (DateTime, (date,)),
)
"""What can be compared with numbers of rows, and with what functions give."""


def require_kind(name: str, args: Sequence[Operand]) -> None:
    """Refuse arguments of another kind than a function is for: PostgreSQL would, in its own words.

    :raises BadRequest: one is neither a text nor an instant, as the function wants it.
    """
    of_instants = name in _OF_INSTANTS
    if not all(_is_instant(arg) if of_instants else _is_text(arg) for arg in args):
        kind = "instants" if of_instants else "texts"
        raise BadRequest(f"Invalid filter clause: '{name}' is for {kind}.")


def _is_text(operand: Operand) -> bool:
    return operand.text or isinstance(operand.expression.type, String)


def _is_instant(operand: Operand) -> bool:
    if operand.prop is not None:
        return operand.prop.type.name in ("Edm.DateTimeOffset", "Edm.Date")
    return isinstance(operand.expression.type, DateTime | Date)


def type_of(operand: Operand) -> str:
    """Name the type that a constant beside an operand must have."""
    if operand.prop is not None:
        return operand.prop.type.name
    return "Edm.Int64" if isinstance(operand.expression.type, Integer) else "Edm.String"


def of_no_property(value: Any, operand: Operand) -> Any:
    """Give a constant that is compared with a number of rows, or with what a function gives.

    :raises ValueError: no database would compare the two.
    """
    kinds = [kind for type_, kind in _KINDS if isinstance(operand.expression.type, type_)]
    wanted = [(str,)] if operand.text else kinds
    if wanted and (isinstance(value, bool) or not isinstance(value, wanted[0])):
        raise ValueError
    return value

"""Ids of whatever is stored: GUIDs that sort by the order in which they were made."""

from __future__ import annotations

import time
from secrets import randbits
from typing import Any, Final
from uuid import UUID

from sqlalchemy import String, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_TIME: Final = len("01a217b5-1516")


class _Ids:
    """Makes ids of UUID version 7: milliseconds, a sequence, and 62 random bits.

    New rows lie together in a table and in its indexes, where random ids would touch a page for
    each of them. What is due at the same instant runs in the order in which it was put.
    """

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """Make an id: a GUID in lower case, for ``String(36)`` columns."""
        self._last = max(self._last + 1, time.time_ns() // 1_000_000 << 12)
        milliseconds, sequence = divmod(self._last, 1 << 12)
        number = milliseconds << 80 | 7 << 76 | sequence << 64 | 2 << 62 | randbits(62)
        return str(UUID(int=number))


new_id = _Ids().next


class NewId(FunctionElement[str]):
    """Has the database make an id of the same form, another one for each row.

    All rows of a statement have the time at which it was written.
    """

    name = "new_id"
    type = String(36)
    inherit_cache = True

    def __init__(self) -> None:
        super().__init__(literal(new_id()[:_TIME]))


@compiles(NewId, "postgresql")
def _postgresql(element: NewId, compiler: Any, **kw: Any) -> str:
    time = compiler.process(element.clauses, **kw)
    return f"({time} || '-7' || substr(CAST(gen_random_uuid() AS TEXT), 16))"


@compiles(NewId, "sqlite")
def _sqlite(element: NewId, compiler: Any, **kw: Any) -> str:
    def digits(number: int) -> str:
        return f"lower(hex(randomblob({number})))"

    time = compiler.process(element.clauses, **kw)
    variant = "substr('89ab', (random() & 3) + 1, 1)"
    rest = f"substr({digits(2)}, 2) || '-' || {variant} || substr({digits(2)}, 2)"
    return f"({time} || '-7' || {rest} || '-' || {digits(6)})"

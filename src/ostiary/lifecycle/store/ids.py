"""Ids that the database makes, for rows that a statement makes of other rows."""

from __future__ import annotations

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class RandomId(FunctionElement[str]):
    """A random GUID of version 4, another one for each row."""

    name = "random_id"
    type = String(36)
    inherit_cache = True


@compiles(RandomId, "postgresql")
def _postgresql(element: RandomId, compiler: Any, **kw: Any) -> str:
    return "CAST(gen_random_uuid() AS TEXT)"


@compiles(RandomId, "sqlite")
def _sqlite(element: RandomId, compiler: Any, **kw: Any) -> str:
    def digits(number: int) -> str:
        return f"lower(hex(randomblob({number})))"

    variant = "substr('89ab', (random() & 3) + 1, 1)"
    return (
        f"({digits(4)} || '-' || {digits(2)} || '-4' || substr({digits(2)}, 2) || '-' || {variant}"
        f" || substr({digits(2)}, 2) || '-' || {digits(6)})"
    )

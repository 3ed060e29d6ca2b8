"""What is due: which kinds of work, and of kinds with lanes, which lanes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Integer,
    ScalarSelect,
    Select,
    String,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    text,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.statements import open_at
from ostiary.durable.tables import work
from ostiary.storage.batches import among
from ostiary.storage.tables import Instant

_NOW: Final = bindparam("now", type_=Instant())


@dataclass(frozen=True, slots=True)
class Due:
    """That a kind, or a lane of it, has items that are due and held by nobody.

    ``since`` is known of lanes: when the first of them became due.
    """

    kind: str
    lane: str = ""
    since: datetime | None = None


async def due(
    conn: AsyncConnection, kinds: Sequence[str], *, now: datetime, laned: Sequence[str] = ()
) -> list[Due]:
    """Say which of ``kinds``, and which lanes of the kinds in ``laned``, have something due."""
    if not kinds and not laned:
        return []
    statement = _statement(tuple(kinds), tuple(laned))
    return [Due(*row) for row in await conn.execute(statement, {"now": now})]


async def next_due(
    conn: AsyncConnection, kinds: Collection[str], *, after: datetime, until: datetime
) -> datetime | None:
    """Find the first instant in ``(after, until]`` at which an item of the kinds becomes due."""
    found: datetime | None = await conn.scalar(
        select(func.min(work.c.due_at)).where(
            among(work.c.kind, kinds),
            work.c.dead_at.is_(None),
            work.c.due_at > after,
            work.c.due_at <= until,
        )
    )
    return found


@lru_cache(maxsize=64)
def _statement(kinds: tuple[str, ...], laned: tuple[str, ...]) -> CompoundSelect[Any]:
    plain = [_plain(kinds)] if kinds else []
    return union_all(*plain, *(_lanes(kind) for kind in laned))


def _plain(kinds: Sequence[str]) -> Select[str, str, datetime]:
    """Ask for each kind whether anything is due.

    One question for all is planned once. Its order makes PostgreSQL walk the index: it expects to
    meet something soon in a table of waiting timers, and would read all of that to find that
    nothing is due.
    """
    rows = ", ".join(f"({_quoted(kind)})" for kind in kinds)
    asked = text(f"VALUES {rows}").columns(column("column1", String)).cte("kinds")
    kind = asked.c.column1  # as both databases call it
    no_lane, one = _written(""), literal_column("1", Integer)
    first = (
        select(work.c.due_at)
        .where(work.c.kind == kind, work.c.lane == no_lane, *open_at(_NOW))
        .order_by(work.c.due_at)
        .limit(one)
        .scalar_subquery()
        .correlate(asked)
    )
    nothing = cast(null(), Instant())
    return select(kind, no_lane, nothing).where(first.is_not(None))


def _written(constant: str) -> ColumnElement[str]:
    """Write a constant of the code into the statement, for a parameter costs more than its look."""
    return literal_column(_quoted(constant), String)


def _quoted(constant: str) -> str:
    return "'" + constant.replace("'", "''") + "'"


def _lanes(kind: str) -> Select[Any]:
    """Ask for each lane of a kind since when something is due.

    The lanes are found by going from one to the next in the index, so that a lane with a million
    items costs as little as one with a single item.
    """
    lanes = select(_next(kind, after=None).label("lane")).cte(f"lanes_of_{kind}", recursive=True)
    lanes = lanes.union_all(
        select(_next(kind, after=lanes.c.lane)).where(lanes.c.lane.is_not(None))
    )
    first = (
        select(work.c.due_at)
        .where(work.c.kind == _written(kind), work.c.lane == lanes.c.lane, *open_at(_NOW))
        .order_by(work.c.due_at)
        .limit(1)
        .scalar_subquery()
        .correlate(lanes)
    )
    found = (
        select(lanes.c.lane, first.label("since"))
        .where(lanes.c.lane.is_not(None))
        .subquery(f"due_in_{kind}")
    )
    since = found.c.since
    return select(_written(kind), found.c.lane, since).where(since.is_not(None))


def _next(kind: str, *, after: Any) -> ScalarSelect[str]:  # a column of a statement around it
    other = work.alias("following")  # without a name it would draw one, unlike the next time
    statement = select(other.c.lane).where(
        other.c.kind == _written(kind), other.c.dead_at.is_(None)
    )
    if after is not None:
        statement = statement.where(other.c.lane > after).correlate(after.table)
    return statement.order_by(other.c.lane).limit(1).scalar_subquery()

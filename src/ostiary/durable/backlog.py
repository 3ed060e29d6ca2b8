"""How much there is to do, for people who watch: of each kind, what is open, due and dead."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, ScalarSelect, Select, bindparam, func, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.statements import open_at
from ostiary.durable.tables import work
from ostiary.storage.tables import Instant

MOST: Final = 100_000
"""No more than so many items of a kind are counted: who watches does not want to be the load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What there is of one kind of work; each number is ``MOST`` where there are more."""

    kind: str
    open: int
    """Items that are not finished: timers, what is due, and what is being done."""
    due: int
    """Items that could be done now and that nobody holds."""
    since: datetime | None
    """When the first of those became due."""
    dead: int
    """Dead letters."""


async def backlogs(
    conn: AsyncConnection, kinds: Collection[str], *, now: datetime
) -> list[Backlog]:
    """Count the work of these kinds."""
    dead = {row.kind: row.number for row in await conn.execute(_DEAD)}
    return [await _backlog(conn, kind, dead.get(kind, 0), now) for kind in kinds]


async def _backlog(conn: AsyncConnection, kind: str, dead: int, now: datetime) -> Backlog:
    row = (await conn.execute(_OPEN, {"of_kind": kind, "now": now})).one()
    first = [since for since in (row.since, row.since_in_lanes) if since is not None]
    due = min(row.due + row.due_in_lanes, MOST)
    return Backlog(kind=kind, open=row.open, due=due, since=min(first, default=None), dead=dead)


def _counted(conditions: Iterable[ColumnElement[bool]]) -> ScalarSelect[int]:
    some = select(literal(1)).where(*conditions).limit(MOST).subquery()
    return select(func.count()).select_from(some).scalar_subquery()


def _first(conditions: Iterable[ColumnElement[bool]]) -> ScalarSelect[datetime]:
    return select(func.min(work.c.due_at)).where(*conditions).scalar_subquery()


def _open() -> Select[int, int, int, datetime, datetime]:
    """Ask apart for what is in lanes: then the index leads to what is due, past all that waits."""
    of_kind = work.c.kind == bindparam("of_kind")
    free = (of_kind, *open_at(bindparam("now", type_=Instant())))
    plain, in_lanes = (*free, work.c.lane == ""), (*free, work.c.lane > "")
    return select(
        _counted((of_kind, work.c.dead_at.is_(None))).label("open"),
        _counted(plain).label("due"),
        _counted(in_lanes).label("due_in_lanes"),
        _first(plain).label("since"),
        _first(in_lanes).label("since_in_lanes"),
    )


def _dead() -> Select[Any]:
    some = select(work.c.kind).where(work.c.dead_at.is_not(None)).limit(MOST).subquery()
    return select(some.c.kind, func.count().label("number")).group_by(some.c.kind)


_OPEN: Final = _open()
_DEAD: Final = _dead()

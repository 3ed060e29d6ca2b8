"""The statements of the queue.

They run all the time, and to put one together costs as much as to run it: each is made once, and
gets its values when it is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Delete,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    delete,
    or_,
    select,
    union_all,
    update,
)

from ostiary.durable.tables import work
from ostiary.storage.batches import KEYS, among, texts
from ostiary.storage.rows import Insertion
from ostiary.storage.tables import Instant

ITEM: Final = tuple(
    work.c[name]
    for name in ("id", "kind", "lane", "key", "due_at", "attempts", "payload", "lease_id")
)
FREE: Final[Mapping[str, Any]] = {"lease_until": None, "lease_id": None, "leased_by": None}
"""What sets an item free."""

PUT: Final = Insertion(work)
UNWANTED: Final = (
    select(work.c.id)
    .where(
        work.c.kind == bindparam("of_kind"),
        among(work.c.key, KEYS),
        work.c.dead_at.is_(None),
    )
    .with_for_update(skip_locked=True)
)
DELETE: Final = delete(work).where(among(work.c.id, KEYS))


def open_at(now: ColumnElement[datetime]) -> Iterable[ColumnElement[bool]]:
    """Match the items that are due and held by nobody."""
    return work.c.dead_at.is_(None), work.c.due_at <= now, free_at(now)


def free_at(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Match the items that nobody holds."""
    return or_(work.c.lease_until.is_(None), work.c.lease_until <= now)


def _due(*columns: Column[Any], number: int | str = "", of_one: bool = True) -> Select[Any]:
    """Select due items that nobody holds, and lock them where rows can be locked.

    ``number`` tells the parameters of several such selects of one statement apart.
    """
    # One kind is by far the usual case, and an index then gives the rows in order.
    kind = work.c.kind == bindparam("of_kind") if of_one else among(work.c.kind, texts("of_kind"))
    now = bindparam(f"now{number}", type_=Instant())
    return (
        select(*columns)
        .where(kind, work.c.lane == bindparam(f"in_lane{number}"), *open_at(now))
        .order_by(work.c.due_at, work.c.id)
        .limit(bindparam(f"most{number}", type_=Integer()))
        .with_for_update(skip_locked=True)
    )


@cache
def pick(*, is_narrow: bool) -> Select[Any]:
    """Pick due items; ``is_narrow`` says that they are to be among certain ids."""
    statement = _due(*ITEM)
    return statement.where(among(work.c.id, texts("only"))) if is_narrow else statement


@cache
def claim(*, of_one: bool) -> Update:
    """Lease due items of one kind, or of several."""
    picked = _due(work.c.id, of_one=of_one).cte("picked")
    return _leasing(select(picked.c.id))


@lru_cache(maxsize=64)
def claim_of(lanes: int) -> Update:
    """Lease due items of one kind in so many lanes."""
    each = (_due(work.c.id, number=n).subquery(f"lane_{n}") for n in range(lanes))
    picked = union_all(*(select(one.c.id) for one in each)).cte("picked")
    return _leasing(select(picked.c.id))


def _leasing(ids: Select[Any]) -> Update:
    return (
        update(work)
        .where(work.c.id.in_(ids))
        .values(
            lease_until=bindparam("until"),
            lease_id=bindparam("lease"),
            leased_by=bindparam("node"),
            attempts=work.c.attempts + 1,
        )
        .returning(*ITEM)
    )


@lru_cache(maxsize=64)
def done(leases: int) -> Delete:
    """Delete items that are still held by so many claims."""
    return delete(work).where(_still_held(leases))


@lru_cache(maxsize=64)
def held(leases: int) -> Select[str, str]:
    """Say which items are still held by so many claims."""
    return select(work.c.id, work.c.lease_id).where(_still_held(leases))


@lru_cache(maxsize=64)
def renew(leases: int) -> Update:
    """Extend the leases of items that are still held by so many claims."""
    return update(work).where(_still_held(leases)).values(lease_until=bindparam("until"))


def _still_held(leases: int) -> ColumnElement[bool]:
    """Match the items whose lease is still the one they were claimed by, for so many claims."""
    lease = work.c.lease_id
    return or_(
        *(
            and_(
                lease.is_not_distinct_from(bindparam(f"lease{n}", type_=lease.type)),
                among(work.c.id, texts(f"ids{n}")),
            )
            for n in range(leases)
        )
    )


@cache
def fenced() -> Update:
    """Free an item that is still held and set what the rows of parameters name besides."""
    held_by = bindparam("held_by", type_=work.c.lease_id.type)
    return (
        update(work)
        .where(work.c.id == bindparam("item_id"), work.c.lease_id.is_not_distinct_from(held_by))
        .values(FREE)
    )

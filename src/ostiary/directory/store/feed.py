"""The journal as queries: what changed in a part of it, for use in statements about sets.

Whoever acts on changes keeps a place in the journal, and has it moved by ``advance``. What is done
about the span between belongs into the same transaction, the place's row locked, so that each
change is acted on once in the whole cluster, and none is missed. (``following`` brings the changes
themselves, as soon as they are there.)
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.deltas import MEMBERS, LinkDetail
from ostiary.directory.objects import Kind
from ostiary.directory.store import journal
from ostiary.directory.tables import directory_changes
from ostiary.storage.batches import among

_journal = directory_changes.c


@dataclass(frozen=True, slots=True)
class Span:
    """Part of the journal: behind ``since``, and up to ``until``, or to its end."""

    since: int
    until: int | None = None

    def holds(self) -> ColumnElement[bool]:
        """Say that an entry lies in it."""
        behind = _journal.sequence > self.since
        return behind if self.until is None else and_(behind, _journal.sequence <= self.until)


async def advance(conn: AsyncConnection, since: int) -> Span:
    """Give what lies between a place and now, where nothing will appear any more.

    Keep its end in the same transaction, which may not have changed the directory before.
    """
    return Span(since, max(since, await journal.settled(conn)))


def changed_attributes(span: Span, paths: Collection[str]) -> Select[Any]:
    """Find people one of whose attributes changed: ``id``, ``sequence`` and ``at`` of each change.

    ``paths`` are spelled as the API does. That somebody is new changes nothing of them.
    """
    named = or_(*(_journal.detail.contains(f",{path},", autoescape=True) for path in sorted(paths)))
    return select(_journal.object_id.label("id"), _journal.sequence, _journal.at).where(
        span.holds(), _journal.kind == Kind.USER.value, _journal.link.is_(None), named
    )


def changed_members(span: Span, group_ids: Collection[str], detail: LinkDetail) -> Select[Any]:
    """Find members that came into groups, or left: ``id``, ``group_id``, ``sequence`` and ``at``.

    Members that are back with a restored object did not come, nor did those leave who were deleted.
    """
    return select(
        _journal.target_id.label("id"),
        _journal.object_id.label("group_id"),
        _journal.sequence,
        _journal.at,
    ).where(
        span.holds(),
        _journal.link == MEMBERS,
        _journal.detail == detail.value,
        among(_journal.object_id, group_ids),
    )

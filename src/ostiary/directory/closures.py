"""Links of links: members of members, groups of groups, reports of reports.

The pairs are worked out by the database, from the objects at hand outward. A pair counts once, so
rings come to an end; an object in a ring is not linked to itself. What is deleted leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Subquery, select

from ostiary.directory.tables import directory_objects
from ostiary.graph.resources import Pairs, Start


@dataclass(frozen=True)
class Closure:
    """A table of links followed as far as it leads, for ``Link.through``.

    ``near`` and ``far`` are that table's columns for this side and the other.
    """

    near: Column[Any]
    far: Column[Any]

    def onward(self, start: Start) -> Pairs:
        """Give the pairs that begin where ``start`` holds."""
        pairs = reached(self.near, self.far, start)
        return pairs.c.near, pairs.c.far

    def back(self, start: Start) -> Pairs:
        """Give the pairs that end where ``start`` holds."""
        pairs = reached(self.far, self.near, start)
        return pairs.c.far, pairs.c.near


def reached(near: Column[Any], far: Column[Any], start: Start) -> Subquery:
    """Give the pairs of columns ``near`` and ``far`` that begin where ``start`` holds."""
    first = select(near.label("near"), far.label("far")).where(start(near), far.is_not(None))
    found = first.cte(recursive=True)
    between, links = directory_objects.alias(), near.table.alias()
    live: ColumnElement[bool] = between.c.deleted_date_time.is_(None)
    more = (
        select(found.c.near, links.c[far.name])
        .join(between, between.c.id == found.c.far)
        .join(links, links.c[near.name] == found.c.far)
        .where(live)
    )
    found = found.union(more)
    return select(found).where(found.c.near != found.c.far).subquery()

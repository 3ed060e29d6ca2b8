"""Links of links: members of members, groups of groups, reports of reports.

The pairs are worked out by the database, from the objects at hand outward. A pair counts once, so
rings come to an end; an object in a ring is not linked to itself. What is deleted leads nowhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Column, ColumnElement, Subquery, select

from ostiary.directory.tables import directory_objects
from ostiary.graph.resources import Pairs, Start


def closure(near: Column[Any], far: Column[Any]) -> Callable[[Start], Pairs]:
    """Give what ``Link.through`` needs to follow a table of links as far as it leads.

    ``near`` and ``far`` are that table's columns for this side and the other.
    """

    def through(start: Start) -> Pairs:
        pairs = reached(near, far, start)
        return pairs.c.near, pairs.c.far

    return through


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

"""Which rows a caller may see who may not see all of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from ostiary.directory.tables import memberships
from ostiary.entitlement.roles import seen_catalogs
from ostiary.entitlement.tables import approval_seats
from ostiary.graph.resources import Call
from ostiary.identity.principals import principal

Visible = Callable[[Call], ColumnElement[bool] | None]


def in_seen_catalogs(catalog: ColumnElement[Any]) -> Visible:
    """Show rows whose catalog the caller may look into."""

    def visible(call: Call) -> ColumnElement[bool] | None:
        seen = seen_catalogs(call)
        return None if seen is None else catalog.in_(seen)

    return visible


def in_seen_catalogs_or(
    catalog: ColumnElement[Any], also: Callable[[str], ColumnElement[bool]]
) -> Visible:
    """Show rows as ``in_seen_catalogs``, and those that ``also`` gives for the caller's id."""

    def visible(call: Call) -> ColumnElement[bool] | None:
        seen = seen_catalogs(call)
        if seen is None:
            return None
        return or_(catalog.in_(seen), also(principal(call).object_id))

    return visible


def groups_of(person: str) -> Select[tuple[str]]:
    """Select the groups that somebody is a direct member of."""
    return select(memberships.c.group_id).where(memberships.c.member_id == person)


def asked(person: str) -> ColumnElement[bool]:
    """Test for the seats in which somebody is asked, as themselves or in a group."""
    seat = approval_seats.c
    return or_(seat.principal_id == person, seat.principal_id.in_(groups_of(person)))


def requests_asking(person: str) -> Select[tuple[str]]:
    """Select the requests that ask somebody to decide."""
    return select(approval_seats.c.request_id).where(asked(person))

"""Who is due by a plan, as queries over the whole directory.

People of a standing plan are found as they are; those of one that acts on changes are found in a
span of the journal, and looked at as they are now, because a change may be undone by another.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    cast,
    exists,
    func,
    literal,
    null,
    select,
)

from ostiary.directory.deltas import LinkDetail
from ostiary.directory.objects import Kind
from ostiary.directory.people import GUEST
from ostiary.directory.rules import Syntax, parse
from ostiary.directory.store import feed
from ostiary.directory.store.feed import Span
from ostiary.directory.tables import directory_objects, memberships, sponsorships
from ostiary.lifecycle.tables import execution_scopes
from ostiary.lifecycle.triggers import (
    CATCH_UP,
    AttributesChanged,
    Happening,
    Standing,
    Unsponsored,
)
from ostiary.storage.batches import among
from ostiary.storage.instants import days_after
from ostiary.storage.tables import Instant

_people = directory_objects.alias("candidate")
_scopes = execution_scopes.c
_links = memberships.c
_LIVE: Final = (_people.c.kind == Kind.USER.value) & _people.c.deleted_date_time.is_(None)


def standing(plan: Standing, now: datetime) -> Select[Any]:
    """Find everybody who is due as they are: ``id``, and ``due_at`` as the instant since when.

    What has no such instant, a lack of sponsors, has ``now``.
    """
    if isinstance(plan, Unsponsored):
        due_at = literal(now, Instant()).label("due_at")
        few = (_people.c.user_type == GUEST) & (_sponsors() < plan.minimum)
        return select(_people.c.id, due_at).where(_true_of(plan.rule, now), few)
    dates = [_people.c[name] for name in plan.columns]
    date = dates[0] if len(dates) == 1 else func.coalesce(*dates, type_=Instant())
    query = select(_people.c.id, days_after(date, plan.start).label("due_at")).where(
        _true_of(plan.rule, now), date <= now - timedelta(days=plan.start)
    )
    return query if plan.end is None else query.where(date > now - timedelta(days=plan.end))


def in_time(plan: Standing, now: datetime) -> Select[Any]:
    """Find those of them who are not passed over because they were due too long ago."""
    due = standing(plan, now)
    if not plan.catches_up:
        return due
    found = due.subquery("due")
    return select(found.c.id, found.c.due_at).where(found.c.due_at >= now - CATCH_UP)


def happened(plan: Happening, span: Span, now: datetime) -> Select[Any]:
    """Find everybody to whom it happened, once: ``id``, ``due_at`` and ``cause_id``.

    The cause is the group of a membership; of several changes the last one counts.
    """
    changes, cause = _changes(plan, span)
    cause_id = changes.c[cause] if cause else cast(null(), String)
    place = func.row_number().over(partition_by=changes.c.id, order_by=changes.c.sequence.desc())
    found = (
        select(
            _people.c.id, changes.c.at.label("due_at"), cause_id.label("cause_id"), place.label("n")
        )
        .join(changes, changes.c.id == _people.c.id)
        .where(_holds(plan, changes.c.id, cause_id, now))
        .subquery("found")
    )
    return select(found.c.id, found.c.due_at, found.c.cause_id).where(found.c.n == 1)


def still_true(plan: Happening, now: datetime) -> ColumnElement[bool]:
    """Say of a row of ``execution_scopes`` that what happened to the person has not been undone."""
    query = select(_people.c.id).where(
        _people.c.id == _scopes.subject_id, _holds(plan, _scopes.subject_id, _scopes.cause_id, now)
    )
    return exists(query.correlate(execution_scopes))


def _changes(plan: Happening, span: Span) -> tuple[FromClause, str | None]:
    if isinstance(plan, AttributesChanged):
        return feed.changed_attributes(span, plan.paths).subquery("change"), None
    changed = feed.changed_members(span, plan.group_ids, plan.change)
    return changed.subquery("change"), "group_id"


def _holds(
    plan: Happening, person: ColumnElement[Any], group: ColumnElement[Any], now: datetime
) -> ColumnElement[bool]:
    if isinstance(plan, AttributesChanged):
        return _true_of(plan.rule, now)
    linked = exists().where(_links.group_id == group, _links.member_id == person)
    is_member = linked.correlate_except(memberships)  # of this row, not of any in the table
    is_meant = among(group, plan.group_ids)
    return _LIVE & is_meant & (is_member if plan.change is LinkDetail.ADDED else ~is_member)


def _true_of(rule: str, now: datetime) -> ColumnElement[bool]:
    return parse(rule, syntax=Syntax.FILTER).where(now=now, people=_people)


def _sponsors() -> ColumnElement[int]:
    sponsor = directory_objects.alias("sponsor")
    query = (
        select(func.count())
        .select_from(sponsorships)
        .join(sponsor, sponsor.c.id == sponsorships.c.sponsor_id)
        .where(sponsorships.c.user_id == _people.c.id, sponsor.c.deleted_date_time.is_(None))
    )
    return query.correlate(_people).scalar_subquery()

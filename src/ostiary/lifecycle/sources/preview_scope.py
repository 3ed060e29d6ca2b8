"""``previewScope``: who meets the conditions of workflows at this moment.

It is worked out from the conditions when somebody asks, whether a schedule is on or not. One that
acts on changes shows those who have changed since it was switched on.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause, Select, false, literal, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.sources import DIRECTORY_OBJECTS
from ostiary.directory.store.feed import Span
from ostiary.directory.tables import directory_objects
from ostiary.graph.resources import Authorize, Call, Link, Pairs
from ostiary.lifecycle.store import candidates
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.rows import Row, conditions_of
from ostiary.lifecycle.tables import execution_scopes, workflows
from ostiary.lifecycle.triggers import Happening, plan_of

_scopes: Final = execution_scopes.c


def preview_scope(needs: Authorize) -> Link:
    """Lead from workflows to the people whom they would run for."""
    return Link(
        target=lambda: DIRECTORY_OBJECTS,
        local=workflows.c.id,
        remote=directory_objects.c.id,
        many=True,
        looked_up=_look_up,
        needs=needs,
    )


async def _look_up(conn: AsyncConnection, call: Call, ids: Collection[str]) -> Pairs:
    rows = await store.workflow_rows(conn, [id.lower() for id in ids])
    found = [_pairs(id, rows.get(id.lower()), call.now) for id in ids]
    pairs = union_all(*found).subquery("previewed")
    return pairs.c.workflow_id, pairs.c.subject_id


def _pairs(key: str, workflow: Row | None, now: datetime) -> Select[Any]:
    """Give a query for one workflow; nobody where it only runs on demand."""
    conditions = None if workflow is None else conditions_of(workflow["execution_conditions"])
    plan = None if conditions is None else plan_of(conditions)
    if workflow is None or plan is None:
        return _labelled(key, _scopes.subject_id).where(false())
    if not isinstance(plan, Happening):
        due = candidates.in_time(plan, now).subquery()
        return _labelled(key, due.c.id)
    own = _scopes.workflow_id == workflow["id"]
    known = select(_scopes.subject_id.label("id")).where(own, candidates.still_true(plan, now))
    if workflow["changes_seen"] is None:
        people: FromClause = known.where(false()).subquery()
    else:
        new = candidates.happened(plan, Span(workflow["changes_seen"]), now).subquery()
        people = union(known, select(new.c.id)).subquery()
    return _labelled(key, people.c.id)


def _labelled(key: str, person: ColumnElement[Any]) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        literal(key).label("workflow_id"),
        person.label("subject_id"),
    ]
    return select(*columns)

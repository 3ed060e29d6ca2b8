"""The way to a place as SQL: which rows are there for this caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Select, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph.filter_paths import limits_of
from ostiary.graph.resources import Call
from ostiary.graph.routing import Collection, EntityAt, Place


async def looked_up(conn: AsyncConnection, collection: Collection, call: Call) -> Collection:
    """Give the same place with every link on the way to it ready to be followed."""
    parent = parent_entity(collection)
    if parent is None:
        return collection
    above = await looked_up(conn, parent.collection, call)
    if above is not parent.collection:
        collection = replace(collection, parent=replace(parent, collection=above))
    link = collection.link
    if link is None or link.looked_up is None:
        return collection
    pairs = await link.looked_up(conn, call, [] if parent.key is None else [parent.key])
    return replace(collection, link=replace(link, via=pairs, looked_up=None))


def conditions(collection: Collection, call: Call) -> list[ColumnElement[bool]]:
    """Give the tests that every row of a collection at this place passes."""
    tests = limits_of(collection.source, call)
    if collection.cast is not None:
        tests.append(collection.source.casts[collection.cast])
    tests += _from_parent(collection, call)
    return tests


def entity_conditions(entity: EntityAt, call: Call) -> list[ColumnElement[bool]]:
    """Give the tests that only the row of this entity passes."""
    tests = conditions(entity.collection, call)
    source = entity.collection.source
    if entity.key_name is not None:
        wanted = (entity.key or "", (entity.key or "").lower())
        tests.append(source.alternate_keys[entity.key_name].in_(wanted))
    elif entity.key is not None:
        tests.append(source.key == _key(source.key, entity.key))
    return tests


def exists_query(entity: EntityAt, call: Call) -> Select[Any]:
    """Give a query that has a row when the entity exists for this caller."""
    source = entity.collection.source
    return select(literal(1)).select_from(source.table).where(*entity_conditions(entity, call))


def parent_entity(place: Place) -> EntityAt | None:
    """Give the entity in which a collection lives, if any."""
    return (
        place.parent
        if isinstance(place, Collection) and isinstance(place.parent, EntityAt)
        else None
    )


def _from_parent(collection: Collection, call: Call) -> list[ColumnElement[bool]]:
    parent = parent_entity(collection)
    if parent is None:
        return []
    link = collection.link
    if link is None:
        within = collection.set.within if collection.set else None
        owner = parent.collection.source.key
        tests = [] if within is None else [within == _value_at(parent, owner, call)]
        return tests + _chain(parent, call)
    local = _value_at(parent, link.local, call)
    pairs = link.pairs(lambda near: near == local)
    if pairs is None:
        return [link.remote == local]
    near, far = pairs
    return [link.remote.in_(select(far).where(near == local).correlate(None))]


def _value_at(parent: EntityAt, column: ColumnElement[Any], call: Call) -> Any:
    """Give the value of a column of the parent: its key as it stands, else a scalar subquery."""
    source = parent.collection.source
    if column is source.key and parent.key is not None and parent.key_name is None:
        return _key(column, parent.key)
    query = select(column).select_from(source.table).where(*entity_conditions(parent, call))
    return query.correlate(None).scalar_subquery()


def _chain(parent: EntityAt, call: Call) -> list[ColumnElement[bool]]:
    """The parent must itself lie where the path says that it lies."""
    if parent_entity(parent.collection) is None and not limits_of(parent.collection.source, call):
        return []
    return [exists_query(parent, call).correlate(None).exists()]


def _key(column: ColumnElement[Any], text: str) -> Any:
    """Read a key as the column's type; a text that is no number equals no numeric key."""
    if column.type.python_type is int:
        return int(text) if text.lstrip("-").isdecimal() else -1
    return text

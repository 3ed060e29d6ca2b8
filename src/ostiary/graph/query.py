"""Reads: a page of a collection, one entity, a count, and what is expanded below them.

Each level of ``$expand`` costs one query for a whole page, never one for each row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph import filter_paths, filter_sql
from ostiary.graph.edm import describe
from ostiary.graph.errors import BadRequest, NotFound
from ostiary.graph.filter_paths import Scope
from ostiary.graph.options import DEFAULT_PAGE, MAX_PAGE, QueryOptions
from ostiary.graph.paging import SortKey, behind, read_token, write_token
from ostiary.graph.places import (
    conditions,
    entity_conditions,
    exists_query,
    looked_up,
    parent_entity,
)
from ostiary.graph.resources import Call, Link, Pairs, Source
from ostiary.graph.routing import Collection, EntityAt
from ostiary.graph.types import UNSET, Entity


@dataclass(frozen=True, slots=True)
class Page:
    """Part of a collection. ``token`` leads to the next part; None: there is none."""

    entities: list[Entity]
    count: int | None = None
    token: str | None = None


async def page(
    conn: AsyncConnection,
    collection: Collection,
    options: QueryOptions,
    call: Call,
    *,
    max_page: int | None = None,
) -> Page:
    """Read a page of a collection.

    :raises NotFound: the entity in which the collection lives does not exist for this caller.
    :raises BadRequest: an option does not fit the type.
    """
    await _require_parent(conn, collection, call)
    collection = await looked_up(conn, collection, call)
    source = collection.source
    tests = [*conditions(collection, call), *await _option_tests(source, options, call)]
    keys = await _sort_keys(source, options, call)
    size = min(options.top if options.top is not None else DEFAULT_PAGE, max_page or MAX_PAGE)
    size = min(size, MAX_PAGE)
    query = _select(source, keys).where(*tests).limit(size + 1)
    if options.skiptoken:
        query = query.where(behind(keys, read_token(options.skiptoken, keys)))
    elif options.skip:
        query = query.offset(options.skip)
    rows = (await conn.execute(query)).mappings().all()
    shown = rows[:size]
    entities = await _entities(conn, source, shown, options, call)
    token = None
    if len(rows) > size and shown:
        token = write_token([shown[-1][f"_sort{i}"] for i in range(len(keys))])
    counts = options.count or (source.counted and not options.skiptoken)
    total = await _count(conn, source, tests) if counts else None
    return Page(entities, total, token)


async def one(conn: AsyncConnection, entity: EntityAt, options: QueryOptions, call: Call) -> Entity:
    """Read one entity.

    :raises NotFound: there is none, or none that this caller may see.
    """
    source = entity.collection.source
    place = replace(entity, collection=await looked_up(conn, entity.collection, call))
    query = select(source.table).where(*entity_conditions(place, call)).limit(1)
    rows = (await conn.execute(query)).mappings().all()
    if not rows:
        raise missing(entity)
    return (await _entities(conn, source, rows, options, call))[0]


async def count(
    conn: AsyncConnection, collection: Collection, options: QueryOptions, call: Call
) -> int:
    """Count the entities of a collection that pass ``$filter`` and ``$search``."""
    await _require_parent(conn, collection, call)
    collection = await looked_up(conn, collection, call)
    source = collection.source
    tests = [*conditions(collection, call), *await _option_tests(source, options, call)]
    return await _count(conn, source, tests)


def missing(entity: EntityAt) -> NotFound:
    """Make the error for an entity that is not there."""
    make = entity.collection.source.missing
    if make is not None and entity.key is not None:
        return make(entity.key)
    what = describe(entity.collection.source.type).name.rsplit(".", 1)[-1]
    name = f" '{entity.key}'" if entity.key else ""
    return NotFound(f"The {what}{name} could not be found.", target=entity.collection.name)


async def _require_parent(conn: AsyncConnection, collection: Collection, call: Call) -> None:
    parent = parent_entity(collection)
    if parent is not None and (await conn.execute(exists_query(parent, call))).first() is None:
        raise missing(parent)


async def _option_tests(
    source: Source, options: QueryOptions, call: Call
) -> list[ColumnElement[bool]]:
    tests = []
    if options.filter is not None:
        scope = Scope(source, call)
        tests.append(filter_sql.condition(options.filter, scope))
        await _may_follow(scope)
    if options.search:
        tests.append(_search(source, options.search))
    return tests


def _search(source: Source, text: str) -> ColumnElement[bool]:
    """``$search="x"`` or ``"property:x"``: every quoted term must occur in some searched text."""
    if not source.search:
        raise BadRequest(
            f"$search is not supported on '{describe(source.type).name}'.", target="$search"
        )
    terms = [t for t in text.replace('"', " ").split() if t.upper() not in ("AND", "OR")]
    words = [term.rsplit(":", 1)[-1].lower() for term in terms]
    return and_(
        *(
            or_(*(func.lower(column).contains(word, autoescape=True) for column in source.search))
            for word in words
        )
    )


async def _may_follow(scope: Scope) -> None:
    """A filter tells as much as a read: every relation that it crosses must be open."""
    for link in scope.followed:
        if link.needs is not None:
            await link.needs(scope.call)


async def _sort_keys(source: Source, options: QueryOptions, call: Call) -> list[SortKey]:
    scope = Scope(source, call)
    keys = [SortKey(filter_paths.order(o.path, scope), o.descending) for o in options.orderby]
    await _may_follow(scope)
    if not keys and source.order is not None:
        keys.append(SortKey.declared(source.order))
    if not any(key.expression is source.key for key in keys):
        keys.append(SortKey(source.key))
    return keys


def _select(source: Source, keys: Sequence[SortKey]) -> Select[Any]:
    labels = [key.expression.label(f"_sort{i}") for i, key in enumerate(keys)]
    return select(source.table, *labels).order_by(*(key.clause() for key in keys))


async def _count(
    conn: AsyncConnection, source: Source, tests: Sequence[ColumnElement[bool]]
) -> int:
    query = select(func.count()).select_from(source.table).where(*tests)
    return int((await conn.execute(query)).scalar_one())


async def _entities(
    conn: AsyncConnection,
    source: Source,
    rows: Sequence[RowMapping],
    options: QueryOptions,
    call: Call,
) -> list[Entity]:
    entities = [source.load(row) for row in rows]
    if source.enrich is not None and entities:
        await source.enrich(conn, call, entities)
    for name, inner in options.expand.items():
        await _expand(conn, source, name, inner, rows, entities, call)
    return entities


async def _expand(
    conn: AsyncConnection,
    source: Source,
    name: str,
    options: QueryOptions,
    rows: Sequence[RowMapping],
    entities: Sequence[Entity],
    call: Call,
) -> None:
    link = source.links.get(name)
    if link is None:
        _require_inline(source, name, entities)
        return
    if link.needs is not None:
        await link.needs(call)
    target = link.target()
    locals_ = [row[_column(link.local)] for row in rows]
    found = await _targets(conn, link, target, {v for v in locals_ if v is not None}, options, call)
    for entity, value in zip(entities, locals_, strict=True):
        matches = found.get(value, [])
        setattr(entity, name, matches if link.many else next(iter(matches), None))


def _require_inline(source: Source, name: str, entities: Sequence[Entity]) -> None:
    """A navigation without a link must have been loaded with the entity."""
    if any(getattr(entity, name, UNSET) is UNSET for entity in entities):
        raise BadRequest(
            f"'{name}' of type '{describe(source.type).name}' cannot be expanded here.",
            target="$expand",
        )


async def _targets(
    conn: AsyncConnection,
    link: Link,
    target: Source,
    values: set[Any],
    options: QueryOptions,
    call: Call,
) -> dict[Any, list[Entity]]:
    """Load the targets of many entities at once, grouped by the value that led to them."""
    if not values:
        return {}
    keys = await _sort_keys(target, options, call)
    if link.order is not None and not options.orderby:
        keys.insert(0, SortKey.declared(link.order))
    query = _select(target, keys).where(
        *filter_paths.limits_of(target, call), *await _option_tests(target, options, call)
    )
    if link.looked_up is not None:
        pairs: Pairs | None = await link.looked_up(conn, call, sorted(values))
    else:
        pairs = link.pairs(lambda near: near.in_(values))
    if pairs is None:
        near = link.remote
    else:
        near, far = pairs
        query = query.join(_column(near).table, far == link.remote)
    query = query.add_columns(near.label("_near")).where(near.in_(values))
    if options.top is not None or options.skip:
        query = _limited_each(query, target, near, keys, options)
    rows = (await conn.execute(query)).mappings().all()
    entities = await _entities(conn, target, rows, options, call)
    grouped: dict[Any, list[Entity]] = defaultdict(list)
    for row, entity in zip(rows, entities, strict=True):
        grouped[row["_near"]].append(entity)
    return grouped


def _limited_each(
    query: Select[Any],
    target: Source,
    near: ColumnElement[Any],
    keys: Sequence[SortKey],
    options: QueryOptions,
) -> Select[Any]:
    """Keep ``$skip`` and ``$top`` of the targets of each entity, counted by the database."""
    order = [key.clause() for key in keys]
    number = func.row_number().over(partition_by=near, order_by=order).label("_number")
    numbered = (
        query.order_by(None)
        .with_only_columns(target.key.label("_key"), near.label("_near"), number)
        .subquery()
    )
    kept = numbered.c["_number"] > options.skip
    if options.top is not None:
        kept = and_(kept, numbered.c["_number"] <= options.skip + options.top)
    same = and_(numbered.c["_key"] == target.key, numbered.c["_near"] == near)
    return query.join(numbered, same).where(kept)


def _column(element: ColumnElement[Any]) -> Any:
    """A link's ends are columns of tables; the type of the declaration is wider than that."""
    return element

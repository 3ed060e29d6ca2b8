"""Where a property path leads: through links to a column of some table.

Each link becomes one EXISTS, so that a path never multiplies rows. What the caller may not see it
may not ask about: a hidden property is refused, and every link that is crossed is remembered for
whoever runs the query.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import ColumnElement, FromClause, exists, func
from sqlalchemy import select as sql_select
from sqlalchemy.sql.util import ClauseAdapter

from ostiary.graph import filter_syntax as syntax
from ostiary.graph.edm import Property, StructuredType, describe, faces
from ostiary.graph.errors import BadRequest, Forbidden
from ostiary.graph.json_lists import Element
from ostiary.graph.resources import Call, Link, Pairing, Source

Wrap = Callable[[ColumnElement[bool]], ColumnElement[bool]]
Adapt = Callable[[Any], Any]


def same(value: Any) -> Any:
    """Give the value itself: no EXISTS stands around it."""
    return value


@dataclass(frozen=True)
class Scope:
    """Where a path starts: a source, the alias that stands for its table, and lambda variables."""

    source: Source
    call: Call
    adapt: Adapt = same
    variables: Mapping[str, Scope | Element] | None = None
    followed: list[Link] = field(default_factory=list)
    """Every link that was crossed; whoever runs the query asks whether the caller may."""

    def column(self, name: str) -> ColumnElement[Any] | None:
        """Give the expression behind a property (or ``parent/child``), on this scope's alias.

        :raises Forbidden: the caller may not see the property.
        """
        self.check_visible(name.split("/")[0])
        found = self.source.columns.get(name)
        return None if found is None else self.adapt(found)

    def check_visible(self, name: str) -> None:
        """Let a property be asked about only by those who may see it.

        :raises Forbidden: the caller may not.
        """
        if self.source.hidden is not None and name in self.source.hidden(self.call):
            raise Forbidden(target=name)


@dataclass(frozen=True)
class Operand:
    """One side of a comparison: its expression, what type it has, and the EXISTS around it."""

    expression: ColumnElement[Any]
    prop: Property | None
    wrap: Wrap
    text: bool = False
    exact: bool = False


def order(path: tuple[str, ...], scope: Scope) -> ColumnElement[Any]:
    """Give the expression to sort by. To-one links may be crossed.

    :raises BadRequest: the path leads to nothing that can be sorted by.
    """
    direct = _direct(path, scope)
    if direct is not None:
        return direct.expression
    link = _kept_link(path[0], scope)
    if link.many or link.via is not None or len(path) == 1:
        raise BadRequest(f"Sorting by '{'/'.join(path)}' is not supported.", target="$orderby")
    inner, _ = enter_link(link, scope)
    limits = [inner.adapt(test) for test in limits_of(inner.source, scope.call)]
    same = inner.adapt(link.remote) == scope.adapt(link.local)
    query = sql_select(order(path[1:], inner)).where(same, *limits).limit(1)
    return query.scalar_subquery()


def open_list(name: str, scope: Scope) -> tuple[Element, Wrap] | None:
    """Open a list that is kept in a JSON column of this scope."""
    prop = _find(describe(scope.source.type), name)
    stored = scope.source.lists.get(prop.python) if prop else None
    if prop is None or stored is None:
        return None
    scope.check_visible(prop.python)
    element = Element.of(prop, scope.adapt(stored))
    return element, lambda test: _exists(element.rows, test)


def path_operand(node: syntax.Path, scope: Scope) -> Operand:
    """Find the column that a path leads to, and the EXISTS around it."""
    parts = node.parts
    if scope.variables and parts[0] in scope.variables:
        meant = scope.variables[parts[0]]
        if isinstance(meant, Element):
            return Operand(meant.text(parts[1:]), None, same, text=True)
        scope = replace(meant, variables=scope.variables)
        parts = parts[1:] or ("id",)
    if parts[0] == "$it":
        parts = parts[1:]
    *owner, last = parts
    if last == "$count":
        return _count(tuple(owner), scope)
    direct = _direct(parts, scope)
    if direct is not None:
        return direct
    scope, wrap = follow(tuple(owner), scope)
    found = _direct((last,), scope)
    if found is None:
        is_there = _find(describe(scope.source.type), last) is not None
        raise _unusable(last) if is_there else _unknown(last, scope)
    return replace(found, wrap=wrap)


def _direct(parts: tuple[str, ...], scope: Scope) -> Operand | None:
    """Find a column for the whole path, in the words of either root."""
    faced = (_direct_on(face, parts, scope) for face in faces(scope.source.type))
    return next((operand for operand in faced if operand is not None), None)


def _direct_on(type_: StructuredType, parts: tuple[str, ...], scope: Scope) -> Operand | None:
    """Find a column for a property, or a member of a complex property."""
    props: list[Property] = []
    for part in parts:
        prop = _find(type_, part)
        if prop is None:
            return None
        props.append(prop)
        if prop.type.kind in ("complex", "entity"):
            type_ = describe(prop.type.python)
    column = scope.column("/".join(p.python for p in props))
    if column is None:
        if len(parts) == 1 and props[0].nav is None:
            raise _unusable(parts[0])
        return None
    last = props[-1]
    exact = last.name == "id" or last.name.endswith("Id") or last.type.kind == "enum"
    return Operand(column, last, same, text=last.type.name == "Edm.String", exact=exact)


def _find(type_: StructuredType, name: str) -> Property | None:
    found = type_.by_spelling.get(name.lower())
    if found is not None:
        return found
    for child in type_.python.__subclasses__():
        if (found := _find(describe(child), name)) is not None:
            return found
    return None


def follow(parts: tuple[str, ...], scope: Scope) -> tuple[Scope, Wrap]:
    """Cross the links of a path; give the scope that they lead to."""
    wrap: Wrap = same
    for part in parts:
        if "." in part:
            continue
        scope, enter = enter_link(_kept_link(part, scope), scope)
        wrap = _nested(wrap, enter)
    return scope, wrap


def _nested(outer: Wrap, inner: Wrap) -> Wrap:
    if outer is same:
        return inner
    return lambda test: outer(inner(test))


def link_of(part: str, scope: Scope) -> Link:
    """Give the link that a part of a path names.

    :raises BadRequest: it names none.
    """
    prop = _find(describe(scope.source.type), part)
    link = scope.source.links.get(prop.python) if prop else None
    if link is None or link.looked_up is not None:
        raise _unknown(part, scope) if prop is None else _unusable(part)
    return link


def _kept_link(part: str, scope: Scope) -> Link:
    """Give a link whose pairs a table holds.

    :raises BadRequest: there is none, or its pairs are worked out.
    """
    link = link_of(part, scope)
    if link.through is not None:
        raise BadRequest(f"'{part}' stands in a filter with 'any' or 'all' only.", target=part)
    return link


def enter_link(link: Link, scope: Scope) -> tuple[Scope, Wrap]:
    """Open an EXISTS over the link's target; the target's own limits stay in force."""
    inner, alias, limits = _opened(link, scope)
    local, remote = scope.adapt(link.local), inner.adapt(link.remote)

    def enter(test: ColumnElement[bool]) -> ColumnElement[bool]:
        tests = [remote == local, *limits, test]
        if link.via is not None:
            near, far = link.via
            pairs = sql_select(1).where(near == local, far == remote).correlate_except(near.table)
            tests[0] = exists(pairs)
        return _exists(alias, *tests)

    return inner, enter


def enter_worked_out(link: Link, pairing: Pairing, scope: Scope) -> tuple[Scope, Wrap]:
    """Open a link whose pairs are worked out, from the targets that pass the test back to here.

    So the pairs are found once for the whole query, whatever the number of rows on this side. The
    test must not speak of them.
    """
    inner, alias, limits = _opened(link, scope)
    remote = inner.adapt(link.remote)
    local: ColumnElement[Any] = scope.adapt(link.local)

    def enter(test: ColumnElement[bool]) -> ColumnElement[bool]:
        wanted = sql_select(remote).select_from(alias).where(*limits, test)
        near, _ = pairing.back(lambda far: far.in_(wanted))
        return local.in_(sql_select(near))

    return inner, enter


def _exists(table: FromClause, *tests: ColumnElement[bool]) -> ColumnElement[bool]:
    """Ask for a row of a table; all other tables in the tests are those of the queries around."""
    return exists(sql_select(1).select_from(table).where(*tests).correlate_except(table))


def _opened(link: Link, scope: Scope) -> tuple[Scope, Any, list[ColumnElement[bool]]]:
    """Give the scope behind a link, the alias of its table there, and the limits of its rows."""
    scope.followed.append(link)
    target = link.target()
    alias = cast(Any, target.table).alias()
    adapt: Adapt = ClauseAdapter(alias).traverse
    limits = [adapt(test) for test in limits_of(target, scope.call)]
    return Scope(target, scope.call, adapt, followed=scope.followed), alias, limits


def limits_of(source: Source, call: Call) -> list[ColumnElement[bool]]:
    """Give the tests that every row of a source must pass before this caller may see it."""
    visible = source.visible(call) if source.visible else None
    return [test for test in (source.where, visible) if test is not None]


def _count(owner: tuple[str, ...], scope: Scope) -> Operand:
    """``link/$count``: the number of targets, as a scalar subquery."""
    if len(owner) != 1:
        raise BadRequest("Invalid filter clause: '$count' stands after one navigation property.")
    link = _kept_link(owner[0], scope)
    scope.followed.append(link)
    target = link.target()
    alias = cast(Any, target.table).alias()
    adapt: Adapt = ClauseAdapter(alias).traverse
    query = sql_select(func.count()).select_from(alias)
    if link.via is None:
        query = query.where(adapt(link.remote) == scope.adapt(link.local))
    else:
        near, far = link.via
        query = query.join(cast(Any, near).table, far == adapt(link.remote)).where(
            near == scope.adapt(link.local)
        )
    query = query.where(*(adapt(test) for test in limits_of(target, scope.call)))
    own = [alias] if link.via is None else [alias, cast(Any, link.via[0]).table]
    return Operand(query.correlate_except(*own).scalar_subquery(), None, same)


def _unknown(name: str, scope: Scope) -> BadRequest:
    type_name = describe(scope.source.type).name
    return BadRequest(f"Could not find a property named '{name}' on type '{type_name}'.")


def _unusable(name: str) -> BadRequest:
    return BadRequest(f"The property '{name}' cannot be used in a query here.", target=name)

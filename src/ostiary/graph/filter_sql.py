"""``$filter`` and ``$orderby`` as SQL, on both databases, never as a loop over rows.

A property path leads through links to a column of some table. Each link becomes one EXISTS, so a
filter never multiplies rows. Text compares without regard to case; identifiers compare exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from sqlalchemy import ColumnElement, and_, exists, extract, false, func, literal, not_, or_, true
from sqlalchemy import select as sql_select
from sqlalchemy.sql.util import ClauseAdapter

from ostiary.graph import filter_syntax as syntax
from ostiary.graph.collation import ordered
from ostiary.graph.edm import Property, StructuredType, describe
from ostiary.graph.errors import BadRequest, Forbidden
from ostiary.graph.json_lists import Element
from ostiary.graph.resources import Call, Link, Source
from ostiary.graph.types import EdmEnum
from ostiary.graph.values import READERS, read_enum

Wrap = Callable[[ColumnElement[bool]], ColumnElement[bool]]
Adapt = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Scope:
    """Where a path starts: a source, the alias that stands for its table, and lambda variables."""

    source: Source
    call: Call
    adapt: Adapt = _same
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


def condition(node: syntax.Node, scope: Scope) -> ColumnElement[bool]:
    """Translate a filter.

    :raises BadRequest: a property does not exist, cannot be filtered by, or meets a value that
        its type does not have.
    """
    match node:
        case syntax.Logic(op="and", terms=terms):
            return and_(*(condition(term, scope) for term in terms))
        case syntax.Logic(op="or", terms=terms):
            return or_(*(condition(term, scope) for term in terms))
        case syntax.Not(term=term):
            return not_(condition(term, scope))
        case syntax.Compare(op=op, left=left, right=right):
            return _compare(op, left, right, scope)
        case syntax.In(left=left, items=items):
            return or_(*(_compare("eq", left, item, scope) for item in items))
        case syntax.Lambda():
            return _lambda(node, scope)
        case syntax.Literal(kind="boolean", text=text):
            return true() if text == "true" else false()
        case syntax.Call(name="contains" | "startswith" | "endswith"):
            return _text_test(node, scope)
        case syntax.Path():
            operand = _path(node, scope)
            return operand.wrap(operand.expression.is_(True))
        case _:
            raise BadRequest("Invalid filter clause: a condition is expected.")


def order(path: tuple[str, ...], scope: Scope) -> ColumnElement[Any]:
    """Give the expression to sort by. To-one links may be crossed.

    :raises BadRequest: the path leads to nothing that can be sorted by.
    """
    direct = _direct(path, scope)
    if direct is not None:
        return direct.expression
    link = _link(path[0], scope)
    if link.many or link.via is not None or len(path) == 1:
        raise BadRequest(f"Sorting by '{'/'.join(path)}' is not supported.", target="$orderby")
    inner, _ = _enter(link, scope)
    limits = [inner.adapt(test) for test in limits_of(inner.source, scope.call)]
    same = inner.adapt(link.remote) == scope.adapt(link.local)
    query = sql_select(order(path[1:], inner)).where(same, *limits).limit(1)
    return query.scalar_subquery()


def _compare(op: str, left: syntax.Node, right: syntax.Node, scope: Scope) -> ColumnElement[bool]:
    if isinstance(left, syntax.Literal) and not isinstance(right, syntax.Literal):
        mirrored = {"gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
        return _compare(mirrored.get(op, op), right, left, scope)
    if isinstance(right, syntax.Literal) and right.kind == "boolean" and _is_condition(left):
        wanted = (right.text == "true") == (op == "eq")
        return condition(left, scope) if wanted else not_(condition(left, scope))
    operand = _operand(left, scope)
    if isinstance(right, syntax.Literal) and right.kind == "null":
        return operand.wrap(
            operand.expression.is_(None) if op == "eq" else operand.expression.is_not(None)
        )
    if isinstance(right, syntax.Literal):
        value = _constant(right, operand)
        return operand.wrap(_apply(op, operand, value))
    other = _operand(right, scope)
    return operand.wrap(other.wrap(_apply(op, operand, other.expression)))


def _is_condition(node: syntax.Node) -> bool:
    if isinstance(node, syntax.Call):
        return node.name in ("contains", "startswith", "endswith")
    return isinstance(node, syntax.Logic | syntax.Not | syntax.Compare | syntax.In | syntax.Lambda)


def _apply(op: str, operand: Operand, value: Any) -> ColumnElement[bool]:
    left: ColumnElement[Any] = operand.expression
    if op == "has":
        return ("," + left + ",").contains(f",{value},", autoescape=True)
    if operand.text and not operand.exact:
        left = func.lower(left)
        value = value.lower() if isinstance(value, str) else func.lower(value)
    comparisons: dict[str, Callable[[], ColumnElement[bool]]] = {
        "eq": lambda: left == value,
        "ne": lambda: left != value,
        "gt": lambda: ordered(left) > value,
        "ge": lambda: ordered(left) >= value,
        "lt": lambda: ordered(left) < value,
        "le": lambda: ordered(left) <= value,
    }
    return comparisons[op]()


def _constant(constant: syntax.Literal, operand: Operand) -> Any:
    """Read a constant as the type of the property that it is compared with."""
    prop = operand.prop
    try:
        if prop is None:
            return _plain_constant(constant)
        if prop.type.kind == "enum":
            return _enum_text(cast(type[EdmEnum], prop.type.python), constant.text)
        if prop.type.name == "Edm.String":
            return constant.text.lower() if constant.kind == "guid" else constant.text
        raw: Any = constant.text
        if constant.kind == "number":
            raw = float(constant.text) if "." in constant.text else int(constant.text)
        return READERS[prop.type.name](raw)
    except (ValueError, KeyError):
        raise BadRequest(
            f"Invalid filter clause: cannot convert the literal '{constant.text}' to the expected "
            f"type '{prop.type.name if prop else 'Edm.String'}'."
        ) from None


def _enum_text(enum: type[EdmEnum], text: str) -> str:
    if not getattr(enum, "IS_FLAGS", False):
        return str(read_enum(enum, text).value)
    members = {read_enum(enum, part.strip()) for part in text.split(",")}
    return ",".join(member.value for member in sorted(members, key=lambda m: m.number))


def _plain_constant(constant: syntax.Literal) -> Any:
    readers: dict[str, Callable[[str], Any]] = {
        "number": lambda t: float(t) if "." in t else int(t),
        "boolean": lambda t: t == "true",
        "instant": READERS["Edm.DateTimeOffset"],
        "date": READERS["Edm.Date"],
        "duration": READERS["Edm.Duration"],
    }
    return readers.get(constant.kind, str)(constant.text)


def _operand(node: syntax.Node, scope: Scope) -> Operand:
    match node:
        case syntax.Path():
            return _path(node, scope)
        case syntax.Literal():
            value = _plain_constant(node)
            return Operand(literal(value), None, _same, text=isinstance(value, str))
        case syntax.Call():
            return _function(node, scope)
        case _:
            raise BadRequest("Invalid filter clause: a value is expected in the comparison.")


def _function(node: syntax.Call, scope: Scope) -> Operand:
    if node.name == "now":
        return Operand(literal(scope.call.now), None, _same)
    args = [_operand(arg, scope) for arg in node.args]
    first = args[0]
    expression, as_text = _function_sql(node.name, [a.expression for a in args])
    wraps = [a.wrap for a in args]
    wrap = next((w for w in wraps if w is not _same), _same)
    return Operand(expression, None, wrap, text=as_text, exact=first.exact)


def _function_sql(name: str, args: list[ColumnElement[Any]]) -> tuple[ColumnElement[Any], bool]:
    match name:
        case "tolower":
            return func.lower(args[0]), True
        case "toupper":
            return func.upper(args[0]), True
        case "trim":
            return func.trim(args[0]), True
        case "concat":
            return args[0].concat(args[1]), True
        case "length":
            return func.length(args[0]), False
        case "date":
            return func.date(args[0]), False
        case "year" | "month" | "day" | "hour" | "minute" | "second":
            return extract(name, args[0]), False
        case _:
            raise BadRequest(f"Invalid filter clause: '{name}' cannot stand here.")


def _text_test(node: syntax.Call, scope: Scope) -> ColumnElement[bool]:
    operand = _operand(node.args[0], scope)
    wanted = node.args[1]
    if not isinstance(wanted, syntax.Literal):
        raise BadRequest(f"Invalid filter clause: '{node.name}' takes a constant as its second.")
    column: ColumnElement[Any] = func.lower(operand.expression)
    text = wanted.text.lower()
    match node.name:
        case "contains":
            return operand.wrap(column.contains(text, autoescape=True))
        case "startswith":
            return operand.wrap(column.startswith(text, autoescape=True))
        case _:
            return operand.wrap(column.endswith(text, autoescape=True))


def _lambda(node: syntax.Lambda, scope: Scope) -> ColumnElement[bool]:
    *owner, last = node.path.parts
    scope, wrap = _follow(tuple(owner), scope)
    inner, enter = _open_list(last, scope) or _enter(_link(last, scope), scope)
    if node.body is None:
        return wrap(enter(true()))
    variables = {**(scope.variables or {}), node.variable or "": inner}
    body = condition(node.body, replace(scope, variables=variables))
    if node.op == "any":
        return wrap(enter(body))
    return wrap(not_(enter(not_(body))))


def _open_list(name: str, scope: Scope) -> tuple[Element, Wrap] | None:
    """Open a list that is kept in a JSON column of this scope."""
    prop = _find(describe(scope.source.type), name)
    stored = scope.source.lists.get(prop.python) if prop else None
    if prop is None or stored is None:
        return None
    scope.check_visible(prop.python)
    element = Element.of(prop, scope.adapt(stored))
    return element, lambda test: exists(sql_select(1).select_from(element.rows).where(test))


def _path(node: syntax.Path, scope: Scope) -> Operand:
    parts = node.parts
    if scope.variables and parts[0] in scope.variables:
        meant = scope.variables[parts[0]]
        if isinstance(meant, Element):
            return Operand(meant.text(parts[1:]), None, _same, text=True)
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
    scope, wrap = _follow(tuple(owner), scope)
    found = _direct((last,), scope)
    if found is None:
        raise _unknown(last, scope)
    return replace(found, wrap=wrap)


def _direct(parts: tuple[str, ...], scope: Scope) -> Operand | None:
    """Find a column for the whole path: a property, or a member of a complex property."""
    props: list[Property] = []
    type_ = describe(scope.source.type)
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
            raise BadRequest(
                f"The property '{parts[0]}' cannot be used in a query here.", target=parts[0]
            )
        return None
    last = props[-1]
    exact = last.name == "id" or last.name.endswith("Id") or last.type.kind == "enum"
    return Operand(column, last, _same, text=last.type.name == "Edm.String", exact=exact)


def _find(type_: StructuredType, name: str) -> Property | None:
    found = type_.by_spelling.get(name.lower())
    if found is not None:
        return found
    for child in type_.python.__subclasses__():
        if (found := _find(describe(child), name)) is not None:
            return found
    return None


def _follow(parts: tuple[str, ...], scope: Scope) -> tuple[Scope, Wrap]:
    wrap: Wrap = _same
    for part in parts:
        if "." in part:
            continue
        link = _link(part, scope)
        scope, enter = _enter(link, scope)
        wrap = _nested(wrap, enter)
    return scope, wrap


def _nested(outer: Wrap, inner: Wrap) -> Wrap:
    if outer is _same:
        return inner
    return lambda test: outer(inner(test))


def _link(part: str, scope: Scope) -> Link:
    prop = _find(describe(scope.source.type), part)
    link = scope.source.links.get(prop.python) if prop else None
    if link is None:
        raise _unknown(part, scope)
    if link.through is not None:
        raise BadRequest(f"'{part}' cannot be used in a filter or to sort by.", target=part)
    return link


def _enter(link: Link, scope: Scope) -> tuple[Scope, Wrap]:
    """Open an EXISTS over the link's target; the target's own limits stay in force."""
    scope.followed.append(link)
    target = link.target()
    alias = cast(Any, target.table).alias()
    adapt: Adapt = ClauseAdapter(alias).traverse
    local, remote = scope.adapt(link.local), adapt(link.remote)
    limits = [adapt(test) for test in limits_of(target, scope.call)]

    def enter(test: ColumnElement[bool]) -> ColumnElement[bool]:
        tests = [remote == local, *limits, test]
        if link.via is not None:
            near, far = link.via
            pairs = sql_select(1).where(near == local, far == remote).correlate_except(near.table)
            tests[0] = exists(pairs)
        return exists(sql_select(1).select_from(alias).where(*tests))

    return Scope(target, scope.call, adapt, followed=scope.followed), enter


def limits_of(source: Source, call: Call) -> list[ColumnElement[bool]]:
    """Give the tests that every row of a source must pass before this caller may see it."""
    visible = source.visible(call) if source.visible else None
    return [test for test in (source.where, visible) if test is not None]


def _count(owner: tuple[str, ...], scope: Scope) -> Operand:
    """``link/$count``: the number of targets, as a scalar subquery."""
    if len(owner) != 1:
        raise BadRequest("Invalid filter clause: '$count' stands after one navigation property.")
    link = _link(owner[0], scope)
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
    return Operand(query.scalar_subquery(), None, _same)


def _unknown(name: str, scope: Scope) -> BadRequest:
    type_name = describe(scope.source.type).name
    return BadRequest(f"Could not find a property named '{name}' on type '{type_name}'.")

"""``$filter`` as SQL, on both databases, never as a loop over rows.

``filter_paths`` says where a property path leads; here is what is done with it. Text compares
without regard to case; identifiers compare exactly, GUIDs as they are written and in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, cast

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    and_,
    extract,
    false,
    func,
    literal,
    not_,
    or_,
    true,
)

from ostiary.graph import filter_syntax as syntax
from ostiary.graph.collation import ordered
from ostiary.graph.errors import BadRequest
from ostiary.graph.filter_kinds import of_no_property, require_kind, type_of
from ostiary.graph.filter_paths import (
    Operand,
    Scope,
    Wrap,
    enter_link,
    enter_worked_out,
    follow,
    link_of,
    open_list,
    path_operand,
    same,
)
from ostiary.graph.json_lists import Element
from ostiary.graph.types import EdmEnum
from ostiary.graph.values import READERS, read_members

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


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
            operand = path_operand(node, scope)
            return operand.wrap(operand.expression.is_(True))
        case _:
            raise BadRequest("Invalid filter clause: a condition is expected.")


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
    if isinstance(right, syntax.Literal) and op in ("eq", "ne") and _is_sentinel(right, operand):
        hidden = operand.expression.in_(_hidden_members(operand, scope))
        return operand.wrap(hidden if op == "eq" else not_(hidden))
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
    if isinstance(value, bool) and op not in ("eq", "ne"):
        raise BadRequest(
            f"Invalid filter clause: '{op}' has no order for true and false; use 'eq' or 'ne'."
        )
    if op == "has":
        if operand.prop is None or not getattr(operand.prop.type.python, "IS_FLAGS", False):
            raise BadRequest("Invalid filter clause: 'has' is for properties of several flags.")
        return ("," + left + ",").contains(f",{value},", autoescape=True)
    if operand.exact and op in ("eq", "ne") and _is_capital_guid(value):
        same_id = left.in_([value, value.lower()])
        return same_id if op == "eq" else not_(same_id)
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


def _is_sentinel(constant: syntax.Literal, operand: Operand) -> bool:
    is_enum = operand.prop is not None and operand.prop.type.kind == "enum"
    return is_enum and constant.text.lower() == "unknownfuturevalue"


def _hidden_members(operand: Operand, scope: Scope) -> list[str]:
    """Give the members that this caller is shown as the sentinel; who asks for them has none."""
    if operand.prop is None or "include-unknown-enum-members" in scope.call.headers.get(
        "prefer", ""
    ):
        return []
    return list(getattr(operand.prop.type.python, "GATED", ()))


def _is_capital_guid(value: Any) -> bool:
    return isinstance(value, str) and _GUID.fullmatch(value) is not None and value != value.lower()


def _constant(constant: syntax.Literal, operand: Operand) -> Any:
    """Read a constant as the type of the property that it is compared with."""
    prop = operand.prop
    try:
        if prop is None:
            return of_no_property(_plain_constant(constant), operand)
        if prop.type.kind == "enum":
            return str(read_members(cast(type[EdmEnum], prop.type.python), constant.text))
        if prop.type.name == "Edm.String":
            return constant.text.lower() if constant.kind == "guid" else constant.text
        raw: Any = constant.text
        if constant.kind == "number":
            raw = float(constant.text) if "." in constant.text else int(constant.text)
        return READERS[prop.type.name](raw)
    except (ValueError, KeyError):
        raise BadRequest(
            f"Invalid filter clause: cannot convert the literal '{constant.text}' to the expected "
            f"type '{type_of(operand)}'."
        ) from None


def _whole_number(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise BadRequest(f"Invalid filter clause: the number '{text}' has more than 64 bits.")
    return number


def _plain_constant(constant: syntax.Literal) -> Any:
    readers: dict[str, Callable[[str], Any]] = {
        "number": lambda t: float(t) if "." in t else _whole_number(t),
        "boolean": lambda t: t == "true",
        "instant": READERS["Edm.DateTimeOffset"],
        "date": READERS["Edm.Date"],
        "duration": READERS["Edm.Duration"],
    }
    return readers.get(constant.kind, str)(constant.text)


def _operand(node: syntax.Node, scope: Scope) -> Operand:
    match node:
        case syntax.Path():
            return path_operand(node, scope)
        case syntax.Literal():
            value = _plain_constant(node)
            return Operand(literal(value), None, same, text=isinstance(value, str))
        case syntax.Call():
            return _function(node, scope)
        case _:
            raise BadRequest("Invalid filter clause: a value is expected in the comparison.")


def _function(node: syntax.Call, scope: Scope) -> Operand:
    if node.name == "now":
        return Operand(literal(scope.call.now), None, same)
    args = [_operand(arg, scope) for arg in node.args]
    require_kind(node.name, args)
    first = args[0]
    expression, as_text = _function_sql(node.name, [a.expression for a in args])
    wraps = [a.wrap for a in args]
    wrap = next((w for w in wraps if w is not same), same)
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
            return func.length(args[0], type_=Integer), False
        case "date":
            return func.date(args[0], type_=Date), False
        case "year" | "month" | "day" | "hour" | "minute" | "second":
            return extract(name, args[0]), False
        case _:
            raise BadRequest(f"Invalid filter clause: '{name}' cannot stand here.")


def _text_test(node: syntax.Call, scope: Scope) -> ColumnElement[bool]:
    operand = _operand(node.args[0], scope)
    require_kind(node.name, [operand])
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
    inner, enter, wrap = _opened(node, scope)
    if node.body is None:
        return wrap(enter(true()))
    variables = {**(scope.variables or {}), node.variable or "": inner}
    body = condition(node.body, replace(scope, variables=variables))
    if node.op == "any":
        return wrap(enter(body))
    return wrap(not_(enter(not_(body))))


def _opened(node: syntax.Lambda, scope: Scope) -> tuple[Scope | Element, Wrap, Wrap]:
    """Give what the lambda's variable stands for, the EXISTS over it, and the one around that."""
    *owner, last = node.path.parts
    if owner and owner[0] == "$it":
        owner = owner[1:]
    elif owner and isinstance(meant := (scope.variables or {}).get(owner[0]), Scope):
        scope, owner = meant, owner[1:]
    owned, wrap = follow(tuple(owner), scope)
    if (listed := open_list(last, owned)) is not None:
        return *listed, wrap
    link = link_of(last, owned)
    if link.through is not None:
        _require_independent(node, last)
        return *enter_worked_out(link, link.through, owned), wrap
    return *enter_link(link, owned), wrap


def _require_independent(node: syntax.Lambda, name: str) -> None:
    """A relation that is worked out is entered from its far end, before any row is at hand.

    :raises BadRequest: the condition speaks of the row at hand.
    """
    own = frozenset({node.variable or ""})
    foreign = next(syntax.free_paths(node.body, own), None) if node.body else None
    if foreign is not None:
        raise BadRequest(
            f"A condition on '{name}' compares its members with constants, not with "
            f"'{'/'.join(foreign.parts)}'.",
            target=name,
        )

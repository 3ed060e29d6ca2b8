"""What a rule says, once it is read: a tree of frozen values, the same for both syntaxes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ostiary.directory.rules.attributes import Attribute


class Test(StrEnum):
    """What can be asked about a text: where in it another one is."""

    STARTS = "startsWith"
    ENDS = "endsWith"
    CONTAINS = "contains"


class Order(StrEnum):
    """How an instant can lie to another; an instant belongs to both sides."""

    UNTIL = "le"
    SINCE = "ge"


@dataclass(frozen=True, slots=True)
class Item:
    """The item of the list that is looked at, or the member of it that has this name."""

    member: str | None = None


@dataclass(frozen=True, slots=True)
class FromNow:
    """The instant at which the rule is judged, and so much later."""

    offset: timedelta = timedelta(0)


Operand = Attribute | Item
Value = str | bool | datetime | None


@dataclass(frozen=True, slots=True)
class Equals:
    """The operand has this value; ``None``: it has none."""

    operand: Operand
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """The operand has one of these values."""

    operand: Operand
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """The operand is a text that passes a test."""

    operand: Operand
    test: Test
    text: str


@dataclass(frozen=True, slots=True)
class Compared:
    """The operand is an instant on one side of another."""

    operand: Operand
    order: Order
    value: datetime | FromNow


@dataclass(frozen=True, slots=True)
class AnyItem:
    """An item of a list passes; no item of an empty list does."""

    operand: Attribute
    body: Node


@dataclass(frozen=True, slots=True)
class InGroup:
    """Somebody is a direct member of one of these groups."""

    operand: Attribute
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportsTo:
    """Somebody's manager is this person."""

    operand: Attribute
    manager: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite."""

    term: Node


@dataclass(frozen=True, slots=True)
class And:
    """Each of the terms."""

    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the terms."""

    terms: tuple[Node, ...]


Leaf = Equals | OneOf | Text | Compared | InGroup | ReportsTo
Node = Leaf | AnyItem | Not | And | Or


def leaves(node: Node) -> Iterator[Leaf | AnyItem]:
    """Give every question of a tree, those about lists before those about their items."""
    match node:
        case And(terms) | Or(terms):
            for term in terms:
                yield from leaves(term)
        case Not(term):
            yield from leaves(term)
        case AnyItem(_, body):
            yield node
            yield from leaves(body)
        case _:
            yield node

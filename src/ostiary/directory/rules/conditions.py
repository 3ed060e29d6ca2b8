"""Rules as conditions on the directory's table, on both databases.

Every question is answered with true or false and never with NULL, so that ``not`` is the
opposite: who lacks an attribute is not equal to any value of it. Texts are compared by their
characters; where case does not count, that is for the letters A to Z, which both databases fold
alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    column,
    exists,
    func,
    literal,
    not_,
    or_,
    select,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from ostiary.directory.rules.attributes import Attribute
from ostiary.directory.rules.tree import (
    And,
    AnyItem,
    Compared,
    Equals,
    FromNow,
    InGroup,
    Item,
    Node,
    Not,
    OneOf,
    Operand,
    Or,
    Order,
    ReportsTo,
    Test,
    Text,
    Value,
)
from ostiary.directory.tables import directory_objects, memberships
from ostiary.graph.json_lists import json_elements, json_text
from ostiary.storage.batches import among
from ostiary.storage.cases import fold


class without_case(GenericFunction[str]):
    """A text whose letters A to Z are small, whatever the database's locale says of others.

    SQLite has a function of this name from us.
    """

    type = String()
    inherit_cache = True
    name = "without_case"


@compiles(without_case, "postgresql")
def _small_pg(element: without_case, compiler: SQLCompiler, **options: Any) -> str:
    return f'lower(({compiler.process(element.clauses, **options)}) COLLATE "C")'


class place_of(GenericFunction[int]):
    """Where in the first text the second begins, from 1; 0 where it does not occur."""

    inherit_cache = True
    name = "place_of"


@compiles(place_of)
def _place(element: place_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(place_of, "postgresql")
def _place_pg(element: place_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


@dataclass(frozen=True, slots=True)
class Translation:
    """Turns a rule into a condition on rows of ``people``, which is the directory's table.

    ``items`` are the rows of the list at hand.
    """

    people: FromClause
    ignore_case: bool
    now: datetime
    items: FromClause | None = None

    def condition(self, node: Node) -> ColumnElement[bool]:
        """Give the condition that is true where the rule is."""
        match node:
            case And(terms):
                return and_(*(self.condition(term) for term in terms))
            case Or(terms):
                return or_(*(self.condition(term) for term in terms))
            case Not(term):
                return not_(self.condition(term))
            case AnyItem(operand, body):
                return self._any(operand, body)
            case Equals(operand, value):
                return self._one_of(operand, [value])
            case OneOf(operand, values):
                return self._one_of(operand, values)
            case Text(operand, test, text):
                return self._text(operand, test, text)
            case Compared(operand, order, value):
                return self._compared(operand, order, value)
            case InGroup(_, groups):
                return self._in_group(groups)
            case ReportsTo(_, manager):
                return self._is(self.people.c.manager_id, manager)
            case _:
                assert_never(node)

    def _one_of(self, operand: Operand, values: Sequence[Value]) -> ColumnElement[bool]:
        stored = self._stored(operand)
        tests: list[ColumnElement[bool]] = [stored.is_(None)] if None in values else []
        given = [value for value in values if value is not None]
        if all(isinstance(value, str) for value in given) and len(given) > 1:
            texts = [self._folded(str(value)) for value in given]
            tests.append(and_(stored.is_not(None), among(self._cased(stored), texts)))
        else:
            tests += [self._is(stored, value) for value in given]
        return or_(*tests)

    def _is(self, stored: ColumnElement[Any], value: Value) -> ColumnElement[bool]:
        if isinstance(value, str):
            return and_(stored.is_not(None), self._cased(stored) == self._folded(value))
        same = stored.is_(value) if isinstance(value, bool) else stored == value
        return and_(stored.is_not(None), same)

    def _text(self, operand: Operand, test: Test, text: str) -> ColumnElement[bool]:
        stored = self._cased(self._stored(operand))
        wanted = self._folded(text)
        size = len(wanted)
        match test:
            case Test.STARTS:
                passed = func.substr(stored, 1, size) == wanted
            case Test.ENDS:
                ending = func.substr(stored, func.length(stored) - size + 1, size)
                passed = and_(func.length(stored) >= size, ending == wanted)
            case Test.CONTAINS:
                passed = place_of(stored, wanted) > 0
            case _:
                assert_never(test)
        return and_(self._stored(operand).is_not(None), passed)

    def _compared(
        self, operand: Operand, order: Order, value: datetime | FromNow
    ) -> ColumnElement[bool]:
        stored = self._stored(operand)
        instant = self.now + value.offset if isinstance(value, FromNow) else value
        passed = stored <= instant if order is Order.UNTIL else stored >= instant
        return and_(stored.is_not(None), passed)

    def _any(self, operand: Attribute, body: Node) -> ColumnElement[bool]:
        items = json_elements(self.people.c[operand.column]).table_valued(column("value", String()))
        inner = Translation(self.people, self.ignore_case, self.now, items)
        return exists(select(1).select_from(items).where(inner.condition(body)))

    def _in_group(self, groups: Sequence[str]) -> ColumnElement[bool]:
        group = directory_objects.alias()
        return exists(
            select(1)
            .select_from(memberships)
            .join(group, group.c.id == memberships.c.group_id)
            .where(
                memberships.c.member_id == self.people.c.id,
                among(memberships.c.group_id, groups),
                group.c.deleted_date_time.is_(None),
            )
        )

    def _stored(self, operand: Operand) -> ColumnElement[Any]:
        if isinstance(operand, Item):
            assert self.items is not None  # the grammars name items within lists only
            value = self.items.c["value"]
            return json_text(value, literal(operand.member)) if operand.member else json_text(value)
        stored: ColumnElement[Any] = self.people.c[operand.column]
        return stored if operand.member is None else stored[operand.member].as_string()

    def _cased(self, stored: ColumnElement[Any]) -> ColumnElement[Any]:
        return without_case(stored) if self.ignore_case else stored

    def _folded(self, text: str) -> str:
        return fold(text) if self.ignore_case else text

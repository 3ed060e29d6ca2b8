"""Rules of dynamic membership: ``(user.department -eq "Sales") -and -not (user.city -eq "Bonn")``.

This is the language of automatic assignment. Operators may stand without their hyphen. Texts are in
double or single quotes; a backtick escapes a double quote, a second single quote a single one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final

from ostiary.directory.rules.attributes import MANAGER, PLAN_MEMBERS, Attribute, Kind, Syntax
from ostiary.directory.rules.errors import RuleError
from ostiary.directory.rules.grammar import Grammar
from ostiary.directory.rules.tokens import Token
from ostiary.directory.rules.tree import (
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
    Order,
    ReportsTo,
    Test,
    Text,
    Value,
)
from ostiary.graph.values import READERS

MAX_OFFSET: Final = timedelta(days=36_600)
"""How far from now a rule can look."""

_TESTS: Final = {test.value.lower(): test for test in Test}
_ORDERS: Final = {order.value: order for order in Order}
_EXPRESSIONS: Final = frozenset({"match", "notmatch"})
_OPERATORS: Final = (
    "an operator is expected: -eq, -ne, -in, -notIn, -startsWith, -notStartsWith, -endsWith, "
    "-notEndsWith, -contains or -notContains"
)
_DATES: Final = "an operator for dates is expected: -eq, -ne, -le or -ge"
_LISTS: Final = (
    "an operator for lists is expected: -any, -all, -startsWith, -endsWith, -contains or the "
    "opposite of one of these"
)


class Membership(Grammar):
    """Reads rules of the syntax ``MEMBERSHIP``."""

    syntax: ClassVar[Syntax] = Syntax.MEMBERSHIP

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self._list: Attribute | None = None
        """The list whose items are looked at."""

    def whole(self) -> Node:
        """Read the rule to its end; who reports to somebody can only be asked alone."""
        if not (self.is_word("direct") and self.is_word("reports", self.ahead())):
            return super().whole()
        self.take()
        self.take()
        if not self.is_word("for"):
            self.fail("'for' is expected, as in 'Direct Reports for \"{id}\"'")
        self.take()
        manager = ReportsTo(MANAGER, self.text().lower())
        if self.here.kind != "end":
            self.fail("the end of the rule is expected: 'Direct Reports' cannot be combined")
        return manager

    def is_word(self, word: str, token: Token | None = None) -> bool:
        """Say whether a word or an operator comes next."""
        token = token or self.here
        return token.kind in ("word", "operator") and token.text.lower() == word

    def condition(self) -> Node:
        """Read a property, an operator and a value."""
        operand = self._operand()
        token = self.here
        if token.kind not in ("word", "operator"):
            self.fail(self._expected(operand))
        name = token.text.lower()
        if name in _EXPRESSIONS:
            self.fail(
                "a test other than by regular expression is expected: -startsWith, -endsWith, "
                "-contains or -in"
            )
        if name.startswith("not") and name != "not":
            positive = name.removeprefix("not")
            if positive not in ("in", *_TESTS):
                self.fail(self._expected(operand))
            self.take()
            return Not(self._tested(positive, operand, token))
        self.take()
        if name == "ne":
            return Not(self._tested("eq", operand, token))
        return self._tested(name, operand, token)

    def _tested(self, name: str, operand: Operand, token: Token) -> Node:
        kind = operand.kind if isinstance(operand, Attribute) else Kind.TEXT
        if kind is Kind.GROUPS and isinstance(operand, Attribute):
            return self._in_group(name, operand, token)
        if kind in (Kind.TEXTS, Kind.PLANS) and isinstance(operand, Attribute):
            return self._about_list(name, operand, token)
        if kind is Kind.INSTANT and name in ("eq", *_ORDERS):
            return self._about_instant(name, operand)
        if name == "eq":
            return Equals(operand, self.value(operand))
        if name == "in" and kind is not Kind.INSTANT:
            return OneOf(operand, self.constants("[", "]", operand))
        if name in _TESTS and kind is Kind.TEXT:
            return Text(operand, _TESTS[name], self.text())
        raise RuleError(token.at, self._expected(operand), found=token.described)

    def _about_list(self, name: str, operand: Attribute, token: Token) -> Node:
        if name in _TESTS and operand.kind is Kind.TEXTS:
            return AnyItem(operand, Text(Item(), _TESTS[name], self.text()))
        if name not in ("any", "all"):
            raise RuleError(token.at, _LISTS, found=token.described)
        if self._list is not None:
            raise RuleError(token.at, "no list within a list is expected", found=token.described)
        self._list = operand
        body = self._unary()
        self._list = None
        return AnyItem(operand, body) if name == "any" else Not(AnyItem(operand, Not(body)))

    def _about_instant(self, name: str, operand: Operand) -> Node:
        at = self.here
        value = self._instant()
        if name in _ORDERS:
            if value is None:
                raise RuleError(at.at, "a date or 'system.now' is expected", found=at.described)
            return Compared(operand, _ORDERS[name], value)
        if isinstance(value, FromNow):
            raise RuleError(
                at.at,
                "a date or null is expected: 'system.now' goes with -le and -ge",
                found=at.described,
            )
        return Equals(operand, value)

    def _in_group(self, name: str, operand: Attribute, token: Token) -> Node:
        if name != "any":
            raise RuleError(
                token.at, "'-any' is expected after 'user.memberOf'", found=token.described
            )
        self.take_mark("(")
        if not self.is_word("group"):
            self.fail("'group.objectId' is expected")
        self.take()
        self.take_mark(".", "'group.objectId' is expected")
        if not self.is_word("objectid"):
            self.fail("'group.objectId' is expected")
        self.take()
        if self.is_word("eq"):
            self.take()
            groups: tuple[str, ...] = (self.text(),)
        elif self.is_word("in"):
            self.take()
            groups = tuple(str(one) for one in self.constants("[", "]", Item()) if one)
        else:
            self.fail("'-in' or '-eq' is expected")
        self.take_mark(")")
        return InGroup(operand, tuple(group.lower() for group in groups))

    def _operand(self) -> Operand:
        first = self.here
        if self._list is not None:
            return self._item(first)
        if not (self.is_word("user") and self.ahead().text == "."):
            self.fail("a property such as 'user.department', '-not' or '(' is expected")
        self.take()
        names = self._names()
        return self.attribute(".".join(names), first.at)

    def _item(self, first: Token) -> Item:
        if self._list is not None and self._list.kind is Kind.PLANS:
            members = {name.lower(): name for name in PLAN_MEMBERS}
            right = " or ".join(f"'assignedPlan.{name}'" for name in PLAN_MEMBERS)
            if self.is_word("assignedplan"):
                self.take()
                names = self._names()
                if len(names) == 1 and names[0].lower() in members:
                    return Item(members[names[0].lower()])
            raise RuleError(first.at, f"{right} is expected", found=first.described)
        if not self.is_word("_"):
            self.fail("'_' is expected, which stands for the item of the list")
        self.take()
        return Item()

    def _names(self) -> list[str]:
        names = []
        self.take_mark(".")
        while True:
            if self.here.kind != "word":
                self.fail("the name of a property is expected")
            names.append(self.take().text)
            if not self.skip_mark("."):
                return names

    def other_constant(self) -> tuple[Value, Token]:
        """Read a number as the text that it is, or ``$null``."""
        token = self.here
        if token.kind == "number":
            return self.take().text, token
        if token.kind == "word" and token.text.lower() == "$null":
            self.take()
            return None, token
        return super().other_constant()

    def _instant(self) -> datetime | FromNow | None:
        if self.skip_mark("("):
            inner = self._instant()
            self.take_mark(")")
            return inner
        if self.is_word("system"):
            return self._now()
        token = self.here
        if token.kind in ("instant", "text"):
            self.take()
            return _read_instant(token)
        value, token = self.constant()
        if value is not None:
            raise RuleError(token.at, "a date or null is expected", found=token.described)
        return None

    def _now(self) -> FromNow:
        self.take()
        self.take_mark(".", "'system.now' is expected")
        if not self.is_word("now"):
            self.fail("'system.now' is expected")
        self.take()
        sign = next((n for word, n in (("plus", 1), ("minus", -1)) if self.is_word(word)), 0)
        if not sign:
            return FromNow()
        self.take()
        token = self.take()
        return FromNow(sign * _read_duration(token))

    def _expected(self, operand: Operand) -> str:
        if not isinstance(operand, Attribute):
            return _OPERATORS
        if operand.is_list:
            return _LISTS
        if operand.kind is Kind.INSTANT:
            return _DATES
        return "'-eq', '-ne' or '-in' is expected" if operand.kind is Kind.BOOLEAN else _OPERATORS


def _read_duration(token: Token) -> timedelta:
    try:
        length: timedelta = READERS["Edm.Duration"](token.text.upper())
    except ValueError:
        length = MAX_OFFSET + timedelta(days=1)
    if abs(length) > MAX_OFFSET:
        right = f"a duration such as P30D, of at most {MAX_OFFSET.days} days, is expected"
        raise RuleError(token.at, right, found=token.described)
    return length


def _read_instant(token: Token) -> datetime:
    try:
        value = datetime.fromisoformat(token.text)
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise RuleError(
            token.at, "a date such as 2026-01-31T00:00:00Z is expected", found=token.described
        ) from None

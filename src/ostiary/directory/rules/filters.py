"""Rules as ``$filter`` expressions: ``(department eq 'Sales') and (not (city eq 'Bonn'))``.

This is the language of the scopes of workflows: less than ``$filter`` has, and everything that it
has not is refused by name.
"""

from __future__ import annotations

from typing import ClassVar, Final

from ostiary.directory.rules.attributes import PLAN_MEMBERS, Attribute, Kind, Syntax
from ostiary.directory.rules.errors import RuleError
from ostiary.directory.rules.grammar import Grammar
from ostiary.directory.rules.tokens import Token
from ostiary.directory.rules.tree import (
    AnyItem,
    Equals,
    Item,
    Node,
    Not,
    OneOf,
    Operand,
    Test,
    Text,
)

_OPERATORS: Final = "'eq', 'ne' or 'in' is expected"
_ABSENT: Final = frozenset({"contains", "endswith", "tolower", "toupper", "length", "concat"})


class Filter(Grammar):
    """Reads rules of the syntax ``FILTER``."""

    syntax: ClassVar[Syntax] = Syntax.FILTER

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self._item: tuple[str, Attribute] | None = None
        """The variable of the lambda at hand, and the list that it goes through."""

    def condition(self) -> Node:
        """Read a comparison, a ``startsWith`` or an ``any``."""
        first = self.here
        if first.kind != "word":
            self.fail("the name of an attribute, 'startsWith', 'not' or '(' is expected")
        following = self.ahead()
        if following.kind == "mark" and following.text == "(":
            return self._function(first)
        if following.kind == "mark" and following.text == "." and self.is_word("user"):
            self.fail("an attribute is named without 'user.' here: its name alone is expected")
        operand = self._operand(for_list=True)
        return operand if isinstance(operand, AnyItem) else self._comparison(operand)

    def _function(self, first: Token) -> Node:
        if not self.is_word("startswith"):
            absent = first.text.lower() in _ABSENT
            self.fail("the only function of rules is 'startsWith'" if absent else _OPERATORS)
        self.take()
        self.take_mark("(")
        at = self.here
        operand = self._operand()
        assert not isinstance(operand, AnyItem)  # only asked for in a condition
        if isinstance(operand, Attribute) and not (operand.kind is Kind.TEXT and operand.starts):
            raise RuleError(
                at.at,
                "an attribute that 'startsWith' can ask about is expected: this one can be "
                "compared with 'eq', 'ne' and 'in' only",
                found=f"'{operand.path}'",
            )
        self.take_mark(",")
        text = self.text()
        self.take_mark(")")
        return Text(operand, Test.STARTS, text)

    def _comparison(self, operand: Operand) -> Node:
        if isinstance(operand, Attribute) and operand.is_list:
            self.fail(f"'{operand.path}' is a list: '{operand.path}/any(…)' is expected")
        for word in ("eq", "ne", "in"):
            if self.is_word(word):
                self.take()
                return self._compared(word, operand)
        self.fail(_OPERATORS)

    def _compared(self, word: str, operand: Operand) -> Node:
        if word == "in":
            return OneOf(operand, self.constants("(", ")", operand))
        equals = Equals(operand, self.value(operand))
        return equals if word == "eq" else Not(equals)

    def _operand(self, *, for_list: bool = False) -> Operand | AnyItem:
        """Read a path; ``for_list`` also reads the lambda that ends one."""
        first = self.here
        if first.kind != "word":
            self.fail("the name of an attribute is expected")
        names = [self.take().text]
        while self.skip_mark("/"):
            if for_list and names and self.here.kind == "word" and self.ahead().text == "(":
                return self._lambda("/".join(names), first.at)
            if self.here.kind != "word":
                self.fail("the name of a member is expected")
            names.append(self.take().text)
        if self._item is not None:
            return self._of_item(names, first)
        return self.attribute("/".join(names), first.at)

    def _of_item(self, names: list[str], first: Token) -> Item:
        assert self._item is not None  # asked by the caller
        variable, list_ = self._item
        members = {name.lower(): name for name in PLAN_MEMBERS}
        right = f"'{variable}'"
        if list_.kind is Kind.PLANS:
            if names[0] == variable and len(names) == 2 and names[1].lower() in members:
                return Item(members[names[1].lower()])
            right = " or ".join(f"'{variable}/{name}'" for name in PLAN_MEMBERS)
        elif names == [variable]:
            return Item()
        raise RuleError(first.at, f"{right} is expected", found=f"'{'/'.join(names)}'")

    def _lambda(self, name: str, at: int) -> AnyItem:
        if self._item is not None:
            raise RuleError(at, "no list within a list is expected", found=f"'{name}'")
        if not self.is_word("any"):
            self.fail("'any' is expected, the only question that a rule can ask about a list")
        list_ = self.attribute(name, at)
        if not list_.is_list:
            raise RuleError(at, "a list is expected before '/any'", found=f"'{name}'")
        self.take()
        self.take_mark("(")
        if self.here.kind != "word":
            self.fail("a name for the items of the list is expected, as in 'any(p:p eq …)'")
        self._item = (self.take().text, list_)
        self.take_mark(":")
        body = self.disjunction()
        self._item = None
        self.take_mark(")", "')', 'and' or 'or' is expected")
        return AnyItem(list_, body)

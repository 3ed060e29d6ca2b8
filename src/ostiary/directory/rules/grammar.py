"""What both syntaxes share: how conditions are joined, and which values an attribute can have."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar, Final

from ostiary.directory.rules.attributes import Attribute, Kind, Syntax, find
from ostiary.directory.rules.errors import RuleError
from ostiary.directory.rules.tokens import Cursor, Token
from ostiary.directory.rules.tree import And, Node, Not, Operand, Or, Value

_CONSTANTS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None}


class Grammar(ABC, Cursor):
    """Reads a rule: ``not`` binds tightest, then ``and``, then ``or``."""

    syntax: ClassVar[Syntax]

    def whole(self) -> Node:
        """Read the rule to its end.

        :raises RuleError: it is not valid.
        """
        node = self.disjunction()
        if self.here.kind != "end":
            self.fail("'and', 'or' or the end of the rule is expected")
        return node

    def disjunction(self) -> Node:
        """Read conditions that ``or`` joins."""
        return self._joined("or", Or, self._conjunction)

    def is_word(self, word: str, token: Token | None = None) -> bool:
        """Say whether a word of the language comes next, in any case."""
        token = token or self.here
        return token.kind == "word" and token.text.lower() == word

    @abstractmethod
    def condition(self) -> Node:
        """Read one condition that is not in parentheses."""

    def attribute(self, name: str, at: int) -> Attribute:
        """Give the attribute of that name."""
        return find(name, self.syntax, at)

    def constant(self) -> tuple[Value, Token]:
        """Read a text, ``true``, ``false`` or ``null``, and tell where it stands."""
        token = self.here
        if token.kind == "text":
            self.take()
            return token.text, token
        if token.kind == "word" and token.text.lower() in _CONSTANTS:
            self.take()
            return _CONSTANTS[token.text.lower()], token
        return self.other_constant()

    def other_constant(self) -> tuple[Value, Token]:
        """Read a value that only one syntax has."""
        self.fail("a value is expected: a text in quotes, true, false or null")

    def constants(self, opening: str, closing: str, operand: Operand) -> tuple[Value, ...]:
        """Read a list of values for an operand."""
        self.take_mark(opening, f"a list of values in {opening} and {closing} is expected")
        values = [self.value(operand)]
        while self.skip_mark(","):
            values.append(self.value(operand))
        self.take_mark(closing, f"',' or '{closing}' is expected")
        return tuple(values)

    def value(self, operand: Operand) -> Value:
        """Read a value that an operand can have.

        :raises RuleError: it is of another type.
        """
        value, token = self.constant()
        is_boolean = isinstance(operand, Attribute) and operand.kind is Kind.BOOLEAN
        if value is None or isinstance(value, bool) == is_boolean:
            return value
        right = "true, false or null" if is_boolean else "a text in quotes or null"
        raise RuleError(token.at, f"{right} is expected", found=token.described)

    def text(self) -> str:
        """Read a text.

        :raises RuleError: another value stands there.
        """
        value, token = self.constant()
        if not isinstance(value, str):
            raise RuleError(token.at, "a text in quotes is expected", found=token.described)
        return value

    def _conjunction(self) -> Node:
        return self._joined("and", And, self._unary)

    def _joined(
        self,
        word: str,
        make: Callable[[tuple[Node, ...]], Node],
        part: Callable[[], Node],
    ) -> Node:
        terms = [part()]
        while self.is_word(word):
            self.take()
            terms.append(part())
        return terms[0] if len(terms) == 1 else make(tuple(terms))

    def _unary(self) -> Node:
        self.enter()
        node = self._unnested()
        self.leave()
        return node

    def _unnested(self) -> Node:
        if self.is_word("not"):
            self.take()
            return Not(self._unary())
        if self.at_mark("("):
            self.take()
            node = self.disjunction()
            self.take_mark(")", "')', 'and' or 'or' is expected")
            return node
        return self.condition()

"""The grammar of ``$filter``: text in, syntax tree out, errors that point at the place.

The grammar is the one that Graph documents, with the spellings that its samples use: keywords and
function names in any case, quoted or bare GUIDs and dates, ``has`` with a bare literal, casts and
``$count`` in paths. Precedence, tightest first: parentheses, ``not``, comparison, ``and``, ``or``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from ostiary.graph.errors import BadRequest

MAX_LENGTH = 8192
MAX_DEPTH = 100

COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "has"})
FUNCTIONS: dict[str, int] = {
    "startswith": 2,
    "endswith": 2,
    "contains": 2,
    "tolower": 1,
    "toupper": 1,
    "trim": 1,
    "length": 1,
    "concat": 2,
    "year": 1,
    "month": 1,
    "day": 1,
    "hour": 1,
    "minute": 1,
    "second": 1,
    "date": 1,
    "now": 0,
}
"""Function names in lower case and how many arguments each takes."""

Kind = OneOf["string", "number", "boolean", "null", "guid", "instant", "date", "time", "duration"]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant, still as text: the property that it meets decides what it means."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Path:
    """A property path, ``assignment/target/objectId``; the last part may be ``$count``."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """A function and its arguments."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A comparison; ``op`` is one of ``COMPARISONS``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In:
    """Membership in a list of constants."""

    left: Node
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Logic:
    """``and`` or ``or`` of two or more conditions."""

    op: OneOf["and", "or"]
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a condition."""

    term: Node


@dataclass(frozen=True, slots=True)
class Lambda:
    """``path/any(x: condition)`` or ``all``; without a condition: any at all."""

    path: Path
    op: OneOf["any", "all"]
    variable: str | None
    body: Node | None


Node = Literal | Path | Call | Compare | In | Logic | Not | Lambda

_TOKENS = re.compile(
    r"""
    (?P<space>[ \t+]+)
  | (?P<typed>duration|[A-Za-z_][\w.]*)?'(?P<string>(?:[^']|'')*)'
  | (?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?![\w-])
  | (?P<instant>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d))
  | (?P<date>\d{4}-\d\d-\d\d)(?![\w-])
  | (?P<time>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)
  | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?![\w-])
  | (?P<word>[$A-Za-z_@][\w.$@-]*(?:/[$A-Za-z_][\w.$-]*)*)
  | (?P<mark>[(),:])
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Node:
    """Parse a ``$filter`` expression.

    :raises BadRequest: the text is no filter; the message says what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise BadRequest(f"Invalid filter clause: longer than {MAX_LENGTH} characters.")
    parser = _Parser(text)
    node = parser.disjunction()
    parser.expect_end()
    return node


def free_paths(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Give the paths that do not begin with a variable: of a lambda inside, or of ``bound``."""
    match node:
        case Path(parts=parts):
            if parts[0] not in bound:
                yield node
        case Lambda(path=path, variable=variable, body=body):
            yield from free_paths(path, bound)
            if body is not None:
                yield from free_paths(body, bound | {variable or ""})
        case Call(args=nodes) | Logic(terms=nodes):
            for inner in nodes:
                yield from free_paths(inner, bound)
        case Compare(left=left, right=right):
            yield from free_paths(left, bound)
            yield from free_paths(right, bound)
        case In(left=left):
            yield from free_paths(left, bound)
        case Not(term=term):
            yield from free_paths(term, bound)


class _Parser:
    """Recursive descent, one method for each level of precedence."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._scan(text)
        self._next = 0
        self._depth = 0

    def disjunction(self) -> Node:
        return self._chain("or", self.conjunction)

    def conjunction(self) -> Node:
        return self._chain("and", self._negation)

    def expect_end(self) -> None:
        if self._next < len(self._tokens):
            raise self._error(f"unexpected '{self._peek().text}'")

    def _chain(self, op: OneOf["and", "or"], operand: Callable[[], Node]) -> Node:
        terms = [operand()]
        while self._word(op):
            terms.append(operand())
        return terms[0] if len(terms) == 1 else Logic(op, tuple(terms))

    def _negation(self) -> Node:
        if self._at_word("not"):
            self._next += 1
            self._deeper()
            term = Not(self._negation())
            self._depth -= 1
            return term
        return self._comparison()

    def _comparison(self) -> Node:
        left = self._value()
        if self._word("in"):
            return In(left, self._list())
        for op in COMPARISONS:
            if self._word(op):
                return Compare(op, left, self._value())
        return left

    def _list(self) -> tuple[Node, ...]:
        self._mark("(")
        items = [self._value()]
        while self._at_mark(","):
            self._next += 1
            items.append(self._value())
        self._mark(")")
        return tuple(items)

    def _value(self) -> Node:
        token = self._peek()
        if token.kind == "mark" and token.text == "(":
            return self._parenthesised()
        self._next += 1
        if token.kind == "word":
            return self._named(token)
        if token.kind == "mark":
            raise self._error(f"a value is expected, not '{token.text}'", token)
        return Literal(token.kind, token.text)  # type: ignore[arg-type]  # the scanner's kinds

    def _parenthesised(self) -> Node:
        self._mark("(")
        self._deeper()
        node = self.disjunction()
        self._depth -= 1
        self._mark(")")
        return node

    def _named(self, token: _Token) -> Node:
        lowered = token.text.lower()
        if lowered in ("true", "false"):
            return Literal("boolean", lowered)
        if lowered == "null":
            return Literal("null", lowered)
        if not self._at_mark("("):
            return Path(tuple(token.text.split("/")))
        *owner, last = token.text.split("/")
        if owner and last.lower() in ("any", "all"):
            return self._lambda(Path(tuple(owner)), last.lower())
        return self._call(token)

    def _lambda(self, path: Path, op: str) -> Node:
        self._mark("(")
        self._deeper()
        variable, body = None, None
        if not self._at_mark(")"):
            variable = self._peek().text
            self._next += 1
            self._mark(":")
            body = self.disjunction()
        self._depth -= 1
        self._mark(")")
        return Lambda(path, "any" if op == "any" else "all", variable, body)

    def _call(self, token: _Token) -> Node:
        name = token.text.lower()
        if name not in FUNCTIONS:
            raise self._error(f"there is no function '{token.text}'", token)
        self._mark("(")
        args = [] if self._at_mark(")") else [self._value()]
        while self._at_mark(","):
            self._next += 1
            args.append(self._value())
        self._mark(")")
        if len(args) != FUNCTIONS[name]:
            raise self._error(f"'{name}' takes {FUNCTIONS[name]} argument(s)", token)
        return Call(name, tuple(args))

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH}")

    def _peek(self) -> _Token:
        if self._next >= len(self._tokens):
            raise self._error("the expression ends too early")
        return self._tokens[self._next]

    def _at_word(self, word: str) -> bool:
        return self._next < len(self._tokens) and (
            self._tokens[self._next].kind == "word"
            and self._tokens[self._next].text.lower() == word
        )

    def _word(self, word: str) -> bool:
        found = self._at_word(word)
        self._next += found
        return found

    def _at_mark(self, mark: str) -> bool:
        return self._next < len(self._tokens) and (
            self._tokens[self._next].kind == "mark" and self._tokens[self._next].text == mark
        )

    def _mark(self, mark: str) -> None:
        if not self._at_mark(mark):
            raise self._error(f"'{mark}' is expected")
        self._next += 1

    def _error(self, reason: str, token: _Token | None = None) -> BadRequest:
        tokens = self._tokens
        token = token or (tokens[self._next] if self._next < len(tokens) else None)
        at = token.at if token else len(self._text)
        return BadRequest(f"Invalid filter clause: {reason} at position {at} in '{self._text}'.")

    def _scan(self, text: str) -> list[_Token]:
        tokens, at = [], 0
        self._tokens, self._next = [], 0
        while at < len(text):
            match = _TOKENS.match(text, at)
            if match is None:
                raise BadRequest(
                    f"Invalid filter clause: unexpected '{text[at]}' at position {at} in '{text}'."
                )
            token = _token(match, at)
            if token is not None:
                tokens.append(token)
            at = match.end()
        return tokens


def _token(match: re.Match[str], at: int) -> _Token | None:
    if match["space"]:
        return None
    if match["string"] is not None:
        kind = "duration" if (match["typed"] or "").lower() == "duration" else "string"
        return _Token(kind, match["string"].replace("''", "'"), at)
    kind = match.lastgroup or ""
    return _Token(kind, match[kind], at)

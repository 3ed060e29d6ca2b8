"""The words of a rule, and a cursor over them that says what it expected where it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, NoReturn

from ostiary.directory.rules.errors import RuleError

MAX_LENGTH: Final = 8_192
MAX_DEPTH: Final = 24
"""Levels of parentheses and `not`: what SQLite's parser can take, within a larger statement."""

Kind = Literal["text", "instant", "number", "operator", "word", "mark", "end"]

_TOKENS: Final = re.compile(
    r"""
      (?P<space>\s+)
    | '(?P<single>(?:[^']|'')*+)'
    | "(?P<double>(?:[^"`]|`.)*+)"
    | (?P<instant>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)
    | (?P<number>-?\d+(?:\.\d+)?)
    | [-\u2013](?P<operator>[A-Za-z]+)
    | (?P<word>[A-Za-z_$][\w$]*)
    | (?P<mark>[()\[\],:/.])
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a rule and where it stands; the text of a literal is what it means."""

    kind: Kind
    text: str
    at: int
    spelled: str

    @property
    def described(self) -> str:
        """How an error names it."""
        return "the end of the rule" if self.kind == "end" else f"'{self.spelled}'"


def scan(rule: str) -> list[Token]:
    """Cut a rule into words; the last one is its end.

    :raises RuleError: it is empty or too long, or a character or a quote has no meaning there.
    """
    if not rule.strip():
        raise RuleError(0, "a condition such as \"department eq 'Sales'\" is expected")
    if len(rule) > MAX_LENGTH:
        raise RuleError(MAX_LENGTH, f"a rule may have at most {MAX_LENGTH} characters")
    tokens, at = [], 0
    while at < len(rule):
        match = _TOKENS.match(rule, at)
        if match is None:
            raise _unreadable(rule, at)
        if not match["space"]:
            tokens.append(_token(match, at))
        at = match.end()
    return [*tokens, Token("end", "", len(rule), "")]


def _token(match: re.Match[str], at: int) -> Token:
    kind = match.lastgroup or ""
    text = match[kind]
    if kind == "single":
        return Token("text", _kept(text.replace("''", "'"), at), at, match[0])
    if kind == "double":
        plain = re.sub(r"`(.)", r"\1", text, flags=re.DOTALL).replace("''", "'")
        return Token("text", _kept(plain, at), at, match[0])
    return Token(kind, text, at, match[0])  # type: ignore[arg-type]  # the names of the groups


def _kept(text: str, at: int) -> str:
    if "\x00" in text:
        raise RuleError(at, "a text without the character U+0000 is expected")
    return text


def _unreadable(rule: str, at: int) -> RuleError:
    if rule[at] in "'\"":
        return RuleError(at, f"a text that begins with {rule[at]} must end with {rule[at]}")
    return RuleError(at, "a name, an operator or a value is expected", found=f"'{rule[at]}'")


class Cursor:
    """Stands before a word of a rule, and goes on only past what it was asked for."""

    def __init__(self, rule: str) -> None:
        self._tokens = scan(rule)
        self._next = 0
        self._depth = 0

    @property
    def here(self) -> Token:
        """The word that comes next."""
        return self._tokens[self._next]

    def ahead(self, count: int = 1) -> Token:
        """Give the word that comes ``count`` words later; the end of the rule has no later one."""
        return self._tokens[min(self._next + count, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Go past the next word."""
        token = self.here
        self._next = min(self._next + 1, len(self._tokens) - 1)
        return token

    def at_mark(self, mark: str) -> bool:
        """Say whether a mark comes next."""
        return self.here.kind == "mark" and self.here.text == mark

    def take_mark(self, mark: str, expected: str | None = None) -> None:
        """Go past a mark.

        :raises RuleError: something else comes next.
        """
        if not self.at_mark(mark):
            self.fail(expected or f"'{mark}' is expected")
        self.take()

    def skip_mark(self, mark: str) -> bool:
        """Go past a mark if it comes next, and say whether it did."""
        found = self.at_mark(mark)
        if found:
            self.take()
        return found

    def enter(self) -> None:
        """Go one level deeper.

        :raises RuleError: the rule is nested too deeply.
        """
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise RuleError(self.here.at, f"a rule may be nested {MAX_DEPTH} levels deep at most")

    def leave(self) -> None:
        """Come back from a level."""
        self._depth -= 1

    def fail(self, expected: str) -> NoReturn:
        """Refuse the rule because of the next word."""
        raise RuleError(self.here.at, expected, found=self.here.described)

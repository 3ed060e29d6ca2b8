"""A rule, ready to be asked: of the whole directory by SQL, or of one person."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Final

from sqlalchemy import ColumnElement, FromClause, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.model import User
from ostiary.directory.objects import Kind
from ostiary.directory.rules.attributes import Syntax
from ostiary.directory.rules.conditions import Translation
from ostiary.directory.rules.errors import RuleError
from ostiary.directory.rules.filters import Filter
from ostiary.directory.rules.grammar import Grammar
from ostiary.directory.rules.judging import Judge
from ostiary.directory.rules.memberships import Membership
from ostiary.directory.rules.tokens import Token, scan
from ostiary.directory.rules.tree import Compared, FromNow, InGroup, Item, Node, Order, leaves
from ostiary.directory.tables import directory_objects
from ostiary.storage.batches import among

_TICK: Final = timedelta(microseconds=1)
"""The smallest step of time."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of people. Guests are people; whoever is deleted is nobody."""

    text: str
    syntax: Syntax
    tree: Node
    ignore_case: bool
    """Whether ``A`` to ``Z`` and ``a`` to ``z`` are the same letters."""

    def where(
        self, *, now: datetime, people: FromClause = directory_objects
    ) -> ColumnElement[bool]:
        """Give the condition on rows of the directory's table that is true of whom it is for.

        ``people`` is that table or an alias of it; ``now`` stands for ``system.now``.
        """
        live = people.c.deleted_date_time.is_(None) & (people.c.kind == Kind.USER.value)
        return live & Translation(people, self.ignore_case, now).condition(self.tree)

    def holds(self, person: User, *, now: datetime, groups: Collection[str] = ()) -> bool:
        """Say whether it is true of one person, who is a direct member of these groups."""
        judge = Judge(person=person, groups=groups, ignore_case=self.ignore_case, now=now)
        return judge.holds(self.tree)

    def attributes(self) -> frozenset[str]:
        """Name the attributes that it asks for as the API does, ``employeeOrgData/costCenter``.

        ``memberOf`` and ``manager`` stand for questions about groups and managers.
        """
        return frozenset(
            leaf.operand.path for leaf in leaves(self.tree) if not isinstance(leaf.operand, Item)
        )

    def groups(self) -> frozenset[str]:
        """Give the groups whose members it asks for."""
        named = (leaf.groups for leaf in leaves(self.tree) if isinstance(leaf, InGroup))
        return frozenset(group for groups in named for group in groups)

    @property
    def moves_with_time(self) -> bool:
        """Whether it can become true or false of somebody who does not change."""
        return any(True for _ in self.clocks())

    def clocks(self) -> Iterator[tuple[str, Order, timedelta]]:
        """Give what it compares with the time: the column, the side, and how far from now."""
        for leaf in leaves(self.tree):
            if isinstance(leaf, Compared) and isinstance(leaf.value, FromNow):
                assert not isinstance(leaf.operand, Item)  # no list holds instants
                yield leaf.operand.column, leaf.order, leaf.value.offset


def parse(text: str, *, syntax: Syntax | None = None, ignore_case: bool = False) -> Rule:
    """Read a rule; a syntax that is not named is recognised.

    ``ignore_case`` is for filters; membership rules never look at case.

    :raises RuleError: it is not valid; the error says where, and what is expected there.
    """
    tokens = scan(text)
    syntax = syntax or _recognized(tokens)
    return _parsed(text, syntax, ignore_case or syntax is Syntax.MEMBERSHIP)


async def matching(
    conn: AsyncConnection,
    rule: Rule,
    *,
    now: datetime,
    ids: Collection[str] | None = None,
    after: str = "",
    limit: int | None = None,
) -> list[str]:
    """Give the ids of whom a rule is true of, in their order, behind ``after``.

    ``ids`` narrows it to these people.
    """
    query = select(directory_objects.c.id).where(rule.where(now=now))
    if ids is not None:
        query = query.where(among(directory_objects.c.id, ids))
    if after:
        query = query.where(directory_objects.c.id > after)
    ordered = query.order_by(directory_objects.c.id).limit(limit)
    return list((await conn.execute(ordered)).scalars())


async def next_turn(
    conn: AsyncConnection, rule: Rule, *, now: datetime, ids: Collection[str] | None = None
) -> datetime | None:
    """Say when, after ``now``, a rule may next come to be true or false by the time alone.

    ``ids`` narrows it to what is known of these people.
    """
    turns = []
    for name, order, offset in rule.clocks():
        column = directory_objects.c[name]
        ahead = column > now + offset if order is Order.UNTIL else column >= now + offset
        query = select(func.min(column)).where(ahead, directory_objects.c.kind == Kind.USER.value)
        if ids is not None:
            query = query.where(among(directory_objects.c.id, ids))
        nearest: datetime | None = await conn.scalar(query)
        if nearest is not None:  # what is true until an instant is so at that instant
            turns.append(nearest - offset + (_TICK if order is Order.SINCE else timedelta(0)))
    return min(turns, default=None)


@lru_cache(maxsize=1_000)
def _parsed(text: str, syntax: Syntax, ignore_case: bool) -> Rule:
    grammar: Grammar = Filter(text) if syntax is Syntax.FILTER else Membership(text)
    return Rule(text, syntax, grammar.whole(), ignore_case)


def _recognized(tokens: list[Token]) -> Syntax:
    """Tell the syntaxes apart by what only membership rules have."""
    for token, following in pairwise(tokens):
        word = token.text.lower() if token.kind == "word" else ""
        if token.kind == "operator" or (word == "user" and following.text == "."):
            return Syntax.MEMBERSHIP
        if word == "direct" and following.text.lower() == "reports":
            return Syntax.MEMBERSHIP
    return Syntax.FILTER


__all__ = ["Rule", "RuleError", "Syntax", "matching", "next_turn", "parse"]

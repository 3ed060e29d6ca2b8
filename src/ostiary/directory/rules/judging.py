"""What a rule says of one person, worked out in Python: the meaning that ``conditions`` must have.

It serves previews of single people, and the tests, which compare it with both databases.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from ostiary.directory.model import AssignedPlan, DirectoryObject, User
from ostiary.directory.rules.attributes import Attribute
from ostiary.directory.rules.tree import (
    And,
    AnyItem,
    Compared,
    Equals,
    FromNow,
    InGroup,
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
from ostiary.storage.cases import fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Answers a rule's questions about ``person``; ``item`` is the item of the list at hand.

    ``person.manager`` must be there for rules about it, and ``groups`` for rules about those.
    """

    person: User
    groups: Collection[str]
    ignore_case: bool
    now: datetime
    item: str | AssignedPlan | None = None

    def holds(self, node: Node) -> bool:
        """Say whether the rule is true of the person."""
        match node:
            case And(terms):
                return all(self.holds(term) for term in terms)
            case Or(terms):
                return any(self.holds(term) for term in terms)
            case Not(term):
                return not self.holds(term)
            case AnyItem(operand, body):
                return any(self._about(item).holds(body) for item in operand.read(self.person))
            case Equals(operand, value):
                return self._same(self._stored(operand), [value])
            case OneOf(operand, values):
                return self._same(self._stored(operand), values)
            case Text(operand, test, text):
                return self._passes(self._stored(operand), test, text)
            case Compared(operand, order, value):
                return self._lies(self._stored(operand), order, value)
            case InGroup(_, groups):
                return any(group in self.groups for group in groups)
            case ReportsTo(_, manager):
                boss = self.person.manager
                return isinstance(boss, DirectoryObject) and boss.id == manager
            case _:
                assert_never(node)

    def _about(self, item: Any) -> Judge:
        return Judge(
            person=self.person,
            groups=self.groups,
            ignore_case=self.ignore_case,
            now=self.now,
            item=item,
        )

    def _same(self, stored: Any, values: Sequence[Value]) -> bool:
        return any(self._cased(stored) == self._cased(value) for value in values)

    def _passes(self, stored: str | None, test: Test, text: str) -> bool:
        if stored is None:
            return False
        whole, part = self._cased(stored), self._cased(text)
        match test:
            case Test.STARTS:
                return bool(whole.startswith(part))
            case Test.ENDS:
                return bool(whole.endswith(part))
            case Test.CONTAINS:
                return part in whole
            case _:
                assert_never(test)

    def _lies(self, stored: datetime | None, order: Order, value: datetime | FromNow) -> bool:
        if stored is None:
            return False
        instant = self.now + value.offset if isinstance(value, FromNow) else value
        return stored <= instant if order is Order.UNTIL else stored >= instant

    def _stored(self, operand: Operand) -> Any:  # a value of the attribute's type, or None
        if isinstance(operand, Attribute):
            return operand.read(self.person)
        if isinstance(self.item, AssignedPlan):
            read = {
                "capabilityStatus": self.item.capability_status,
                "service": self.item.service,
                "servicePlanId": self.item.service_plan_id,
            }
            return read[operand.member or ""]
        return self.item

    def _cased(self, value: Any) -> Any:
        return fold(value) if self.ignore_case and isinstance(value, str) else value

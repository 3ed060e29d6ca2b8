"""When a workflow runs by itself: the ticks of the schedule, and who is due at one.

A plan is what the conditions of a workflow come to. People are due by how they are (``Dated``,
``Unsponsored``), for as long as they are so; or by something that happened to them
(``AttributesChanged``, ``MembershipChanged``), once for each time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from ostiary.directory.deltas import LinkDetail
from ostiary.lifecycle import dates
from ostiary.lifecycle.conditions import attribute_path, group_ids
from ostiary.lifecycle.model import (
    AttributeChangeTrigger,
    GuestSponsorTrigger,
    MembershipChangeTrigger,
    MembershipChangeType,
    RuleBasedSubjectSet,
    TimeBasedAttributeTrigger,
    TimeBasedAttributeTriggerV2,
    TriggerAndScopeBasedConditions,
    UserInactivityTrigger,
    WorkflowExecutionConditions,
    WorkflowExecutionTrigger,
)

CATCH_UP: Final = timedelta(days=3)
"""How long after their instant people are still picked up, where the trigger has an instant."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """People for whom a rule is true are due from so many days after a date of theirs."""

    rule: str
    columns: tuple[str, ...]
    """The date, as columns of the directory's table: the first that is not empty."""
    start: int
    """Days of 24 hours; negative before the date."""
    end: int | None = None
    """The day on which they are not due any more, counted like ``start``; None: there is none."""
    catches_up: bool = False
    """Whether somebody who was due too long ago is passed over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsponsored:
    """Guests for whom a rule is true and who have fewer sponsors than they must."""

    rule: str
    minimum: int
    catches_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributesChanged:
    """People for whom a rule is true and one of whose attributes has changed."""

    rule: str
    paths: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MembershipChanged:
    """People who came to one of these groups, or left it."""

    group_ids: frozenset[str]
    change: LinkDetail


Standing = Dated | Unsponsored
Happening = AttributesChanged | MembershipChanged
Plan = Standing | Happening


def plan_of(conditions: WorkflowExecutionConditions) -> Plan | None:
    """Give the plan that follows from conditions; None where no schedule does."""
    if not isinstance(conditions, TriggerAndScopeBasedConditions) or conditions.trigger is None:
        return None
    read = _PLANS.get(type(conditions.trigger))
    return None if read is None else read(conditions.trigger, conditions)


def carries_on(old: Plan | None, new: Plan | None) -> bool:
    """Whether what has happened, and was noticed by one plan, counts by the next as well."""
    match old, new:
        case AttributesChanged(paths=before), AttributesChanged(paths=after):
            return before <= after
        case MembershipChanged(change=earlier), MembershipChanged(change=later):
            return earlier is later
        case _:
            return False


def next_tick(now: datetime, hours: int) -> datetime:
    """Give the first tick after an instant: ticks are whole multiples of the interval in UTC.

    So all workflows of the tenant are looked at together, and no restart moves that.
    """
    interval = timedelta(hours=hours)
    return now + interval - (now - _EPOCH) % interval


def _rule(conditions: TriggerAndScopeBasedConditions) -> str:
    return cast(RuleBasedSubjectSet, conditions.scope).rule


def _dated(trigger: TimeBasedAttributeTrigger, conditions: TriggerAndScopeBasedConditions) -> Plan:
    return Dated(
        rule=_rule(conditions),
        columns=(dates.column(trigger.time_based_attribute.value),),
        start=trigger.offset_in_days,
        catches_up=True,
    )


def _dated_v2(
    trigger: TimeBasedAttributeTriggerV2, conditions: TriggerAndScopeBasedConditions
) -> Plan:
    start, end = dates.days_of(trigger.operator)
    return Dated(
        rule=_rule(conditions),
        columns=(dates.column(trigger.attribute or ""),),
        start=start,
        end=end,
    )


def _inactive(trigger: UserInactivityTrigger, conditions: TriggerAndScopeBasedConditions) -> Plan:
    """Whoever never signed in counts from the day on which they were created."""
    return Dated(
        rule=_rule(conditions),
        columns=("last_successful_sign_in_date_time", "created_date_time"),
        start=trigger.inactivity_period_in_days,
    )


def _unsponsored(trigger: GuestSponsorTrigger, conditions: TriggerAndScopeBasedConditions) -> Plan:
    minimum = trigger.minimum_required_sponsors
    return Unsponsored(rule=_rule(conditions), minimum=1 if minimum is None else minimum)


def _attributes(
    trigger: AttributeChangeTrigger, conditions: TriggerAndScopeBasedConditions
) -> Plan:
    paths = frozenset(attribute_path(named.name) or "" for named in trigger.trigger_attributes)
    return AttributesChanged(rule=_rule(conditions), paths=paths)


def _memberships(
    trigger: MembershipChangeTrigger, conditions: TriggerAndScopeBasedConditions
) -> Plan:
    added = trigger.change_type is MembershipChangeType.ADD
    return MembershipChanged(
        group_ids=group_ids(conditions), change=LinkDetail.ADDED if added else LinkDetail.REMOVED
    )


# Each reads triggers of the type that it stands for, which no type of a mapping can say.
_PLANS: Final[Mapping[type[WorkflowExecutionTrigger], Callable[[Any, Any], Plan]]] = {
    AttributeChangeTrigger: _attributes,
    GuestSponsorTrigger: _unsponsored,
    MembershipChangeTrigger: _memberships,
    TimeBasedAttributeTrigger: _dated,
    TimeBasedAttributeTriggerV2: _dated_v2,
    UserInactivityTrigger: _inactive,
}

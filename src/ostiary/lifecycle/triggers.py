"""When a workflow runs by itself: the ticks of the schedule, and who is due at one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ostiary.lifecycle.model import (
    RuleBasedSubjectSet,
    TimeBasedAttributeTrigger,
    TriggerAndScopeBasedConditions,
    WorkflowExecutionConditions,
)
from ostiary.lifecycle.model import WorkflowTriggerTimeBasedAttribute as DateAttribute

CATCH_UP: Final = timedelta(days=3)
"""How long after their instant people are still picked up."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_COLUMNS: Final = {
    DateAttribute.EMPLOYEE_HIRE_DATE: "employee_hire_date",
    DateAttribute.EMPLOYEE_LEAVE_DATE_TIME: "employee_leave_date_time",
    DateAttribute.CREATED_DATE_TIME: "created_date_time",
}


@dataclass(frozen=True, slots=True)
class Timetable:
    """People for whom a rule is true are due so many days after a date of theirs."""

    rule: str
    column: str
    """The date, as a column of the directory's table."""
    offset: int
    """Days of 24 hours; negative before the date."""

    def latest(self, now: datetime) -> datetime:
        """Give the latest date with which somebody is due."""
        return now - timedelta(days=self.offset)


def timetable(conditions: WorkflowExecutionConditions) -> Timetable | None:
    """Give the timetable of conditions; None where no schedule follows from them."""
    if not isinstance(conditions, TriggerAndScopeBasedConditions):
        return None
    scope, trigger = conditions.scope, conditions.trigger
    if isinstance(scope, RuleBasedSubjectSet) and isinstance(trigger, TimeBasedAttributeTrigger):
        column = _COLUMNS[trigger.time_based_attribute]
        return Timetable(scope.rule, column, trigger.offset_in_days)
    return None


def next_tick(now: datetime, hours: int) -> datetime:
    """Give the first tick after an instant: ticks are whole multiples of the interval in UTC.

    So all workflows of the tenant are looked at together, and no restart moves that.
    """
    interval = timedelta(hours=hours)
    return now + interval - (now - _EPOCH) % interval

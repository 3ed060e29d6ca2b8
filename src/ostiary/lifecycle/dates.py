"""Dates of people that triggers count from, and the days that an operator of a trigger means.

Days are whole: somebody is on day 0 for 24 hours from the date on, and on day -1 in the 24 hours
before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ostiary.lifecycle.model import (
    OperatorBetween,
    OperatorEqualTo,
    OperatorLessThanEqualTo,
    WorkflowExecutionTriggerOperator,
)
from ostiary.lifecycle.model import WorkflowExecutionTriggerEventTiming as Timing

_COLUMNS: Final[Mapping[str, str]] = {
    "employeeHireDate": "employee_hire_date",
    "employeeLeaveDateTime": "employee_leave_date_time",
    "createdDateTime": "created_date_time",
    "signInActivity/lastSignInDateTime": "last_sign_in_date_time",
    "signInActivity/lastSuccessfulSignInDateTime": "last_successful_sign_in_date_time",
}
_FOLDED: Final = {path.lower(): column for path, column in _COLUMNS.items()}

DATES: Final = tuple(_COLUMNS)
"""The attributes that hold a date, as the API spells them."""


def is_date(path: str) -> bool:
    """Whether an attribute is a date of people."""
    return path.lower() in _FOLDED


def column(path: str) -> str:
    """Give the column of the directory's table that holds a date."""
    return _FOLDED[path.lower()]


def days_of(operator: WorkflowExecutionTriggerOperator | None) -> tuple[int, int]:
    """Give the first day that an operator means, and the first after it that it does not."""
    match operator:
        case OperatorEqualTo(offset_in_days=days, event_timing=timing):
            first = -days if timing is Timing.BEFORE else days
            return first, first + 1
        case OperatorLessThanEqualTo(offset_in_days=days, event_timing=timing):
            return (-days, 0) if timing is Timing.BEFORE else (0, days + 1)
        case OperatorBetween(
            greater_than_offset_in_days=low, less_than_offset_in_days=high, event_timing=timing
        ):
            return (1 - high, -low) if timing is Timing.BEFORE else (low + 1, high)
        case _:
            return 0, 0

"""When access starts and ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import ClassVar

from msgspec import field

from ostiary.entitlement.model.enums import (
    DayOfWeek,
    ExpirationPatternType,
    RecurrencePatternType,
    RecurrenceRangeType,
    WeekIndex,
)
from ostiary.graph.types import Complex


class ExpirationPattern(Complex, kw_only=True):
    """When something ends: never, at an instant, or after a while."""

    duration: timedelta | None = None
    end_date_time: datetime | None = None
    type: ExpirationPatternType | None = None

    @property
    def is_endless(self) -> bool:
        """Whether it sets no end."""
        return self.type in (
            None,
            ExpirationPatternType.NOT_SPECIFIED,
            ExpirationPatternType.NO_EXPIRATION,
        )


class RecurrencePattern(Complex, kw_only=True):
    """On which days something recurs."""

    day_of_month: int = 0
    days_of_week: list[DayOfWeek] = field(default_factory=list)
    first_day_of_week: DayOfWeek | None = None
    index: WeekIndex | None = None
    interval: int = 0
    month: int = 0
    type: RecurrencePatternType | None = None


class RecurrenceRange(Complex, kw_only=True):
    """For how long something recurs."""

    end_date: date | None = None
    number_of_occurrences: int = 0
    recurrence_time_zone: str | None = None
    start_date: date | None = None
    type: RecurrenceRangeType | None = None


class PatternedRecurrence(Complex, kw_only=True):
    """A recurrence: its days and its range."""

    pattern: RecurrencePattern | None = None
    range: RecurrenceRange | None = None


class EntitlementManagementSchedule(Complex, kw_only=True):
    """The start and end of an assignment; reviews also use the recurrence."""

    BETA_NAME: ClassVar[str] = "requestSchedule"

    expiration: ExpirationPattern | None = None
    recurrence: PatternedRecurrence | None = None
    start_date_time: datetime | None = None

"""Reminders: that an assignment ends soon, at the two stages before its end.

Each stage comes once for each end date. A stage whose time had passed when the end was set is
missed, and so is one that could not be told of before the next: then that one is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ostiary.entitlement import assignments
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage

LEADS: Final[dict[Stage, timedelta]] = {
    Stage.ASSIGNMENT_FOURTEEN_DAYS_BEFORE_EXPIRATION: timedelta(days=14),
    Stage.ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION: timedelta(days=1),
}
"""How long before its end an assignment reaches each stage, the earlier first."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A stage that an assignment reaches before it ends."""

    assignment_id: str
    stage: Stage
    ends_at: datetime

    @property
    def due_at(self) -> datetime:
        """When the stage is reached."""
        return self.ends_at - LEADS[self.stage]


def ahead(assignment: Assignment, *, now: datetime) -> Iterator[Reminder]:
    """Give the stages that a held assignment has still before it."""
    if assignment.ends_at is None or not assignment.is_held:
        return
    for stage in LEADS:
        one = Reminder(assignment_id=assignment.id, stage=stage, ends_at=assignment.ends_at)
        if one.due_at > now:
            yield one


def counts(reminder: Reminder, assignment: Assignment | None, *, now: datetime) -> bool:
    """Say whether a stage is to be told of now: its end still stands, and no later stage came."""
    if assignment is None or not assignment.is_held or assignment.ends_at != reminder.ends_at:
        return False
    later = (lead for lead in LEADS.values() if lead < LEADS[reminder.stage])
    until = reminder.ends_at - max(later, default=timedelta())
    return reminder.due_at <= now < until


def reached(assignment: Assignment, stage: Stage) -> Assignment:
    """Note that an assignment has reached a stage."""
    if stage is Stage.ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION:
        return assignments.near_expiry(assignment)
    return assignment


def days_left(ends_at: datetime, *, now: datetime) -> int:
    """Give the days until an end; a part of one counts as one."""
    return ceil((ends_at - now) / _DAY)

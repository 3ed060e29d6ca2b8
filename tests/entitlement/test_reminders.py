"""The rules of reminders: which stages lie ahead, and which still count when their time comes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from ostiary.entitlement import assignments, reminders
from ostiary.entitlement.assignments import Assignment, AssignmentStatus
from ostiary.entitlement.model.enums import AccessPackageAssignmentState as State
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.reminders import Reminder
from tests.support.clocks import MONDAY

FOURTEEN = Stage.ASSIGNMENT_FOURTEEN_DAYS_BEFORE_EXPIRATION
ONE = Stage.ASSIGNMENT_ONE_DAY_BEFORE_EXPIRATION
END = MONDAY + timedelta(days=30)
HELD = Assignment(
    id="assignment",
    catalog_id="catalog",
    package_id="package",
    policy_id="policy",
    target_id="alice",
    state=State.DELIVERED,
    status=AssignmentStatus.DELIVERED,
    given_at=MONDAY,
    starts_at=MONDAY,
    ends_at=END,
)


def ahead(assignment: Assignment, now: datetime) -> list[tuple[Stage, datetime]]:
    return [(one.stage, one.due_at) for one in reminders.ahead(assignment, now=now)]


def make_reminder(stage: Stage, ends_at: datetime = END) -> Reminder:
    return Reminder(assignment_id="assignment", stage=stage, ends_at=ends_at)


def test_both_stages_lie_ahead_of_a_long_assignment() -> None:
    assert ahead(HELD, MONDAY) == [
        (FOURTEEN, END - timedelta(days=14)),
        (ONE, END - timedelta(days=1)),
    ]


@pytest.mark.parametrize(
    ("days", "stages"), [(15, [FOURTEEN, ONE]), (14, [ONE]), (2, [ONE]), (1, []), (0.5, [])]
)
def test_stages_whose_time_has_passed_are_missed(days: float, stages: list[Stage]) -> None:
    short = replace(HELD, ends_at=MONDAY + timedelta(days=days))

    assert [stage for stage, _ in ahead(short, MONDAY)] == stages


def test_what_never_ends_or_is_not_held_reaches_no_stage() -> None:
    assert ahead(replace(HELD, ends_at=None), MONDAY) == []
    assert ahead(replace(HELD, state=State.EXPIRED), MONDAY) == []
    assert ahead(replace(HELD, given_at=None), MONDAY) == []


@pytest.mark.parametrize(
    ("stage", "before_end", "counts"),
    [
        (FOURTEEN, timedelta(days=14, seconds=1), False),
        (FOURTEEN, timedelta(days=14), True),
        (FOURTEEN, timedelta(days=1, seconds=1), True),
        (FOURTEEN, timedelta(days=1), False),
        (ONE, timedelta(days=1), True),
        (ONE, timedelta(seconds=1), True),
        (ONE, timedelta(0), False),
    ],
)
def test_a_stage_counts_from_its_time_until_the_next_comes(
    stage: Stage, before_end: timedelta, counts: bool
) -> None:
    assert reminders.counts(make_reminder(stage), HELD, now=END - before_end) == counts


def test_a_stage_of_an_end_that_was_moved_or_of_nothing_does_not_count() -> None:
    now = END - timedelta(days=1)

    moved = replace(HELD, ends_at=END + timedelta(hours=1))
    assert not reminders.counts(make_reminder(ONE), moved, now=now)
    assert not reminders.counts(make_reminder(ONE), None, now=now)
    assert not reminders.counts(make_reminder(ONE), replace(HELD, state=State.EXPIRED), now=now)


def test_the_last_stage_is_shown_in_the_status_of_what_is_delivered_alone() -> None:
    assert reminders.reached(HELD, ONE).status is AssignmentStatus.NEAR_EXPIRY
    assert reminders.reached(HELD, FOURTEEN) == HELD
    partly = replace(HELD, state=State.PARTIALLY_DELIVERED)
    assert reminders.reached(partly, ONE) == partly
    ended = assignments.expire(reminders.reached(HELD, ONE), now=END)
    assert ended.status is AssignmentStatus.EXPIRED


def test_a_part_of_a_day_counts_as_one() -> None:
    assert reminders.days_left(END, now=END - timedelta(days=14)) == 14
    assert reminders.days_left(END, now=END - timedelta(days=13, hours=1)) == 14
    assert reminders.days_left(END, now=END - timedelta(minutes=1)) == 1

"""When assignments end, and what may become of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from ostiary.entitlement import assignments
from ostiary.entitlement.assignments import Assignment, IllegalMove
from ostiary.entitlement.errors import AssignmentNotReprocessable, ScheduleNotAllowed
from ostiary.entitlement.model.enums import AccessPackageAssignmentState as State
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule, ExpirationPattern
from ostiary.entitlement.states import Delivery
from ostiary.graph.reading import Reader
from tests.support.clocks import MONDAY

IN_A_WEEK = MONDAY + timedelta(days=7)
WEEK = {"type": "afterDuration", "duration": "P7D"}
DAY = {"type": "afterDuration", "duration": "P1D"}
NEVER = {"type": "noExpiration"}
FRIDAY = {"type": "afterDateTime", "endDateTime": "2026-01-09T09:00:00Z"}
PAST = {"type": "afterDateTime", "endDateTime": "2026-01-05T09:00:00Z"}
UNSAID = {"type": "notSpecified"}


def pattern(body: dict[str, Any] | None) -> ExpirationPattern | None:
    return Reader().create(ExpirationPattern, body) if body else None


def end(limit: dict[str, Any] | None, asked: dict[str, Any] | None) -> datetime | None:
    schedule = EntitlementManagementSchedule(expiration=pattern(asked)) if asked else None
    return assignments.end_of(pattern(limit), schedule, start=MONDAY)


def held(**changes: Any) -> Assignment:
    usual = {
        "id": "assignment",
        "catalog_id": "catalog",
        "package_id": "package",
        "policy_id": "policy",
        "target_id": "alice",
    }
    return Assignment(**{**usual, **changes})


@pytest.mark.parametrize(
    ("limit", "asked", "days"),
    [
        (None, None, None),
        (NEVER, None, None),
        (NEVER, DAY, 1),
        (WEEK, None, 7),
        (WEEK, UNSAID, 7),
        (WEEK, DAY, 1),
        (WEEK, WEEK, 7),
        (FRIDAY, None, 4),
        (WEEK, FRIDAY, 4),
    ],
)
def test_access_ends_when_the_policy_says_or_earlier_if_that_is_asked(
    limit: dict[str, Any] | None, asked: dict[str, Any] | None, days: int | None
) -> None:
    assert end(limit, asked) == (None if days is None else MONDAY + timedelta(days=days))


@pytest.mark.parametrize(
    ("limit", "asked"), [(DAY, WEEK), (WEEK, NEVER), (PAST, None), (NEVER, PAST)]
)
def test_access_cannot_outlast_the_policy_nor_end_before_it_starts(
    limit: dict[str, Any], asked: dict[str, Any] | None
) -> None:
    with pytest.raises(ScheduleNotAllowed) as caught:
        end(limit, asked)

    assert caught.value.target == "schedule/expiration"


def test_the_time_counts_from_the_first_writing_of_the_roles() -> None:
    given = assignments.giving(held(), ends_at=IN_A_WEEK, now=MONDAY)
    later = assignments.giving(given, ends_at=None, now=IN_A_WEEK)

    assert (given.given_at, given.starts_at, given.ends_at) == (MONDAY, MONDAY, IN_A_WEEK)
    assert later.ends_at == IN_A_WEEK
    assert assignments.is_over(given, now=IN_A_WEEK)
    assert not assignments.is_over(given, now=IN_A_WEEK - timedelta(seconds=1))


def test_what_lost_its_roles_again_starts_anew() -> None:
    given = assignments.giving(held(), ends_at=IN_A_WEEK, now=MONDAY)

    lost = assignments.taken_back(given)

    assert (lost.state, lost.status) == (State.DELIVERY_FAILED, "DeliveryFailed")
    assert (lost.starts_at, lost.is_held) == (None, False)


def test_what_has_expired_stays_so() -> None:
    ended = assignments.expire(held(), now=MONDAY)

    assert (ended.state, ended.status) == (State.EXPIRED, "ExpiredNotificationTriggered")
    assert assignments.expire(ended, now=IN_A_WEEK) == ended
    with pytest.raises(IllegalMove):
        assignments.given(ended, Delivery.COMPLETE)


@pytest.mark.parametrize("state", [s for s in State if s is not State.DELIVERED])
def test_only_what_is_delivered_is_written_again(state: State) -> None:
    with pytest.raises(AssignmentNotReprocessable):
        assignments.rewrite(held(state=state))

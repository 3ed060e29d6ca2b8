"""Assignments: their states, how long they last, and the only functions that move them.

An assignment is made with the request that asks for it and counts as given once its roles are being
written. It ends once: what has expired stays so.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from ostiary.entitlement.errors import AssignmentNotReprocessable, ScheduleNotAllowed
from ostiary.entitlement.model.enums import AccessPackageAssignmentState as AssignmentState
from ostiary.entitlement.model.enums import ExpirationPatternType
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule, ExpirationPattern
from ostiary.entitlement.states import Delivery


class AssignmentStatus(StrEnum):
    """The finer grain of a state."""

    DELIVERING = "Delivering"
    DELIVERED = "Delivered"
    PARTIALLY_DELIVERED = "PartiallyDelivered"
    DELIVERY_FAILED = "DeliveryFailed"
    NEAR_EXPIRY = "NearExpiry1DayNotificationTriggered"
    """Delivered, and it ends within a day."""
    IN_GRACE_PERIOD = "AutoAssignmentInGracePeriod"
    """Delivered, and it will be taken away: the rule of its policy is no longer true."""
    EXPIRED = "ExpiredNotificationTriggered"


ALLOWED: Final[dict[AssignmentState, frozenset[AssignmentState]]] = {
    AssignmentState.DELIVERING: frozenset(
        {
            AssignmentState.DELIVERED,
            AssignmentState.PARTIALLY_DELIVERED,
            AssignmentState.DELIVERY_FAILED,
            AssignmentState.EXPIRED,
        }
    ),
    AssignmentState.DELIVERED: frozenset({AssignmentState.DELIVERING, AssignmentState.EXPIRED}),
    AssignmentState.PARTIALLY_DELIVERED: frozenset(
        {AssignmentState.DELIVERING, AssignmentState.EXPIRED}
    ),
    AssignmentState.DELIVERY_FAILED: frozenset(
        {AssignmentState.DELIVERING, AssignmentState.EXPIRED}
    ),
    AssignmentState.EXPIRED: frozenset(),
    AssignmentState.UNKNOWN_FUTURE_VALUE: frozenset(),
}

STATUSES: Final[dict[AssignmentState, AssignmentStatus]] = {
    AssignmentState.DELIVERING: AssignmentStatus.DELIVERING,
    AssignmentState.DELIVERED: AssignmentStatus.DELIVERED,
    AssignmentState.PARTIALLY_DELIVERED: AssignmentStatus.PARTIALLY_DELIVERED,
    AssignmentState.DELIVERY_FAILED: AssignmentStatus.DELIVERY_FAILED,
    AssignmentState.EXPIRED: AssignmentStatus.EXPIRED,
}

DELIVERIES: Final[dict[Delivery, AssignmentState]] = {
    Delivery.COMPLETE: AssignmentState.DELIVERED,
    Delivery.PARTIAL: AssignmentState.PARTIALLY_DELIVERED,
    Delivery.FAILED: AssignmentState.DELIVERY_FAILED,
}


class Assignment(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment (``accessPackageAssignment``)."""

    id: str
    catalog_id: str
    package_id: str
    policy_id: str
    target_id: str
    state: AssignmentState = AssignmentState.DELIVERING
    status: AssignmentStatus = AssignmentStatus.DELIVERING
    given_at: datetime | None = None
    """When its roles were first written; None: it is only asked for."""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    expired_at: datetime | None = None
    is_extended: bool = False
    """Whether its end was moved back since it was given."""
    leaves_at: datetime | None = None
    """When it is taken away because the rule of its automatic policy is true no more."""

    @property
    def is_held(self) -> bool:
        """Whether the target has at least a part of the package."""
        return self.given_at is not None and self.state in (
            AssignmentState.DELIVERING,
            AssignmentState.DELIVERED,
            AssignmentState.PARTIALLY_DELIVERED,
        )


def end_of(
    limit: ExpirationPattern | None,
    schedule: EntitlementManagementSchedule | None,
    *,
    start: datetime,
) -> datetime | None:
    """Say when an assignment that starts at ``start`` ends; None: never.

    :raises ScheduleNotAllowed: it would end before it starts, or later than the policy allows.
    """
    latest = _end(limit, start)
    asked = schedule.expiration if schedule else None
    if asked is None or asked.type in (None, ExpirationPatternType.NOT_SPECIFIED):
        end = latest
    else:
        end = _end(asked, start)
        if latest is not None and (end is None or end > latest):
            raise ScheduleNotAllowed(
                f"The policy ends access at {latest:%Y-%m-%dT%H:%M:%SZ}; the asked end is later.",
                target="schedule/expiration",
            )
    if end is not None and end <= start:
        raise ScheduleNotAllowed(
            f"The assignment would end at {end:%Y-%m-%dT%H:%M:%SZ}, before it starts.",
            target="schedule/expiration",
        )
    return end


def giving(assignment: Assignment, *, ends_at: datetime | None, now: datetime) -> Assignment:
    """Start to write the roles; the time that the policy gives counts from here."""
    if assignment.state is AssignmentState.EXPIRED:
        return assignment
    moved = replace(assignment, given_at=assignment.given_at or now)
    if assignment.starts_at is None:
        moved = replace(moved, starts_at=now, ends_at=ends_at)
    return _move(moved, AssignmentState.DELIVERING)


def changed_end(
    assignment: Assignment,
    limit: ExpirationPattern | None,
    schedule: EntitlementManagementSchedule | None,
    *,
    moves: bool,
    now: datetime,
) -> datetime | None:
    """Say when a held assignment ends after a change that is made ``now``; None: never.

    A schedule counts anew from here, and so does the time that the policy gives. Without one the
    end stays, unless the assignment ``moves`` to another policy that ends access sooner.

    :raises ScheduleNotAllowed: it would end at once, or later than the policy allows.
    """
    if schedule is not None:
        return end_of(limit, schedule, start=now)
    if not moves:
        return assignment.ends_at
    latest = end_of(limit, None, start=now)
    both = [end for end in (assignment.ends_at, latest) if end is not None]
    return min(both, default=None)


def changed(assignment: Assignment, *, policy_id: str, ends_at: datetime | None) -> Assignment:
    """Put a held assignment under a policy, with a new end."""
    before = assignment.ends_at
    later = before is not None and (ends_at is None or ends_at > before)
    return replace(
        assignment,
        policy_id=policy_id,
        ends_at=ends_at,
        is_extended=assignment.is_extended or later,
    )


def given(assignment: Assignment, delivery: Delivery) -> Assignment:
    """Note how the writing went."""
    return _move(assignment, DELIVERIES[delivery])


def rewritten(assignment: Assignment, outcome: Delivery | None) -> Assignment:
    """Note how the writing of an assignment that was delivered before goes; None: it goes on.

    Where nothing could be written it is still held, so that it can be removed.
    """
    kept = Delivery.PARTIAL if outcome is Delivery.FAILED else outcome
    state = AssignmentState.DELIVERING if kept is None else DELIVERIES[kept]
    if state is assignment.state:
        return assignment
    return _move(_move(assignment, AssignmentState.DELIVERING), state)


def taken_back(assignment: Assignment) -> Assignment:
    """Note that the roles are gone again, because the request failed after they were written."""
    lost = replace(assignment, starts_at=None, ends_at=None)
    return _move(lost, AssignmentState.DELIVERY_FAILED)


def again(assignment: Assignment) -> Assignment:
    """Take the place in line again for a failed request that is processed again."""
    return _move(assignment, AssignmentState.DELIVERING)


def near_expiry(assignment: Assignment) -> Assignment:
    """Show that a delivered assignment ends within a day; any other is left as it is."""
    if assignment.state is not AssignmentState.DELIVERED:
        return assignment
    return replace(assignment, status=AssignmentStatus.NEAR_EXPIRY)


def expire(assignment: Assignment, *, now: datetime) -> Assignment:
    """End the assignment; one that has ended is left as it is."""
    if assignment.state is AssignmentState.EXPIRED:
        return assignment
    return _move(replace(assignment, expired_at=now), AssignmentState.EXPIRED)


def leaving(assignment: Assignment, *, at: datetime) -> Assignment:
    """Begin the time of grace after which the assignment is taken away."""
    return _with_status(replace(assignment, leaves_at=at))


def staying(assignment: Assignment) -> Assignment:
    """End the time of grace: the assignment is not taken away."""
    return _with_status(replace(assignment, leaves_at=None))


def is_over(assignment: Assignment, *, now: datetime) -> bool:
    """Say whether its time is up. The end itself is outside."""
    return assignment.ends_at is not None and now >= assignment.ends_at


def rewrite(assignment: Assignment) -> Assignment:
    """Write the roles of a delivered assignment again.

    :raises AssignmentNotReprocessable: it is not delivered.
    """
    if assignment.state is not AssignmentState.DELIVERED:
        raise AssignmentNotReprocessable(
            f"The assignment is '{assignment.state}'; only a 'delivered' one can be processed "
            "again.",
            state=assignment.state,
        )
    return _move(assignment, AssignmentState.DELIVERING)


class IllegalMove(RuntimeError):
    """A defect: a move that the table of states does not have."""


def _end(pattern: ExpirationPattern | None, start: datetime) -> datetime | None:
    if pattern is None:
        return None
    match pattern.type:
        case ExpirationPatternType.AFTER_DURATION if pattern.duration is not None:
            return start + pattern.duration
        case ExpirationPatternType.AFTER_DATE_TIME:
            return pattern.end_date_time
        case _:
            return None


def _move(assignment: Assignment, state: AssignmentState) -> Assignment:
    if state is assignment.state:
        return assignment
    if state not in ALLOWED[assignment.state]:
        raise IllegalMove(f"assignment {assignment.id}: {assignment.state} to {state}")
    return _with_status(replace(assignment, state=state))


def _with_status(assignment: Assignment) -> Assignment:
    """Give an assignment the status that belongs to what else is known of it."""
    status = STATUSES[assignment.state]
    if status is AssignmentStatus.DELIVERED and assignment.leaves_at is not None:
        status = AssignmentStatus.IN_GRACE_PERIOD
    return replace(assignment, status=status)

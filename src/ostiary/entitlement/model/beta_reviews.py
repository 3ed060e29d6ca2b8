"""The recurring review of assignments, in the form of beta.

Beta names five recurrences and three kinds of reviewers. A recurrence that it has no name for is
shown as null, and stays as it is until a name is given.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import field

from ostiary.entitlement.model.beta_approvals import days, duration, with_backups, without_backups
from ostiary.entitlement.model.enums import (
    AccessReviewExpirationBehavior,
    AccessReviewTimeoutBehavior,
    ExpirationPatternType,
    RecurrencePatternType,
    RecurrenceRangeType,
)
from ostiary.entitlement.model.policies import AccessPackageAssignmentReviewSettings
from ostiary.entitlement.model.schedules import (
    EntitlementManagementSchedule,
    ExpirationPattern,
    PatternedRecurrence,
    RecurrencePattern,
    RecurrenceRange,
)
from ostiary.entitlement.model.subjects import RequestorManager, SubjectSet
from ostiary.graph.forms import Form, Misfit, carried, declare
from ostiary.graph.types import Beta, Complex

RECURRENCES: Final = {
    "weekly": (RecurrencePatternType.WEEKLY, 1),
    "monthly": (RecurrencePatternType.ABSOLUTE_MONTHLY, 1),
    "quarterly": (RecurrencePatternType.ABSOLUTE_MONTHLY, 3),
    "halfyearly": (RecurrencePatternType.ABSOLUTE_MONTHLY, 6),
    "annual": (RecurrencePatternType.ABSOLUTE_YEARLY, 1),
}

SELF: Final = "Self"
MANAGER: Final = "Manager"
REVIEWERS: Final = "Reviewers"
KINDS: Final = (SELF, REVIEWERS, MANAGER)


class BetaReviewSettings(Complex, kw_only=True):
    """Who reviews, how often, and what becomes of access that nobody reviewed."""

    EDM_NAME: ClassVar[str] = "assignmentReviewSettings"

    expiration_behavior: Annotated[
        AccessReviewTimeoutBehavior | None, Beta("accessReviewTimeoutBehavior")
    ] = None
    duration_in_days: int | None = None
    is_recommendation_enabled: Annotated[bool | None, Beta("isAccessRecommendationEnabled")] = None
    is_reviewer_justification_required: Annotated[
        bool | None, Beta("isApprovalJustificationRequired")
    ] = None
    is_enabled: bool | None = None
    recurrence_type: str | None = None
    reviewers: list[SubjectSet] = field(default_factory=list)
    reviewer_type: str | None = None
    start_date_time: datetime | None = None


def _to_beta(settings: AccessPackageAssignmentReviewSettings) -> BetaReviewSettings:
    schedule = settings.schedule or EntitlementManagementSchedule()
    behavior = settings.expiration_behavior
    return carried(
        settings,
        BetaReviewSettings,
        expiration_behavior=None if behavior is None else AccessReviewTimeoutBehavior(behavior),
        duration_in_days=days(schedule.expiration.duration if schedule.expiration else None),
        start_date_time=schedule.start_date_time,
        recurrence_type=_recurrence_name(schedule.recurrence),
        **_reviewers(settings),
    )


def _of(
    settings: BetaReviewSettings, old: AccessPackageAssignmentReviewSettings | None
) -> AccessPackageAssignmentReviewSettings:
    before = _to_beta(old) if old else None
    behavior = settings.expiration_behavior
    return carried(
        settings,
        AccessPackageAssignmentReviewSettings,
        expiration_behavior=None if behavior is None else AccessReviewExpirationBehavior(behavior),
        schedule=_schedule(settings, before, old.schedule if old else None),
        **_reviewers_of(settings, before, old),
    )


def _recurrence_name(recurrence: PatternedRecurrence | None) -> str | None:
    pattern = recurrence.pattern if recurrence else None
    if pattern is None:
        return None
    named = ((p, i) == (pattern.type, pattern.interval) for p, i in RECURRENCES.values())
    return next((n for n, is_it in zip(RECURRENCES, named, strict=True) if is_it), None)


def _schedule(
    settings: BetaReviewSettings,
    before: BetaReviewSettings | None,
    old: EntitlementManagementSchedule | None,
) -> EntitlementManagementSchedule | None:
    """Give the schedule; each part that beta tells as before stays as it was."""
    said = (settings.start_date_time, settings.duration_in_days, settings.recurrence_type)
    if before is not None and said == (
        before.start_date_time,
        before.duration_in_days,
        before.recurrence_type,
    ):
        return old
    made = old or EntitlementManagementSchedule()
    if before is None or settings.duration_in_days != before.duration_in_days:
        made = msgspec.structs.replace(made, expiration=_end(settings.duration_in_days))
    if before is None or settings.recurrence_type != before.recurrence_type:
        recurrence = _recurrence(settings.recurrence_type, made.recurrence)
        made = msgspec.structs.replace(made, recurrence=recurrence)
    made = msgspec.structs.replace(made, start_date_time=settings.start_date_time)
    return None if made == EntitlementManagementSchedule() else made


def _end(count: int | None) -> ExpirationPattern | None:
    length = duration(count, timedelta(days=1), "durationInDays")
    if length is None:
        return None
    return ExpirationPattern(type=ExpirationPatternType.AFTER_DURATION, duration=length)


def _recurrence(name: str | None, old: PatternedRecurrence | None) -> PatternedRecurrence | None:
    if name is None:
        return None
    if name.lower() not in RECURRENCES:
        names = ", ".join(f"'{known}'" for known in RECURRENCES)
        raise Misfit("recurrenceType", f"must be one of {names}")
    type_, interval = RECURRENCES[name.lower()]
    without_end = RecurrenceRange(type=RecurrenceRangeType.NO_END)
    return PatternedRecurrence(
        pattern=RecurrencePattern(type=type_, interval=interval),
        range=(old.range if old else None) or without_end,
    )


def _reviewers(settings: AccessPackageAssignmentReviewSettings) -> dict[str, Any]:
    """Say who reviews; the manager alone is a kind of its own, with others behind."""
    first, backups = settings.primary_reviewers, settings.fallback_reviewers
    kind: str | None
    if settings.is_self_review is None and not (first or backups):
        kind = None
    elif settings.is_self_review:
        kind = SELF
    elif _is_manager(first):
        kind, first = MANAGER, []
    else:
        kind = REVIEWERS
    return {"reviewer_type": kind, "reviewers": with_backups(first, backups)}


def _is_manager(reviewers: list[SubjectSet]) -> bool:
    match reviewers:
        case [RequestorManager(manager_level=level)]:
            return level in (None, 1)
        case _:
            return False


def _reviewers_of(
    settings: BetaReviewSettings,
    before: BetaReviewSettings | None,
    old: AccessPackageAssignmentReviewSettings | None,
) -> dict[str, Any]:
    said = (settings.reviewer_type, settings.reviewers)
    if old and before and said == (before.reviewer_type, before.reviewers):
        return {
            "is_self_review": old.is_self_review,
            "primary_reviewers": old.primary_reviewers,
            "fallback_reviewers": old.fallback_reviewers,
        }
    kind = _kind(settings.reviewer_type)
    first, backups = without_backups(settings.reviewers)
    if kind == MANAGER:
        if first:
            raise Misfit(
                "reviewers", "must all have 'isBackup': true where the 'reviewerType' is 'Manager'"
            )
        first = [RequestorManager(manager_level=1)]
    return {
        "is_self_review": None if kind is None else kind == SELF,
        "primary_reviewers": first,
        "fallback_reviewers": backups,
    }


def _kind(name: str | None) -> str | None:
    if name is None:
        return None
    found = next((kind for kind in KINDS if kind.lower() == name.lower()), None)
    if found is None:
        names = ", ".join(f"'{kind}'" for kind in KINDS)
        raise Misfit("reviewerType", f"must be one of {names}")
    return found


declare(
    AccessPackageAssignmentReviewSettings,
    Form(
        type=BetaReviewSettings,
        to_beta=_to_beta,
        from_beta=_of,
        names={
            "schedule/startDateTime": "startDateTime",
            "schedule/expiration": "durationInDays",
            "schedule/recurrence": "recurrenceType",
            "isSelfReview": "reviewerType",
            "primaryReviewers": "reviewers",
            "fallbackReviewers": "reviewers",
        },
    ),
)

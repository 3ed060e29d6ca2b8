"""Policies of every kind, drawn for property tests: all there is, and what beta can say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ostiary.entitlement.model.beta_policies import SCOPE_TYPES
from ostiary.entitlement.model.beta_reviews import RECURRENCES
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import (
    AccessReviewExpirationBehavior,
    ExpirationPatternType,
    RecurrencePatternType,
    RecurrenceRangeType,
)
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageAssignmentApprovalSettings,
    AccessPackageAssignmentRequestorSettings,
    AccessPackageAssignmentReviewSettings,
    AccessPackageAutomaticRequestSettings,
    AccessPackageDynamicApprovalStage,
    AccessPackageNotificationSettings,
)
from ostiary.entitlement.model.questions import (
    AccessPackageAnswerChoice,
    AccessPackageLocalizedText,
    AccessPackageMultipleChoiceQuestion,
    AccessPackageTextInputQuestion,
)
from ostiary.entitlement.model.schedules import (
    EntitlementManagementSchedule,
    ExpirationPattern,
    PatternedRecurrence,
    RecurrencePattern,
    RecurrenceRange,
)
from ostiary.entitlement.model.subjects import (
    GroupMembers,
    InternalSponsors,
    RequestorManager,
    SingleUser,
    TargetManager,
)

DAY = timedelta(days=1)
EVER = datetime(2030, 1, 1, tzinfo=UTC)
booleans = st.booleans()
optional_booleans = st.none() | booleans
ids = st.sampled_from(["a", "b", "c"])
sets = st.one_of(
    st.builds(SingleUser, user_id=ids, description=st.none() | st.just("x")),
    st.builds(GroupMembers, group_id=ids),
    st.builds(RequestorManager, manager_level=st.none() | st.integers(1, 2)),
    st.builds(InternalSponsors),
)

some_sets = st.lists(sets, max_size=2)
texts = st.lists(
    st.builds(AccessPackageLocalizedText, language_code=st.just("fr"), text=st.just("Où?")),
    max_size=1,
)


def patterns(durations: st.SearchStrategy[timedelta]) -> st.SearchStrategy[Any]:
    """Make ends of all kinds."""
    types = ExpirationPatternType
    return st.one_of(
        st.none(),
        st.just(ExpirationPattern(type=types.NO_EXPIRATION)),
        st.builds(ExpirationPattern, type=st.just(types.AFTER_DURATION), duration=durations),
        st.builds(
            ExpirationPattern, type=st.just(types.AFTER_DATE_TIME), end_date_time=st.just(EVER)
        ),
    )


def stages(days: st.SearchStrategy[timedelta], minutes: st.SearchStrategy[timedelta]) -> Any:
    """Make stages of both kinds."""
    parts: dict[str, Any] = {
        "duration_before_automatic_denial": st.none() | days,
        "duration_before_escalation": st.none() | minutes,
        "primary_approvers": some_sets,
        "fallback_primary_approvers": some_sets,
        "escalation_approvers": some_sets,
        "fallback_escalation_approvers": some_sets,
        "is_approver_justification_required": optional_booleans,
        "is_escalation_enabled": optional_booleans,
    }
    return st.lists(
        st.builds(AccessPackageApprovalStage, **parts)
        | st.builds(AccessPackageDynamicApprovalStage, **parts),
        max_size=3,
    )


questions = st.lists(
    st.builds(
        AccessPackageTextInputQuestion,
        id=ids,
        text=st.none() | st.just("Why?"),
        localizations=texts,
        is_required=optional_booleans,
        is_answer_editable=optional_booleans,
        regex_pattern=st.none() | st.just("[a-z]"),
    )
    | st.builds(
        AccessPackageMultipleChoiceQuestion,
        id=ids,
        text=st.just("Which?"),
        is_multiple_selection_allowed=optional_booleans,
        choices=st.lists(
            st.builds(
                AccessPackageAnswerChoice,
                actual_value=st.just("AZ"),
                text=st.none() | st.just("Arizona"),
                localizations=texts,
            ),
            max_size=2,
        ),
    ),
    max_size=2,
)

named_recurrences = st.sampled_from(list(RECURRENCES.values())).map(
    lambda named: RecurrencePattern(type=named[0], interval=named[1])
)

odd_recurrences = st.just(
    RecurrencePattern(type=RecurrencePatternType.WEEKLY, interval=2, first_day_of_week=None)
)


def schedules(
    recurrences: st.SearchStrategy[RecurrencePattern], durations: st.SearchStrategy[timedelta]
) -> st.SearchStrategy[EntitlementManagementSchedule]:
    """Make schedules of reviews."""
    without_end = RecurrenceRange(type=RecurrenceRangeType.NO_END)
    return st.builds(
        EntitlementManagementSchedule,
        start_date_time=st.just(EVER),
        expiration=st.builds(
            ExpirationPattern,
            type=st.just(ExpirationPatternType.AFTER_DURATION),
            duration=durations,
        ),
        recurrence=st.builds(PatternedRecurrence, pattern=recurrences, range=st.just(without_end)),
    )


def reviews(
    recurrences: st.SearchStrategy[RecurrencePattern], durations: st.SearchStrategy[timedelta]
) -> st.SearchStrategy[AccessPackageAssignmentReviewSettings]:
    """Make settings of reviews."""
    return st.builds(
        AccessPackageAssignmentReviewSettings,
        is_enabled=optional_booleans,
        is_self_review=booleans,
        is_recommendation_enabled=optional_booleans,
        is_reviewer_justification_required=optional_booleans,
        expiration_behavior=st.none() | st.sampled_from(list(AccessReviewExpirationBehavior)[:3]),
        primary_reviewers=some_sets,
        fallback_reviewers=some_sets,
        schedule=schedules(recurrences, durations),
    )


def approval_settings(at_once: bool, **parts: Any) -> AccessPackageAssignmentApprovalSettings:
    """Make settings as they are kept: only several stages that somebody needs are asked at once."""
    made = AccessPackageAssignmentApprovalSettings(**parts)
    is_required = made.is_approval_required_for_add or made.is_approval_required_for_update
    made.asks_all_at_once = bool(at_once and is_required and len(made.stages) > 1)
    return made


def policies(
    days: st.SearchStrategy[timedelta],
    minutes: st.SearchStrategy[timedelta],
    recurrences: st.SearchStrategy[RecurrencePattern],
    **others: st.SearchStrategy[Any],
) -> st.SearchStrategy[AccessPackageAssignmentPolicy]:
    """Make policies with durations and recurrences of these kinds."""
    approval = st.builds(
        approval_settings,
        booleans,
        is_approval_required_for_add=optional_booleans,
        is_approval_required_for_update=optional_booleans,
        is_requestor_justification_required=optional_booleans,
        stages=stages(days, minutes),
    )
    return st.builds(
        AccessPackageAssignmentPolicy,
        id=st.just("p"),
        display_name=st.just("All staff"),
        description=st.none() | st.just("x"),
        allowed_target_scope=st.sampled_from(list(SCOPE_TYPES)),
        specific_allowed_targets=some_sets,
        expiration=patterns(days),
        notification_settings=st.none() | st.just(AccessPackageNotificationSettings()),
        request_approval_settings=st.none() | approval,
        review_settings=st.none() | reviews(recurrences, days),
        questions=questions,
        access_package_id=st.just("package"),
        **others,
    )


@st.composite
def simple_settings(draw: st.DrawFn) -> AccessPackageAssignmentRequestorSettings:
    """Make switches as they are under a policy that was made under beta."""
    may_add, for_others = draw(booleans), draw(booleans)
    return AccessPackageAssignmentRequestorSettings(
        enable_targets_to_self_add_access=may_add,
        enable_targets_to_self_remove_access=may_add,
        enable_targets_to_self_update_access=draw(booleans),
        enable_on_behalf_requestors_to_add_access=for_others,
        on_behalf_requestors=[TargetManager(manager_level=1)] if for_others else [],
    )


whole_days = st.integers(1, 3660).map(lambda count: count * DAY)
whole_minutes = st.integers(1, 10_000).map(lambda count: timedelta(minutes=count))
any_duration = st.timedeltas(timedelta(0), timedelta(days=3660))
expressible = policies(
    whole_days, whole_minutes, named_recurrences, requestor_settings=simple_settings()
)

all_kinds = policies(
    any_duration,
    any_duration,
    named_recurrences | odd_recurrences,
    requestor_settings=st.none()
    | st.builds(
        AccessPackageAssignmentRequestorSettings,
        **dict.fromkeys(
            AccessPackageAssignmentRequestorSettings.__struct_fields__[:-1], optional_booleans
        ),
        on_behalf_requestors=some_sets,
    ),
    automatic_request_settings=st.none()
    | st.builds(AccessPackageAutomaticRequestSettings, request_access_for_allowed_targets=booleans),
)

"""Policies, questions and answers between the forms of both roots."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

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
    AccessPackageAnswerString,
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
from ostiary.graph.errors import InvalidModel, NotSupported
from ostiary.graph.reading import Reader
from ostiary.graph.types import Version
from ostiary.graph.writing import Writer

V1, BETA = Reader(), Reader(version=Version.BETA)
GRAPH = "#microsoft.graph."
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


def in_beta(policy: AccessPackageAssignmentPolicy) -> dict[str, Any]:
    return Writer(Version.BETA).entity(policy)


def alike(policy: AccessPackageAssignmentPolicy) -> AccessPackageAssignmentPolicy:
    """Give a policy without what says nothing: a manager alone is of the first level."""
    review = policy.review_settings
    if review and not review.is_self_review and len(review.primary_reviewers) == 1:
        (only,) = review.primary_reviewers
        if isinstance(only, RequestorManager) and only.manager_level is None:
            first = [structs.replace(only, manager_level=1)]
            review = structs.replace(review, primary_reviewers=first)
    return structs.replace(policy, id="", review_settings=review)


@settings(max_examples=60, deadline=None)
@given(expressible)
def test_what_beta_can_express_comes_back_as_it_was(policy: AccessPackageAssignmentPolicy) -> None:
    read = BETA.create(AccessPackageAssignmentPolicy, in_beta(policy))

    assert read == alike(policy)


@settings(max_examples=60, deadline=None)
@given(all_kinds)
def test_sending_back_what_beta_shows_never_changes_a_policy(
    policy: AccessPackageAssignmentPolicy,
) -> None:
    shown = in_beta(policy)

    assert BETA.merge(policy, shown) == policy
    assert structs.replace(BETA.replace(policy, shown), id="p") == policy


@settings(max_examples=60, deadline=None)
@given(all_kinds)
def test_each_root_understands_the_form_of_the_other(policy: AccessPackageAssignmentPolicy) -> None:
    shown = in_beta(policy)
    at_v1 = Writer(Version.V1).entity(policy)

    assert V1.merge(policy, shown) == policy
    assert BETA.create(AccessPackageAssignmentPolicy, at_v1) == V1.create(
        AccessPackageAssignmentPolicy, at_v1
    )


@settings(max_examples=60, deadline=None)
@given(expressible, all_kinds)
def test_what_is_sent_to_beta_is_what_beta_shows(
    wanted: AccessPackageAssignmentPolicy, old: AccessPackageAssignmentPolicy
) -> None:
    sent = in_beta(wanted)

    assert in_beta(BETA.replace(old, sent)) | {"id": "p"} == sent


def make_policy(**changes: Any) -> AccessPackageAssignmentPolicy:
    return structs.replace(AccessPackageAssignmentPolicy(display_name="x"), **changes)


def read(**body: Any) -> AccessPackageAssignmentPolicy:
    return BETA.create(AccessPackageAssignmentPolicy, {"displayName": "x", **body})


def test_a_part_of_a_day_counts_as_a_day_until_another_number_is_sent() -> None:
    pattern = ExpirationPattern(
        type=ExpirationPatternType.AFTER_DURATION, duration=timedelta(hours=36)
    )
    policy = make_policy(expiration=pattern)

    assert in_beta(policy)["durationInDays"] == 2
    assert BETA.merge(policy, {"durationInDays": 2}).expiration == pattern
    changed = BETA.merge(policy, {"durationInDays": 3}).expiration
    assert changed is not None
    assert changed.duration == 3 * DAY


def test_a_new_end_takes_the_place_of_a_number_of_days() -> None:
    policy = read(durationInDays=30)

    by_date = BETA.merge(policy, {"expirationDateTime": "2030-01-01T00:00:00Z"})
    never = BETA.merge(by_date, {"durationInDays": 0, "expirationDateTime": None})

    assert in_beta(by_date)["durationInDays"] is None
    assert in_beta(by_date)["expirationDateTime"] == "2030-01-01T00:00:00Z"
    assert never.expiration == ExpirationPattern(type=ExpirationPatternType.NO_EXPIRATION)


def test_published_samples_with_the_expiration_of_v1_are_understood() -> None:
    pattern = {"type": "afterDuration", "duration": "P365D"}
    settings_ = {
        "acceptRequests": True,
        "scopeType": "AllExistingDirectorySubjects",
        "allowedRequestors": [],
        "isOnBehalfAllowed": False,
    }

    policy = read(expiration=pattern, canExtend=False, requestorSettings=settings_)

    assert in_beta(policy)["durationInDays"] == 365
    assert in_beta(policy)["requestorSettings"] == settings_


@pytest.mark.parametrize(
    ("body", "target", "words"),
    [
        (
            {"durationInDays": 3, "expirationDateTime": "2030-01-01T00:00:00Z"},
            "expirationDateTime",
            "send one of them",
        ),
        (
            {"durationInDays": 3, "expiration": {"type": "noExpiration"}},
            "expiration",
            "says something else",
        ),
        ({"durationInDays": 2**31 - 1}, "durationInDays", "longer than any duration"),
        (
            {"requestorSettings": {"scopeType": "Everybody"}},
            "requestorSettings/scopeType",
            "'AllExistingDirectorySubjects'",
        ),
        (
            {"requestApprovalSettings": {"approvalMode": "Sometimes"}},
            "requestApprovalSettings/approvalMode",
            "'NoApproval', 'SingleStage', 'Serial'",
        ),
        (
            {"requestApprovalSettings": {"approvalMode": "Serial"}},
            "requestApprovalSettings/approvalMode",
            "must be 'NoApproval'",
        ),
        (
            {"requestApprovalSettings": {"approvalMode": "parallel", "approvalStages": [{}]}},
            "requestApprovalSettings/approvalMode",
            "at least two 'approvalStages'",
        ),
        (
            {"requestApprovalSettings": {"approvalMode": "Parallel", "approvalStages": [{}, {}]}},
            "requestApprovalSettings/approvalMode",
            "must be 'NoApproval'",
        ),
        (
            {"accessReviewSettings": {"recurrenceType": "daily"}},
            "accessReviewSettings/recurrenceType",
            "'quarterly'",
        ),
        (
            {"accessReviewSettings": {"reviewerType": "Nobody"}},
            "accessReviewSettings/reviewerType",
            "'Self', 'Reviewers', 'Manager'",
        ),
        (
            {
                "accessReviewSettings": {
                    "reviewerType": "Manager",
                    "reviewers": [{"@odata.type": f"{GRAPH}singleUser", "id": "a"}],
                }
            },
            "accessReviewSettings/reviewers",
            "'isBackup': true",
        ),
        ({"durationInDays": 3, "automaticDenial": True}, "automaticDenial", "does not exist"),
        ({"durationInDays": 3, "allowedTargetScope": "x"}, "allowedTargetScope", "does not exist"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_its_name_in_beta(
    body: dict[str, Any], target: str, words: str
) -> None:
    with pytest.raises(InvalidModel) as caught:
        read(**body)

    assert caught.value.target == target
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {
            "verifiableCredentialSettings": {
                "credentialTypes": [{"credentialType": "Passport", "issuers": ["did:x"]}]
            }
        },
    ],
)
def test_what_the_server_does_not_do_is_said_to_be_unsupported(body: dict[str, Any]) -> None:
    with pytest.raises(NotSupported):
        read(**body)


def test_fallback_approvers_stand_among_the_others() -> None:
    stage = AccessPackageApprovalStage(
        primary_approvers=[RequestorManager(manager_level=1)],
        fallback_primary_approvers=[SingleUser(user_id="a")],
        duration_before_automatic_denial=timedelta(hours=50),
        duration_before_escalation=timedelta(seconds=90),
    )

    shown = Writer(Version.BETA).entity(stage)

    assert shown["approvalStageTimeOutInDays"] == 3
    assert shown["escalationTimeInMinutes"] == 2
    assert shown["primaryApprovers"] == [
        {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 1, "isBackup": False},
        {"@odata.type": f"{GRAPH}singleUser", "id": "a", "description": None, "isBackup": True},
    ]
    assert BETA.replace(stage, shown) == stage


def test_a_manager_who_reviews_is_a_kind_of_reviewer() -> None:
    review = AccessPackageAssignmentReviewSettings(
        primary_reviewers=[RequestorManager()], fallback_reviewers=[SingleUser(user_id="a")]
    )

    shown = Writer(Version.BETA).entity(review)

    assert shown["reviewerType"] == "Manager"
    assert [one["isBackup"] for one in shown["reviewers"]] == [True]
    assert BETA.replace(review, shown) == review


@pytest.mark.parametrize("reader", [V1, BETA])
@pytest.mark.parametrize(
    "text",
    [
        {"text": "Why?", "localizations": [{"languageCode": "fr", "text": "Pourquoi?"}]},
        {
            "text": {
                "defaultText": "Why?",
                "localizedTexts": [{"languageCode": "fr", "text": "Pourquoi?"}],
            }
        },
    ],
)
def test_texts_of_questions_are_read_in_both_forms(reader: Reader, text: dict[str, Any]) -> None:
    body = {"@odata.type": f"{GRAPH}accessPackageTextInputQuestion", "id": "q", **text}

    policy = reader.create(AccessPackageAssignmentPolicy, {"displayName": "x", "questions": [body]})

    assert isinstance(policy.questions, list)
    (question,) = policy.questions
    assert (question.id, question.text) == ("q", "Why?")
    assert question.localizations[0].text == "Pourquoi?"


@pytest.mark.parametrize("reader", [V1, BETA])
def test_a_question_with_a_plain_text_is_read_under_both_roots(reader: Reader) -> None:
    body = {"@odata.type": f"{GRAPH}accessPackageTextInputQuestion", "text": "Why?"}

    policy = reader.create(AccessPackageAssignmentPolicy, {"displayName": "x", "questions": [body]})

    assert isinstance(policy.questions, list)
    assert policy.questions[0].text == "Why?"


def test_an_answer_names_its_question_under_both_roots() -> None:
    body = {
        "@odata.type": f"{GRAPH}accessPackageAnswerString",
        "value": "x",
        "answeredQuestion": {
            "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
            "id": "q",
        },
    }

    answers = [reader.create(AccessPackageAnswerString, body) for reader in (V1, BETA)]
    shown = Writer(Version.BETA).entity(answers[1])

    assert answers[0] == answers[1]
    assert shown["answeredQuestion"]["id"] == "q"
    assert shown["answeredQuestion"]["text"] is None

"""Policies, questions and answers between the forms of both roots."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from msgspec import structs

from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import ExpirationPatternType
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageAssignmentReviewSettings,
)
from ostiary.entitlement.model.questions import AccessPackageAnswerString
from ostiary.entitlement.model.schedules import ExpirationPattern
from ostiary.entitlement.model.subjects import RequestorManager, SingleUser
from ostiary.graph.errors import InvalidModel, NotSupported
from ostiary.graph.reading import Reader
from ostiary.graph.types import Version
from ostiary.graph.writing import Writer
from tests.entitlement.drawn_policies import DAY, all_kinds, expressible

V1, BETA = Reader(), Reader(version=Version.BETA)
GRAPH = "#microsoft.graph."


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


def test_a_review_that_names_no_kind_of_reviewer_is_shown_with_none() -> None:
    body = {"isEnabled": False, "accessReviewTimeoutBehavior": "", "reviewerType": None}

    review = BETA.create(AccessPackageAssignmentReviewSettings, body)

    assert review.expiration_behavior is None
    assert Writer(Version.BETA).entity(review)["reviewerType"] is None


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

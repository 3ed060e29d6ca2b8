"""What a policy may say, and which extensions it may call."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.entitlement import dynamic, policies, stages
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    WorkflowExtension,
)
from ostiary.entitlement.stages import KnownExtension
from ostiary.entitlement.states import Verdict
from ostiary.graph.errors import DomainError, InvalidModel, NotSupported
from tests.entitlement.house import GRAPH, user
from tests.entitlement.makers import make_policy

STAGE = {"primaryApprovers": [user("bob")]}


def approval(*decisions: dict[str, Any], required: bool = True) -> dict[str, Any]:
    return {"isApprovalRequiredForAdd": required, "stages": list(decisions)}


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({"displayName": " "}, "displayName"),
        ({"allowedTargetScope": "specificDirectoryUsers"}, "specificAllowedTargets"),
        (
            {"specificAllowedTargets": [{"@odata.type": f"{GRAPH}singleUser"}]},
            "specificAllowedTargets/0/userId",
        ),
        ({"expiration": {"type": "afterDuration"}}, "expiration/duration"),
        ({"expiration": {"type": "afterDuration", "duration": "-P1D"}}, "expiration/duration"),
        ({"expiration": {"type": "afterDuration", "duration": "P3661D"}}, "expiration/duration"),
        ({"expiration": {"type": "afterDateTime"}}, "expiration/endDateTime"),
        ({"expiration": {"type": "noExpiration", "duration": "P1D"}}, "expiration/duration"),
        ({"requestApprovalSettings": approval()}, "requestApprovalSettings/stages"),
        (
            {"requestApprovalSettings": approval(STAGE, STAGE, STAGE, STAGE)},
            "requestApprovalSettings/stages",
        ),
        (
            {"requestApprovalSettings": approval({"primaryApprovers": []})},
            "requestApprovalSettings/stages/0/primaryApprovers",
        ),
        (
            {
                "requestApprovalSettings": approval(
                    {
                        "primaryApprovers": [
                            {"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 3}
                        ]
                    }
                )
            },
            "requestApprovalSettings/stages/0/primaryApprovers/0/managerLevel",
        ),
        (
            {
                "requestApprovalSettings": approval(
                    {**STAGE, "durationBeforeAutomaticDenial": "PT0S"}
                )
            },
            "requestApprovalSettings/stages/0/durationBeforeAutomaticDenial",
        ),
        (
            {
                "questions": [
                    {"@odata.type": f"{GRAPH}accessPackageTextInputQuestion", "regexPattern": "("}
                ]
            },
            "questions/0/regexPattern",
        ),
        (
            {"questions": [{"@odata.type": f"{GRAPH}accessPackageMultipleChoiceQuestion"}]},
            "questions/0/choices",
        ),
        ({"questions": [{"text": "why?"}]}, "questions/0/@odata.type"),
    ],
)
def test_a_policy_that_contradicts_itself_is_refused_by_name(
    body: dict[str, Any], target: str
) -> None:
    with pytest.raises(InvalidModel) as caught:
        policies.check(make_policy(**body))

    assert caught.value.target == target


@pytest.mark.parametrize(
    ("approver", "error"),
    [
        ({"@odata.type": f"{GRAPH}targetAgentIdentitySponsorsOrOwners"}, NotSupported),
        (
            {"@odata.type": f"{GRAPH}connectedOrganizationMembers", "connectedOrganizationId": "x"},
            InvalidModel,
        ),
        (
            {"@odata.type": f"{GRAPH}singleServicePrincipal", "servicePrincipalId": "x"},
            InvalidModel,
        ),
        ({"@odata.type": f"{GRAPH}attributeRuleMembers", "membershipRule": "x"}, InvalidModel),
    ],
)
def test_approvers_that_nobody_would_find_are_refused(
    approver: dict[str, Any], error: type[DomainError]
) -> None:
    with pytest.raises(error) as caught:
        policies.check(
            make_policy(requestApprovalSettings=approval({"primaryApprovers": [approver]}))
        )

    assert caught.value.target == "requestApprovalSettings/stages/0/primaryApprovers/0"


def test_backup_approvers_become_fallback_approvers() -> None:
    backup = {"@odata.type": f"{GRAPH}singleUser", "id": "lee", "isBackup": True}
    stage = {"primaryApprovers": [user("bob"), backup]}

    normal = policies.normalized(make_policy(requestApprovalSettings=approval(stage)))

    assert normal.request_approval_settings is not None
    (kept,) = normal.request_approval_settings.stages
    assert len(kept.primary_approvers) == 1
    (fallback,) = kept.fallback_primary_approvers
    assert fallback.is_backup is None


def test_stages_that_are_asked_at_once_name_their_approvers() -> None:
    """The path is that of the stage; a single stage is not asked at once with any other."""
    stages: list[dict[str, Any]] = [
        STAGE,
        {"@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage"},
    ]
    settings = {**approval(*stages), "approvalMode": "Parallel"}
    with pytest.raises(InvalidModel) as caught:
        policies.check(make_policy(requestApprovalSettings=settings))
    assert caught.value.target == "requestApprovalSettings/stages/1"
    assert "'Serial'" in str(caught.value)

    both = make_policy(requestApprovalSettings={**settings, "stages": [STAGE, STAGE]})
    policies.check(both)
    assert dynamic.asks_all_at_once(policies.normalized(both))
    said = make_policy(requestApprovalSettings=approval(STAGE, STAGE))
    assert not dynamic.asks_all_at_once(said)
    assert dynamic.asks_all_at_once(policies.keeping_mode(said, both))
    alone = make_policy(requestApprovalSettings=approval(STAGE))
    assert not dynamic.asks_all_at_once(policies.normalized(policies.keeping_mode(alone, both)))


def known(type_: type[WorkflowExtension], catalog: str = "catalog") -> dict[str, KnownExtension]:
    one = KnownExtension(id="extension", catalog_id=catalog, type=type_, waits=True)
    return {"extension": one}


def call(stage: str, extension: str = "extension") -> dict[str, Any]:
    return {"stage": stage, "customExtension": {"id": extension}}


REQUEST = AccessPackageAssignmentRequestWorkflowExtension
ASSIGNMENT = AccessPackageAssignmentWorkflowExtension


@pytest.mark.parametrize(
    ("settings", "extensions"),
    [
        ([call("assignmentRequestCreated")] * 6, known(REQUEST)),
        ([call("assignmentRequestCreated", "another")], known(REQUEST)),
        ([call("assignmentRequestCreated")], known(REQUEST, "another catalog")),
        ([call("assignmentFourteenDaysBeforeExpiration")], known(REQUEST)),
        ([call("assignmentRequestGranted")], known(ASSIGNMENT)),
        ([{"stage": "assignmentRequestCreated"}], known(REQUEST)),
    ],
    ids=["too many", "unknown", "of another catalog", "too late", "too early", "none"],
)
def test_extensions_that_do_not_fit_are_refused(
    settings: list[dict[str, Any]], extensions: dict[str, KnownExtension]
) -> None:
    policy = make_policy(customExtensionStageSettings=settings)

    with pytest.raises(DomainError) as caught:
        stages.check_settings(stages.settings_of(policy), extensions, catalog_id="catalog")

    assert str(caught.value.target).startswith("customExtensionStageSettings")


def test_an_extension_that_is_gone_counts_as_awaited() -> None:
    policy = make_policy(customExtensionStageSettings=[call("assignmentRequestCreated")])

    (planned,) = stages.calls_of(policy, {})

    assert planned.waits


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (None, Verdict.CONTINUE),
        ("", Verdict.CONTINUE),
        ("Denied", Verdict.DENY),
        ("denied", Verdict.DENY),
        ("Canceled", Verdict.CANCEL),
        ("cancelled", Verdict.CANCEL),
    ],
)
def test_the_state_of_an_answer_is_read_in_all_its_spellings(
    text: str | None, verdict: Verdict
) -> None:
    assert stages.read_verdict(text) is verdict


def test_no_other_state_is_an_answer() -> None:
    with pytest.raises(InvalidModel) as caught:
        stages.read_verdict("approved")

    assert caught.value.target == "data/state"

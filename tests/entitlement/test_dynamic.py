"""Dynamic approval: what a policy must say, and what an extension may answer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ostiary.entitlement import dynamic, stages
from ostiary.entitlement.dynamic import DETERMINING
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import ApproverInformationVisibility
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
)
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.stages import KnownExtension
from ostiary.entitlement.states import Decide, PlannedCall, Verdict
from ostiary.graph.errors import InvalidModel
from ostiary.graph.reading import Reader
from tests.entitlement.house import GRAPH, user
from tests.entitlement.makers import make_policy

FIXED = {"primaryApprovers": [user("bob")]}


def dynamic_stage(extension: str | None = None, **more: Any) -> dict[str, Any]:
    named = {"customExtension": {"id": extension}} if extension else {}
    return {"@odata.type": f"{GRAPH}accessPackageDynamicApprovalStage", **named, **more}


def setting(extension: str, stage: Stage = DETERMINING) -> dict[str, Any]:
    return {"stage": stage.value, "customExtension": {"id": extension}}


def policy(*given: dict[str, Any], settings: Any = ()) -> AccessPackageAssignmentPolicy:
    approval = {"isApprovalRequiredForAdd": True, "stages": list(given)}
    body = {"requestApprovalSettings": approval, "customExtensionStageSettings": list(settings)}
    return dynamic.reconciled(make_policy(**body))


def extension(**changes: Any) -> dict[str, KnownExtension]:
    usual: dict[str, Any] = {
        "id": "who",
        "catalog_id": "catalog",
        "type": AccessPackageAssignmentRequestWorkflowExtension,
        "waits": True,
    }
    return {"who": KnownExtension(**{**usual, **changes})}


def answer(**body: Any) -> AccessPackageApprovalStage:
    return Reader().create(AccessPackageApprovalStage, body)


def asked(policy: AccessPackageAssignmentPolicy) -> list[str | None]:
    return [
        stages.extension_id(one) for one in stages.settings_of(policy) if one.stage is DETERMINING
    ]


@pytest.mark.parametrize(
    ("stage", "settings"),
    [
        (dynamic_stage("who"), [setting("who")]),
        (dynamic_stage("who"), []),
        (dynamic_stage(), [setting("who")]),
    ],
    ids=["both", "the stage only", "the setting only"],
)
def test_the_extension_may_be_named_in_either_place(stage: Any, settings: Any) -> None:
    whole = policy(stage, settings=settings)

    assert dynamic.named_by(whole) == {"who"}
    assert asked(whole) == ["who"]
    dynamic.check_asked(whole, extension(), catalog_id="catalog")


def test_unnamed_stages_take_the_settings_in_their_order() -> None:
    whole = policy(dynamic_stage(), FIXED, dynamic_stage(), settings=[setting("a"), setting("b")])

    calls = [step for step in dynamic.way_of(whole) if isinstance(step, PlannedCall)]
    assert [call.extension_id for call in calls] == ["a", "b"]
    assert all(call.waits and call.stage is DETERMINING for call in calls)


def test_each_dynamic_decision_is_preceded_by_its_question() -> None:
    way = dynamic.way_of(policy(FIXED, dynamic_stage("who"), FIXED))

    assert [step.stages if isinstance(step, Decide) else "?" for step in way] == [
        (0,),
        "?",
        (1,),
        (2,),
    ]


def test_stages_that_are_asked_at_once_have_one_turn() -> None:
    whole = policy(FIXED, FIXED, FIXED)
    assert whole.request_approval_settings is not None
    whole.request_approval_settings.asks_all_at_once = True

    assert dynamic.way_of(whole) == (Decide((0, 1, 2)),)


@pytest.mark.parametrize(
    ("whole", "known", "target"),
    [
        (policy(dynamic_stage()), {}, "requestApprovalSettings/stages/0/customExtension"),
        (policy(FIXED, dynamic_stage("who")), {}, "requestApprovalSettings/stages/1"),
        (policy(dynamic_stage("who")), extension(catalog_id="other"), "requestApprovalSettings"),
        (policy(dynamic_stage("who")), extension(waits=False), "requestApprovalSettings"),
        (
            policy(dynamic_stage("who")),
            extension(type=AccessPackageAssignmentWorkflowExtension),
            "requestApprovalSettings",
        ),
        (policy(FIXED, settings=[setting("who")]), extension(), "customExtensionStageSettings/0"),
    ],
    ids=["none", "unknown", "of another catalog", "not awaited", "wrong type", "nobody asks"],
)
def test_a_stage_that_nobody_could_fill_is_refused(
    whole: AccessPackageAssignmentPolicy, known: dict[str, KnownExtension], target: str
) -> None:
    with pytest.raises(InvalidModel) as caught:
        dynamic.check_asked(whole, known, catalog_id="catalog")

    assert str(caught.value.target).startswith(target)


def test_what_the_answer_leaves_out_is_as_the_policy_has_it() -> None:
    setting = answer(
        **dynamic_stage("who"),
        durationBeforeAutomaticDenial="P3D",
        isApproverJustificationRequired=True,
        approverInformationVisibility="notVisible",
    )

    bare = dynamic.determined(setting, answer(**FIXED))
    full = dynamic.determined(
        setting,
        answer(
            **FIXED,
            durationBeforeAutomaticDenial="P1D",
            isApproverJustificationRequired=False,
            approverInformationVisibility="visible",
        ),
    )

    assert bare.duration_before_automatic_denial == timedelta(days=3)
    assert bare.is_approver_justification_required
    assert bare.approver_information_visibility is ApproverInformationVisibility.NOT_VISIBLE
    assert full.duration_before_automatic_denial == timedelta(days=1)
    assert not full.is_approver_justification_required
    assert full.approver_information_visibility is ApproverInformationVisibility.VISIBLE


@pytest.mark.parametrize(
    ("stage", "verdict", "named"),
    [
        (Stage.ASSIGNMENT_REQUEST_CREATED, Verdict.CONTINUE, FIXED),
        (DETERMINING, Verdict.CONTINUE, None),
        (DETERMINING, Verdict.DENY, FIXED),
        (DETERMINING, Verdict.CONTINUE, {"primaryApprovers": []}),
        (DETERMINING, Verdict.CONTINUE, dynamic_stage("who")),
        (DETERMINING, Verdict.CONTINUE, {**FIXED, "durationBeforeAutomaticDenial": "PT0S"}),
        (
            DETERMINING,
            Verdict.CONTINUE,
            {"primaryApprovers": [{"@odata.type": f"{GRAPH}singleUser"}]},
        ),
    ],
    ids=["not asked", "none", "denied", "nobody", "another extension", "no time", "no id"],
)
def test_an_answer_names_approvers_where_they_are_asked_for_and_only_there(
    stage: Stage, verdict: Verdict, named: Any
) -> None:
    with pytest.raises(InvalidModel) as caught:
        dynamic.check_answer(stage, verdict, answer(**named) if named else None)

    assert str(caught.value.target).startswith("data/approvalStage")


@pytest.mark.parametrize("verdict", [Verdict.DENY, Verdict.CANCEL])
def test_an_extension_that_is_asked_for_approvers_may_end_the_request(verdict: Verdict) -> None:
    dynamic.check_answer(DETERMINING, verdict, None)

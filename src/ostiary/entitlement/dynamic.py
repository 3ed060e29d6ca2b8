"""The way to an approval: which stages are asked when, and by whom their approvers are named.

The stages of a policy are asked one after the other, or all at once. The approvers of dynamic ones
are named by an extension, for each request anew. A policy names the extension twice, at the stage
and among its stage settings. The schema of v1.0 has no room for the first, so either may be left
out here, and ``reconciled`` adds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from ostiary.entitlement import policies
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCustomExtensionStage as Stage
from ostiary.entitlement.model.enums import ApproverInformationVisibility
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    CustomExtensionStageSetting,
)
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageDynamicApprovalStage,
)
from ostiary.entitlement.stages import KnownExtension, calls_of, extension_id, settings_of
from ostiary.entitlement.states import Decide, Plan, PlannedCall, Verdict
from ostiary.graph.errors import InvalidModel
from ostiary.graph.types import UNSET

DETERMINING: Final = Stage.ASSIGNMENT_REQUEST_DETERMINING_APPROVAL_REQUIREMENTS
ANSWER: Final = "data/approvalStage"
"""Where an answer names the approvers."""

_SETTINGS: Final = "customExtensionStageSettings"


def stages_of(policy: AccessPackageAssignmentPolicy) -> Sequence[AccessPackageApprovalStage]:
    """Give the approval stages of a policy, as they stand in it."""
    settings = policy.request_approval_settings
    return settings.stages if settings else ()


def asks_all_at_once(policy: AccessPackageAssignmentPolicy) -> bool:
    """Say whether the stages of a policy are asked at once (``approvalMode`` ``Parallel``)."""
    settings = policy.request_approval_settings
    return settings is not None and bool(settings.asks_all_at_once)


def way_of(policy: AccessPackageAssignmentPolicy) -> tuple[PlannedCall | Decide, ...]:
    """Give what leads to an approval: decisions, and before the dynamic ones who is to decide.

    That question is always awaited: an extension that is only told cannot name anybody. Here alone
    it is said whether the stages have one turn after the other, or one turn together.
    """
    stages = stages_of(policy)
    if asks_all_at_once(policy):
        return (Decide(tuple(range(len(stages)))),)
    return tuple(_one_by_one(stages))


def plan(policy: AccessPackageAssignmentPolicy, known: Mapping[str, KnownExtension]) -> Plan:
    """Say what a policy demands of a request on its way."""
    return Plan(calls=calls_of(policy, known), approval=way_of(policy))


def reconciled(policy: AccessPackageAssignmentPolicy) -> AccessPackageAssignmentPolicy:
    """Give a policy whose dynamic stages and stage settings name the same extensions."""
    approval = policy.request_approval_settings
    if approval is None:
        return policy
    settings = list(settings_of(policy))
    given = [extension_id(setting) for setting in settings if setting.stage is DETERMINING]
    stages: list[AccessPackageApprovalStage] = []
    number = 0
    for stage in approval.stages:
        if isinstance(stage, AccessPackageDynamicApprovalStage):
            named = _extension(stage) or _given(given, number)
            stage = msgspec.structs.replace(stage, custom_extension=_named(named))
            number += 1
            if named and named not in given:
                settings.append(_setting(named))
                given.append(named)
        stages.append(stage)
    return msgspec.structs.replace(
        policy,
        request_approval_settings=msgspec.structs.replace(approval, stages=stages),
        custom_extension_stage_settings=settings,
    )


def named_by(policy: AccessPackageAssignmentPolicy) -> set[str]:
    """Give the extensions that the dynamic stages of a policy ask."""
    return {key for stage in stages_of(policy) if (key := _extension(stage))}


def check_asked(
    policy: AccessPackageAssignmentPolicy,
    known: Mapping[str, KnownExtension],
    *,
    catalog_id: str,
) -> None:
    """Check the extensions that the dynamic stages of a reconciled policy ask.

    :raises InvalidModel: a stage asks none, or one of another catalog, of another type, or one that
        is not awaited; or an extension is to be asked that no stage asks.
    """
    for number, stage in enumerate(stages_of(policy)):
        if isinstance(stage, AccessPackageDynamicApprovalStage):
            path = f"requestApprovalSettings/stages/{number}/customExtension"
            _check_extension(known.get(_extension(stage) or ""), path, catalog_id)
    asked = named_by(policy)
    for number, setting in enumerate(settings_of(policy)):
        if setting.stage is DETERMINING and extension_id(setting) not in asked:
            path = f"{_SETTINGS}/{number}"
            raise InvalidModel(
                f"'{path}' asks for approvers, and no approval stage is of the type "
                "'#microsoft.graph.accessPackageDynamicApprovalStage' with that extension.",
                target=path,
            )


def check_answer(stage: Stage, verdict: Verdict, named: AccessPackageApprovalStage | None) -> None:
    """Check that an answer names approvers exactly where they are asked for, and how it does.

    :raises InvalidModel: it does not, names nobody, or a part is out of its bounds.
    :raises NotSupported: it names approvers of a kind that this server does not find.
    """
    asks = stage is DETERMINING and verdict is Verdict.CONTINUE
    if named is not None and not asks:
        why = "'data/state' ends the request" if stage is DETERMINING else "no callout asks for"
        raise InvalidModel(
            f"The property '{ANSWER}' is not expected: {why}"
            + (" already." if stage is DETERMINING else " approvers at this stage."),
            target=ANSWER,
        )
    if asks and named is None:
        raise InvalidModel(
            f"The property '{ANSWER}' is required at the stage '{stage}': name the approvers, or "
            "end the request with 'data/state'.",
            target=ANSWER,
        )
    if isinstance(named, AccessPackageDynamicApprovalStage):
        raise InvalidModel(
            f"'{ANSWER}' must name approvers; it cannot ask another extension.", target=ANSWER
        )
    if named is not None:
        policies.check_stage(named, ANSWER)


def determined(
    setting: AccessPackageApprovalStage, answer: AccessPackageApprovalStage
) -> AccessPackageApprovalStage:
    """Give the stage that is opened: the answer, and what it leaves out as the policy has it."""
    visibility = answer.approver_information_visibility
    if visibility is ApproverInformationVisibility.DEFAULT:
        visibility = setting.approver_information_visibility
    justified = answer.is_approver_justification_required
    return msgspec.structs.replace(
        answer,
        approver_information_visibility=visibility,
        duration_before_automatic_denial=(
            answer.duration_before_automatic_denial or setting.duration_before_automatic_denial
        ),
        is_approver_justification_required=(
            setting.is_approver_justification_required if justified is None else justified
        ),
    )


def _one_by_one(stages: Sequence[AccessPackageApprovalStage]) -> Iterator[PlannedCall | Decide]:
    for number, stage in enumerate(stages):
        if isinstance(stage, AccessPackageDynamicApprovalStage):
            yield PlannedCall(stage=DETERMINING, extension_id=_extension(stage) or "", waits=True)
        yield Decide((number,))


def _extension(stage: AccessPackageApprovalStage) -> str | None:
    if not isinstance(stage, AccessPackageDynamicApprovalStage) or not stage.custom_extension:
        return None
    return stage.custom_extension.id.lower() or None


def _given(given: Sequence[str | None], number: int) -> str | None:
    """Say which of the settings a dynamic stage means that names no extension itself."""
    if len(given) == 1:
        return given[0]
    return given[number] if number < len(given) else None


def _named(key: str | None) -> AccessPackageAssignmentRequestWorkflowExtension | None:
    """Name an extension, and say nothing else of it."""
    if key is None:
        return None
    names = AccessPackageAssignmentRequestWorkflowExtension.__struct_fields__
    blank: dict[str, Any] = dict.fromkeys(names, UNSET)  # properties of several types
    return AccessPackageAssignmentRequestWorkflowExtension(**{**blank, "id": key})


def _setting(key: str) -> CustomExtensionStageSetting:
    return CustomExtensionStageSetting(stage=DETERMINING, custom_extension=_named(key))


def _check_extension(extension: KnownExtension | None, path: str, catalog_id: str) -> None:
    if extension is None or extension.catalog_id != catalog_id:
        raise InvalidModel(
            f"'{path}' must name a custom extension of the package's catalog.", target=path
        )
    if extension.type is not AccessPackageAssignmentRequestWorkflowExtension:
        raise InvalidModel(
            f"'{path}' names an extension of another type; it must be a "
            "'#microsoft.graph.accessPackageAssignmentRequestWorkflowExtension'.",
            target=path,
        )
    if not extension.waits:
        raise InvalidModel(
            f"'{path}' names an extension that is not awaited: it needs a "
            "'callbackConfiguration' to be able to name approvers.",
            target=path,
        )

"""Who must agree, in the form of beta.

There fallback approvers stand among the others, marked with ``isBackup``; times are whole days and
minutes, rounded up; and ``approvalMode`` says what the number of stages says already, except that
several may be asked at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, TypeVar

import msgspec
from msgspec import field

from ostiary.entitlement.model.enums import ApproverInformationVisibility
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageAssignmentApprovalSettings,
    AccessPackageDynamicApprovalStage,
)
from ostiary.entitlement.model.subjects import SubjectSet
from ostiary.extensions.model import CustomCalloutExtension
from ostiary.graph.forms import Form, Misfit, carried, declare
from ostiary.graph.types import UNSET, Beta, Complex, Nav, UnsetType

NO_APPROVAL: Final = "NoApproval"
SINGLE: Final = "SingleStage"
SERIAL: Final = "Serial"
PARALLEL: Final = "Parallel"
MODES: Final = (NO_APPROVAL, SINGLE, SERIAL, PARALLEL)

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


class BetaApprovalStage(Complex, kw_only=True):
    """One decision: who makes it and how long it may take."""

    EDM_NAME: ClassVar[str] = "approvalStage"

    approval_stage_time_out_in_days: int | None = None
    approver_information_visibility: ApproverInformationVisibility = (
        ApproverInformationVisibility.DEFAULT
    )
    escalation_approvers: list[SubjectSet] = field(default_factory=list)
    escalation_time_in_minutes: int | None = None
    is_approver_justification_required: bool | None = None
    is_escalation_enabled: bool | None = None
    primary_approvers: list[SubjectSet] = field(default_factory=list)


class BetaDynamicApprovalStage(BetaApprovalStage, kw_only=True):
    """A stage whose approvers an extension names for each request."""

    EDM_NAME: ClassVar[str] = "accessPackageDynamicApprovalStage"

    custom_extension: Annotated[CustomCalloutExtension | UnsetType | None, Nav()] = UNSET


class BetaApprovalSettings(Complex, kw_only=True):
    """Whether somebody must agree, and the stages in which that happens."""

    EDM_NAME: ClassVar[str] = "approvalSettings"

    approval_mode: str | None = None
    is_approval_required_for_add: Annotated[bool | None, Beta("isApprovalRequired")] = None
    is_approval_required_for_update: Annotated[
        bool | None, Beta("isApprovalRequiredForExtension")
    ] = None
    is_requestor_justification_required: bool | None = None
    stages: Annotated[list[AccessPackageApprovalStage], Beta("approvalStages")] = field(
        default_factory=list
    )


StageT = TypeVar("StageT", bound=AccessPackageApprovalStage)
BetaStageT = TypeVar("BetaStageT", bound=BetaApprovalStage)


def with_backups(first: Sequence[SubjectSet], backups: Sequence[SubjectSet]) -> list[SubjectSet]:
    """Put those who stand behind the others among them, and say of each which it is."""
    return [*_marked(first, False), *_marked(backups, True)]


def without_backups(named: Sequence[SubjectSet]) -> tuple[list[SubjectSet], list[SubjectSet]]:
    """Give those who are asked first, and those who stand behind them."""
    return (
        _marked([one for one in named if not one.is_backup], None),
        _marked([one for one in named if one.is_backup], None),
    )


def _marked(named: Sequence[SubjectSet], backup: bool | None) -> list[SubjectSet]:
    return [msgspec.structs.replace(one, is_backup=backup) for one in named]


def days(duration: timedelta | None) -> int | None:
    """Give a duration as beta tells it; what is left of a day counts as one."""
    return None if duration is None else -(-duration // _DAY)


def duration(count: int | None, unit: timedelta, name: str) -> timedelta | None:
    """Give the duration of a number of days or minutes.

    :raises Misfit: it is longer than any that can be kept.
    """
    try:
        return None if count is None else count * unit
    except OverflowError:
        raise Misfit(name, "is longer than any duration that can be kept") from None


def _stage_form(model: type[StageT], beta: type[BetaStageT]) -> Form[StageT, BetaStageT]:
    """Give the form of a kind of stages; the dynamic ones have one property more."""

    def to_beta(stage: StageT) -> BetaStageT:
        return carried(stage, beta, **_stage_told(stage))

    def from_beta(stage: BetaStageT, old: StageT | None) -> StageT:
        return carried(stage, model, **_stage_read(stage, old))

    return Form(type=beta, to_beta=to_beta, from_beta=from_beta, names=STAGE_NAMES)


def _stage_told(stage: AccessPackageApprovalStage) -> dict[str, Any]:
    escalation = stage.duration_before_escalation
    return {
        "approval_stage_time_out_in_days": days(stage.duration_before_automatic_denial),
        "escalation_time_in_minutes": 0 if escalation is None else -(-escalation // _MINUTE),
        "primary_approvers": with_backups(
            stage.primary_approvers, stage.fallback_primary_approvers
        ),
        "escalation_approvers": with_backups(
            stage.escalation_approvers, stage.fallback_escalation_approvers
        ),
    }


def _stage_read(stage: BetaApprovalStage, old: AccessPackageApprovalStage | None) -> dict[str, Any]:
    primary, fallback = without_backups(stage.primary_approvers)
    later, later_fallback = without_backups(stage.escalation_approvers)
    return {
        **_durations(stage, old),
        "primary_approvers": primary,
        "fallback_primary_approvers": fallback,
        "escalation_approvers": later,
        "fallback_escalation_approvers": later_fallback,
    }


def _durations(
    stage: BetaApprovalStage, old: AccessPackageApprovalStage | None
) -> dict[str, timedelta | None]:
    """Read the durations; the exact ones of ``old`` stay while they are told the same."""
    time_out = stage.approval_stage_time_out_in_days
    escalation = stage.escalation_time_in_minutes or 0
    told = _stage_told(old) if old else {}
    denial = duration(time_out, _DAY, "approvalStageTimeOutInDays")
    handing_on = duration(escalation or None, _MINUTE, "escalationTimeInMinutes")
    if old and told["approval_stage_time_out_in_days"] == time_out:
        denial = old.duration_before_automatic_denial
    if old and told["escalation_time_in_minutes"] == escalation:
        handing_on = old.duration_before_escalation
    return {
        "duration_before_automatic_denial": denial,
        "duration_before_escalation": handing_on,
    }


def _mode(settings: AccessPackageAssignmentApprovalSettings) -> str:
    is_required = settings.is_approval_required_for_add or settings.is_approval_required_for_update
    if not is_required or not settings.stages:
        return NO_APPROVAL
    if len(settings.stages) == 1:
        return SINGLE
    return PARALLEL if settings.asks_all_at_once else SERIAL


def _settings_to_beta(settings: AccessPackageAssignmentApprovalSettings) -> BetaApprovalSettings:
    return carried(settings, BetaApprovalSettings, approval_mode=_mode(settings))


def _settings_of(
    settings: BetaApprovalSettings, old: AccessPackageAssignmentApprovalSettings | None
) -> AccessPackageAssignmentApprovalSettings:
    """Read the settings; a mode that is told as before follows from the rest, as it did before."""
    mode = settings.approval_mode
    before = old if old is not None and mode == _mode(old) else None
    if before is not None:
        at_once = before.asks_all_at_once
    else:
        at_once = _is_parallel(mode) if mode or old else None
    read = carried(settings, AccessPackageAssignmentApprovalSettings, asks_all_at_once=at_once)
    if _is_parallel(mode) and len(read.stages) < 2:
        reason = f"cannot be '{PARALLEL}' unless there are at least two 'approvalStages'"
        raise Misfit("approvalMode", reason)
    if mode is not None and before is None:
        _check_mode(mode, read)
    return read


def _is_parallel(mode: str | None) -> bool:
    return (mode or "").lower() == PARALLEL.lower()


def _check_mode(mode: str, settings: AccessPackageAssignmentApprovalSettings) -> None:
    """Refuse a mode that says something else than the rest; a single stage is serial, too."""
    if mode.lower() not in {known.lower() for known in MODES}:
        names = ", ".join(f"'{known}'" for known in MODES)
        raise Misfit("approvalMode", f"must be one of {names}")
    meant = _mode(settings)
    may_be = {meant.lower(), SERIAL.lower()} if meant == SINGLE else {meant.lower()}
    if mode.lower() not in may_be:
        raise Misfit(
            "approvalMode",
            f"must be '{meant}' for this 'isApprovalRequired' and these 'approvalStages'",
        )


STAGE_NAMES: Final = {
    "durationBeforeAutomaticDenial": "approvalStageTimeOutInDays",
    "durationBeforeEscalation": "escalationTimeInMinutes",
    "fallbackPrimaryApprovers": "primaryApprovers",
    "fallbackEscalationApprovers": "escalationApprovers",
}

declare(AccessPackageApprovalStage, _stage_form(AccessPackageApprovalStage, BetaApprovalStage))
declare(
    AccessPackageDynamicApprovalStage,
    _stage_form(AccessPackageDynamicApprovalStage, BetaDynamicApprovalStage),
)
declare(
    AccessPackageAssignmentApprovalSettings,
    Form(type=BetaApprovalSettings, to_beta=_settings_to_beta, from_beta=_settings_of),
)

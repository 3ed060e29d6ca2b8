"""Approvals: the only functions that move a stage.

One decision by anybody who is asked (``approvers``) completes a stage. Stages that have the same
turn are asked at once, and each of them has to agree. Nobody decides on a request of their own. A
deadline belongs to "too late".
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from ostiary.entitlement.errors import (
    AlreadyDecided,
    JustificationRequired,
    NotAnApprover,
    StageClosed,
)
from ostiary.entitlement.model.enums import ApproverInformationVisibility
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.graph.errors import InvalidModel

DEFAULT_TIME_TO_DECIDE: Final = timedelta(days=14)
"""For a stage that does not say how long it may take."""


class StageStatus(StrEnum):
    """Where a stage stands, spelled as on the wire."""

    INITIALIZING = "Initializing"
    """Its turn has not come."""

    IN_PROGRESS = "InProgress"
    """Its approvers are asked."""

    COMPLETED = "Completed"
    """Decided, or no longer wanted."""

    EXPIRED = "Expired"
    """Nobody decided in time."""


class ReviewResult(StrEnum):
    """What was decided, as it is read."""

    NOT_REVIEWED = "NotReviewed"
    APPROVED = "Approved"
    DENIED = "Denied"


class Chair(StrEnum):
    """In what capacity somebody is asked."""

    PRIMARY = "primary"
    FALLBACK = "fallback"
    ESCALATION = "escalation"


class Seat(msgspec.Struct, frozen=True):
    """A user, or the members of a group, who are asked."""

    principal_id: str
    chair: Chair


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One decision (``approvalStage``)."""

    id: str
    request_id: str
    position: int
    """Which of the stages of the policy it is."""
    turn: int
    """When it is asked: at which step of the request's way to an approval."""
    status: StageStatus = StageStatus.INITIALIZING
    result: ReviewResult = ReviewResult.NOT_REVIEWED
    needs_justification: bool = False
    visibility: ApproverInformationVisibility = ApproverInformationVisibility.DEFAULT
    """Whether whoever asked sees who decides."""
    due_at: datetime | None = None
    escalates_at: datetime | None = None
    is_escalated: bool = False
    reviewer_id: str | None = None
    reviewer_name: str | None = None
    reviewed_at: datetime | None = None
    justification: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Whoever decides: the chairs they sit in at this stage, and whether the request is theirs."""

    id: str
    name: str | None = None
    chairs: Set[Chair]
    is_concerned: bool


def read_result(text: str | None) -> ReviewResult:
    """Read a decision: the words for writing and those for reading, in any case.

    :raises InvalidModel: it is neither an approval nor a denial.
    """
    match (text or "").lower():
        case "approve" | "approved":
            return ReviewResult.APPROVED
        case "deny" | "denied":
            return ReviewResult.DENIED
        case _:
            raise InvalidModel(
                "The property 'reviewResult' must be 'Approve' or 'Deny'.", target="reviewResult"
            )


def opened(stage: Stage, settings: AccessPackageApprovalStage, *, now: datetime) -> Stage:
    """Start to ask; the time to decide, and to escalate, counts from here."""
    escalation = settings.duration_before_escalation if settings.is_escalation_enabled else None
    return replace(
        stage,
        status=StageStatus.IN_PROGRESS,
        due_at=now + (settings.duration_before_automatic_denial or DEFAULT_TIME_TO_DECIDE),
        escalates_at=now + escalation if escalation is not None else None,
    )


def decide(
    stage: Stage, result: ReviewResult, by: Reviewer, *, justification: str | None, now: datetime
) -> Stage:
    """Store a decision; the same decision of the same person again changes nothing.

    :raises NotAnApprover: the person is not asked, not yet asked, or concerned.
    :raises AlreadyDecided: somebody decided before.
    :raises StageClosed: the stage is not open.
    :raises JustificationRequired: the stage asks for a reason.
    """
    if by.is_concerned or not _may_decide(stage, by.chairs):
        raise NotAnApprover(stage=stage.id)
    if stage.result is not ReviewResult.NOT_REVIEWED:
        if stage.reviewer_id == by.id and stage.result is result:
            return stage
        raise AlreadyDecided(stage=stage.id)
    if stage.status is not StageStatus.IN_PROGRESS or is_late(stage, now):
        raise StageClosed(_why_closed(stage, now), stage=stage.id)
    if stage.needs_justification and not (justification or "").strip():
        raise JustificationRequired(target="justification")
    return replace(
        stage,
        status=StageStatus.COMPLETED,
        result=result,
        reviewer_id=by.id,
        reviewer_name=by.name,
        reviewed_at=now,
        justification=justification,
    )


def _why_closed(stage: Stage, now: datetime) -> str:
    """Say why nobody can decide: the time is up, or the request has ended in another way."""
    is_over = stage.status is StageStatus.COMPLETED
    if not is_over and stage.due_at is not None and is_late(stage, now):
        return (
            f"The approval stage is '{stage.status}'; its time was up at "
            f"{stage.due_at:%Y-%m-%dT%H:%M:%SZ}."
        )
    return f"The approval stage is '{stage.status}': its request needs no decision any more."


def is_late(stage: Stage, now: datetime) -> bool:
    """Say whether the time to decide is up."""
    return stage.due_at is not None and now >= stage.due_at


def expire(stage: Stage, *, now: datetime) -> Stage:
    """End an open stage whose time is up; any other is left as it is."""
    if stage.status is not StageStatus.IN_PROGRESS or not is_late(stage, now):
        return stage
    return replace(stage, status=StageStatus.EXPIRED)


def escalate(stage: Stage, *, now: datetime) -> Stage:
    """Let the escalation approvers decide too, once it is time; else nothing changes."""
    early = stage.escalates_at is None or now < stage.escalates_at
    if stage.status is not StageStatus.IN_PROGRESS or early or is_late(stage, now):
        return stage
    return replace(stage, is_escalated=True)


def close(stage: Stage) -> Stage:
    """End a stage whose request no longer needs it."""
    if stage.status is not StageStatus.IN_PROGRESS:
        return stage
    return replace(stage, status=StageStatus.COMPLETED)


def is_agreed(stages: Iterable[Stage], turn: int) -> bool:
    """Say whether all stages of a turn have been approved."""
    return all(one.result is ReviewResult.APPROVED for one in stages if one.turn == turn)


def _may_decide(stage: Stage, chairs: Set[Chair]) -> bool:
    asked = {Chair.PRIMARY, Chair.FALLBACK}
    return bool(chairs & (asked | {Chair.ESCALATION} if stage.is_escalated else asked))

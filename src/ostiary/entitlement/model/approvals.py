"""Approvals: one for each request that needs one, under the same id."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ostiary.audit.model import Identity
from ostiary.entitlement.model.enums import ApprovalFilterByCurrentUserOptions
from ostiary.graph.types import UNSET, Beta, Complex, Entity, Nav, ReadOnly, UnsetType


class ApprovalStage(Entity, kw_only=True):
    """One decision; beta calls it a step."""

    BETA_NAME: ClassVar[str] = "approvalStep"

    assigned_to_me: Annotated[bool | None, ReadOnly] = None
    display_name: Annotated[str | None, ReadOnly] = None
    justification: str | None = None
    reviewed_by: Annotated[Identity | None, ReadOnly] = None
    reviewed_date_time: Annotated[datetime | None, ReadOnly] = None
    review_result: str | None = None
    status: Annotated[str | None, ReadOnly] = None


class Approval(Entity, kw_only=True):
    """The decisions that a request needs."""

    stages: Annotated[list[ApprovalStage] | UnsetType, Nav(contained=True), Beta("steps")] = UNSET


class ApprovalFilterParameters(Complex, kw_only=True):
    """The argument of ``accessPackageAssignmentApprovals/filterByCurrentUser``."""

    on: ApprovalFilterByCurrentUserOptions

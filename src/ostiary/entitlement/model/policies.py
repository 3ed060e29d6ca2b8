"""The settings of a policy, in the structure of v1.0."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from msgspec import field

from ostiary.entitlement.model.enums import (
    AccessReviewExpirationBehavior,
    ApproverInformationVisibility,
)
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.entitlement.model.subjects import SubjectSet
from ostiary.extensions.model import CustomCalloutExtension
from ostiary.graph.types import UNSET, Complex, Inward, Nav, UnsetType


class AccessPackageAssignmentRequestorSettings(Complex, kw_only=True):
    """What people may ask for by themselves; what is absent is not allowed."""

    allow_custom_assignment_schedule: bool | None = None
    enable_on_behalf_requestors_to_add_access: bool | None = None
    enable_on_behalf_requestors_to_remove_access: bool | None = None
    enable_on_behalf_requestors_to_update_access: bool | None = None
    enable_targets_to_self_add_access: bool | None = None
    enable_targets_to_self_remove_access: bool | None = None
    enable_targets_to_self_update_access: bool | None = None
    on_behalf_requestors: list[SubjectSet] = field(default_factory=list)


class AccessPackageApprovalStage(Complex, kw_only=True):
    """One decision: who makes it and how long it may take."""

    approver_information_visibility: ApproverInformationVisibility = (
        ApproverInformationVisibility.DEFAULT
    )
    duration_before_automatic_denial: timedelta | None = None
    duration_before_escalation: timedelta | None = None
    escalation_approvers: list[SubjectSet] = field(default_factory=list)
    fallback_escalation_approvers: list[SubjectSet] = field(default_factory=list)
    fallback_primary_approvers: list[SubjectSet] = field(default_factory=list)
    is_approver_justification_required: bool | None = None
    is_escalation_enabled: bool | None = None
    primary_approvers: list[SubjectSet] = field(default_factory=list)


class AccessPackageDynamicApprovalStage(AccessPackageApprovalStage, kw_only=True):
    """A stage whose approvers an extension names for each request."""

    custom_extension: Annotated[CustomCalloutExtension | UnsetType | None, Nav()] = UNSET


class AccessPackageAssignmentApprovalSettings(Complex, kw_only=True):
    """Whether somebody must agree, and the stages in which that happens.

    ``asks_all_at_once`` is what only beta has a word for, the ``approvalMode`` ``Parallel``; None
    says that nothing was said of it.
    """

    asks_all_at_once: Annotated[bool | None, Inward] = None
    is_approval_required_for_add: bool | None = None
    is_approval_required_for_update: bool | None = None
    is_requestor_justification_required: bool | None = None
    stages: list[AccessPackageApprovalStage] = field(default_factory=list)


class AccessPackageAssignmentReviewSettings(Complex, kw_only=True):
    """The recurring review of the assignments."""

    expiration_behavior: AccessReviewExpirationBehavior | None = None
    fallback_reviewers: list[SubjectSet] = field(default_factory=list)
    is_enabled: bool | None = None
    is_recommendation_enabled: bool | None = None
    is_reviewer_justification_required: bool | None = None
    is_self_review: bool | None = None
    primary_reviewers: list[SubjectSet] = field(default_factory=list)
    schedule: EntitlementManagementSchedule | None = None


class AccessPackageAutomaticRequestSettings(Complex, kw_only=True):
    """Whether people get and lose the package as they enter and leave the policy's targets."""

    grace_period_before_access_removal: timedelta | None = None
    remove_access_when_target_leaves_allowed_targets: bool | None = None
    request_access_for_allowed_targets: bool | None = None


class AccessPackageNotificationSettings(Complex, kw_only=True):
    """Whether mails are sent."""

    is_assignment_notification_disabled: bool = False

"""Requests, assignments and what extensions answer."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime
from typing import Annotated

from msgspec import field

from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageResourceRole,
    AccessPackageResourceScope,
)
from ostiary.entitlement.model.enums import (
    AccessPackageAssignmentFilterByCurrentUserOptions,
    AccessPackageAssignmentRequestFilterByCurrentUserOptions,
    AccessPackageAssignmentState,
    AccessPackageCustomExtensionStage,
    AccessPackageRequestState,
    AccessPackageRequestType,
)
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.extensions.model import CustomExtensionCalloutInstance, CustomExtensionData
from ostiary.graph.types import (
    UNSET,
    Beta,
    BetaOnly,
    Complex,
    Entity,
    Nav,
    PublishedAs,
    ReadOnly,
    UnsetType,
    WriteOnly,
)


class AccessPackageAssignment(Entity, kw_only=True):
    """A package that somebody has, has had, or is about to get.

    The three ids are the short way in which a new request names its package, policy and target.
    """

    custom_extension_callout_instances: Annotated[
        list[CustomExtensionCalloutInstance], ReadOnly
    ] = field(default_factory=list)
    expired_date_time: Annotated[datetime | None, ReadOnly] = None
    schedule: Annotated[EntitlementManagementSchedule | None, ReadOnly] = None
    state: Annotated[
        AccessPackageAssignmentState | None, Beta("assignmentState", pascal=True), ReadOnly
    ] = None
    status: Annotated[str | None, Beta("assignmentStatus"), ReadOnly] = None
    access_package_id: Annotated[str | None, BetaOnly] = None
    assignment_policy_id: Annotated[str | None, BetaOnly] = None
    catalog_id: Annotated[str | None, BetaOnly, ReadOnly] = None
    is_extended: Annotated[bool | None, BetaOnly, ReadOnly] = None
    target_id: Annotated[str | None, BetaOnly] = None
    access_package: Annotated[AccessPackage | UnsetType | None, Nav()] = UNSET
    assignment_policy: Annotated[
        AccessPackageAssignmentPolicy | UnsetType | None,
        Nav(),
        Beta("accessPackageAssignmentPolicy"),
    ] = UNSET
    target: Annotated[AccessPackageSubject | UnsetType | None, Nav()] = UNSET
    access_package_assignment_requests: Annotated[
        list[AccessPackageAssignmentRequest] | UnsetType, Nav(), BetaOnly
    ] = UNSET
    access_package_assignment_resource_roles: Annotated[
        list[AccessPackageAssignmentResourceRole] | UnsetType, Nav(contained=True), BetaOnly
    ] = UNSET


class AccessPackageAssignmentResourceRole(Entity, kw_only=True):
    """A role in a scope of a resource that somebody has, is to get, or is to lose."""

    origin_id: Annotated[str | None, ReadOnly] = None
    origin_system: Annotated[str | None, ReadOnly] = None
    status: Annotated[str | None, ReadOnly] = None
    access_package_assignments: Annotated[
        list[AccessPackageAssignment] | UnsetType, Nav(contained=True)
    ] = UNSET
    access_package_resource_role: Annotated[
        AccessPackageResourceRole | UnsetType | None, Nav(contained=True)
    ] = UNSET
    access_package_resource_scope: Annotated[
        AccessPackageResourceScope | UnsetType | None, Nav(contained=True)
    ] = UNSET
    access_package_subject: Annotated[
        AccessPackageSubject | UnsetType | None, Nav(contained=True)
    ] = UNSET


class RequestParameter(Complex, kw_only=True):
    """A switch of an administrator's request: ``IsApprovalRequired`` is the known one."""

    name: str
    value: str | None = None


class AccessPackageAssignmentRequest(Entity, kw_only=True):
    """Somebody's wish to get a package, or to lose it."""

    answers: list[AccessPackageAnswer] = field(default_factory=list)
    completed_date_time: Annotated[datetime | None, Beta("completedDate"), ReadOnly] = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    custom_extension_callout_instances: Annotated[
        list[CustomExtensionCalloutInstance], ReadOnly
    ] = field(default_factory=list)
    justification: str | None = None
    request_type: Annotated[AccessPackageRequestType, Beta(pascal=True)]
    schedule: EntitlementManagementSchedule | None = None
    state: Annotated[
        AccessPackageRequestState | None, Beta("requestState", pascal=True), ReadOnly
    ] = None
    status: Annotated[str | None, Beta("requestStatus"), ReadOnly] = None
    expiration_date_time: Annotated[datetime | None, BetaOnly, ReadOnly] = None
    is_validation_only: Annotated[bool, BetaOnly] = False
    parameters: Annotated[list[RequestParameter], WriteOnly] = field(default_factory=list)
    access_package: Annotated[AccessPackage | UnsetType | None, Nav()] = UNSET
    assignment: Annotated[
        AccessPackageAssignment | UnsetType | None, Nav(), Beta("accessPackageAssignment")
    ] = UNSET
    requestor: Annotated[AccessPackageSubject | UnsetType | None, Nav()] = UNSET


class AccessPackageAssignmentRequestCallbackData(CustomExtensionData, kw_only=True):
    """What an extension answers to a callout of a request."""

    @staticmethod
    def infer_type(names: Set[str]) -> type[Complex]:
        """Say which type an answer without ``@odata.type`` is of, by its properties."""
        if "approvalstage" in names:
            return AssignmentRequestApprovalStageCallbackData
        return AccessPackageAssignmentRequestCallbackData

    custom_extension_stage_instance_detail: str | None = None
    custom_extension_stage_instance_id: str | None = None
    stage: AccessPackageCustomExtensionStage | None = None
    state: str | None = None


class AssignmentRequestApprovalStageCallbackData(
    AccessPackageAssignmentRequestCallbackData, kw_only=True
):
    """The answer that names the approvers of a dynamic stage."""

    approval_stage: AccessPackageApprovalStage | None = None


class ResumeParameters(Complex, kw_only=True):
    """The body of ``resume``; ``type`` is informational, the instance decides."""

    source: str | None = None
    type: str | None = None
    data: Annotated[AccessPackageAssignmentRequestCallbackData, PublishedAs(CustomExtensionData)]


class RequestFilterParameters(Complex, kw_only=True):
    """The argument of ``assignmentRequests/filterByCurrentUser``."""

    on: AccessPackageAssignmentRequestFilterByCurrentUserOptions


class AdditionalAccessParameters(Complex, kw_only=True):
    """The arguments of ``assignments/additionalAccess``: neither, the first, or both."""

    access_package_id: str | None = None
    incompatible_access_package_id: str | None = None


class AssignmentFilterParameters(Complex, kw_only=True):
    """The argument of ``assignments/filterByCurrentUser``."""

    on: AccessPackageAssignmentFilterByCurrentUserOptions

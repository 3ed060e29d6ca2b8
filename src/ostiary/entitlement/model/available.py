"""What somebody who looks for access is shown: packages, requirements, suggestions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import field

from ostiary.audit.model import Identity
from ostiary.entitlement.model.catalogs import AccessPackageResourceRoleScope
from ostiary.entitlement.model.questions import AccessPackageAnswer, AccessPackageQuestion
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.graph.types import (
    UNSET,
    Beta,
    BetaOnly,
    Complex,
    EdmEnum,
    Entity,
    Nav,
    PublishedAs,
    UnsetType,
)


class AccessPackageFilterByCurrentUserOptions(EdmEnum):
    """Which packages ``accessPackages/filterByCurrentUser`` gives."""

    ALLOWED_REQUESTOR = "allowedRequestor", 1
    """Those that the caller may ask for."""
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 2


class AccessPackageSuggestionFilterByCurrentUserOptions(EdmEnum):
    """Why packages are suggested: flags, joined by commas."""

    RELATED_PEOPLE_ASSIGNMENTS = "relatedPeopleAssignments", 1
    """Colleagues have them."""
    ASSIGNMENT_HISTORY = "assignmentHistory", 2
    """The caller had them."""
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue", 4


class AvailableAccessPackage(Entity, kw_only=True):
    """A package as whoever may ask for it sees it."""

    description: str | None = None
    display_name: str | None = None
    resource_role_scopes: Annotated[list[AccessPackageResourceRoleScope] | UnsetType, Nav()] = UNSET


class AccessPackageSuggestionReason(Complex, kw_only=True):
    """Why a package is suggested."""

    ABSTRACT: ClassVar[bool] = True


class AccessPackageSuggestionRelatedPeopleBased(AccessPackageSuggestionReason, kw_only=True):
    """Colleagues have it; they are named where the settings allow that."""

    related_people: list[Identity] = field(default_factory=list)
    related_people_assignment_count: int = 0


class AccessPackageSuggestionSelfAssignmentHistoryBased(
    AccessPackageSuggestionReason, kw_only=True
):
    """The caller had it, so often, the last time from this instant on."""

    last_assignment_date_time: datetime
    past_assignment_count: int


class AccessPackageSuggestion(Entity, kw_only=True):
    """A package that somebody may want; its id is that of the package."""

    reasons: list[AccessPackageSuggestionReason] = field(default_factory=list)
    access_package: Annotated[AvailableAccessPackage | UnsetType | None, Nav()] = UNSET


class AccessPackageAssignmentRequestRequirements(Complex, kw_only=True):
    """What a request under one policy must bring along."""

    allow_custom_assignment_schedule: Annotated[bool, Beta("isCustomAssignmentScheduleAllowed")] = (
        False
    )
    is_approval_required_for_add: Annotated[bool, Beta("isApprovalRequired")] = False
    is_approval_required_for_update: Annotated[bool, Beta("isApprovalRequiredForExtension")] = False
    is_requestor_justification_required: bool = False
    policy_description: str | None = None
    policy_display_name: str | None = None
    policy_id: str | None = None
    schedule: EntitlementManagementSchedule | None = None
    existing_answers: Annotated[list[AccessPackageAnswer], BetaOnly] = field(default_factory=list)
    questions: Annotated[list[AccessPackageQuestion], Nav(contained=True)] = field(
        default_factory=list
    )


class RequirementsParameters(Complex, kw_only=True):
    """The arguments of ``getApplicablePolicyRequirements``: none, as it is about the caller."""


class PackageFilterParameters(Complex, kw_only=True):
    """The argument of ``accessPackages/filterByCurrentUser``."""

    on: AccessPackageFilterByCurrentUserOptions


class SuggestionFilterParameters(Complex, kw_only=True):
    """The argument of ``accessPackageSuggestions/filterByCurrentUser``."""

    on: Annotated[str, PublishedAs(AccessPackageSuggestionFilterByCurrentUserOptions)]

"""Catalogs and packages, and what a catalog can hand out.

These types name each other, so they stand in one module. A catalog takes a resource in by a
resource request; a package then holds pairs of one role and one scope of it. For a group the roles
are ``Member_{groupId}`` and ``Owner_{groupId}``, and the only scope is its root.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import field

from ostiary.directory.model import Group
from ostiary.entitlement.model.attributes import AccessPackageResourceAttribute
from ostiary.entitlement.model.enums import (
    AccessPackageCatalogState,
    AccessPackageCatalogType,
    AccessPackageRequestState,
    AccessPackageRequestType,
    AllowedTargetScope,
    RoleType,
)
from ostiary.entitlement.model.extensions import (
    CustomAccessPackageWorkflowExtension,
    CustomExtensionStageSetting,
)
from ostiary.entitlement.model.policies import (
    AccessPackageAssignmentApprovalSettings,
    AccessPackageAssignmentRequestorSettings,
    AccessPackageAssignmentReviewSettings,
    AccessPackageAutomaticRequestSettings,
    AccessPackageNotificationSettings,
)
from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.entitlement.model.schedules import ExpirationPattern
from ostiary.entitlement.model.subjects import AccessPackageSubject, SubjectSet
from ostiary.extensions.model import CustomCalloutExtension, CustomExtensionEndpointConfiguration
from ostiary.graph.types import (
    UNSET,
    Also,
    Beta,
    BetaOnly,
    Complex,
    Entity,
    Nav,
    ReadOnly,
    UnsetType,
)


class AccessPackageCatalog(Entity, kw_only=True):
    """A container of packages and of the resources that they may hand out."""

    catalog_type: Annotated[AccessPackageCatalogType, Beta(pascal=True)] = (
        AccessPackageCatalogType.USER_MANAGED
    )
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str
    is_externally_visible: bool = True
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    state: Annotated[AccessPackageCatalogState, Beta("catalogStatus", pascal=True)] = (
        AccessPackageCatalogState.PUBLISHED
    )
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    access_packages: Annotated[list[AccessPackage] | UnsetType, Nav()] = UNSET
    custom_workflow_extensions: Annotated[
        list[CustomCalloutExtension] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageCustomWorkflowExtensions"),
    ] = UNSET
    custom_access_package_workflow_extensions: Annotated[
        list[CustomAccessPackageWorkflowExtension] | UnsetType, Nav(contained=True), BetaOnly
    ] = UNSET
    resource_roles: Annotated[
        list[AccessPackageResourceRole] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResourceRoles"),
    ] = UNSET
    resources: Annotated[
        list[AccessPackageResource] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResources"),
    ] = UNSET
    resource_scopes: Annotated[
        list[AccessPackageResourceScope] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResourceScopes"),
    ] = UNSET


class AccessPackage(Entity, kw_only=True):
    """A bundle of roles that can be asked for as one."""

    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str
    is_hidden: bool = False
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    catalog_id: Annotated[str | None, BetaOnly] = None
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    is_role_scopes_visible: Annotated[bool | None, BetaOnly] = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    access_packages_incompatible_with: Annotated[list[AccessPackage] | UnsetType, Nav()] = UNSET
    assignment_policies: Annotated[
        list[AccessPackageAssignmentPolicy] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageAssignmentPolicies"),
    ] = UNSET
    catalog: Annotated[
        AccessPackageCatalog | UnsetType | None, Nav(), Beta("accessPackageCatalog")
    ] = UNSET
    incompatible_access_packages: Annotated[list[AccessPackage] | UnsetType, Nav()] = UNSET
    incompatible_groups: Annotated[list[Group] | UnsetType, Nav()] = UNSET
    resource_role_scopes: Annotated[
        list[AccessPackageResourceRoleScope] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResourceRoleScopes"),
    ] = UNSET


class MoveToCatalogParameters(Complex, kw_only=True):
    """The body of ``moveToCatalog``."""

    catalog_id: str


class AccessPackageAssignmentPolicy(Entity, kw_only=True):
    """Who may have a package, who must agree, for how long, and which extensions are called."""

    allowed_target_scope: AllowedTargetScope = AllowedTargetScope.NOT_SPECIFIED
    automatic_request_settings: AccessPackageAutomaticRequestSettings | None = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str
    expiration: ExpirationPattern | None = None
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    notification_settings: Annotated[
        AccessPackageNotificationSettings | None, Beta("accessPackageNotificationSettings")
    ] = None
    request_approval_settings: AccessPackageAssignmentApprovalSettings | None = None
    requestor_settings: AccessPackageAssignmentRequestorSettings | None = None
    review_settings: Annotated[
        AccessPackageAssignmentReviewSettings | None, Beta("accessReviewSettings")
    ] = None
    specific_allowed_targets: list[SubjectSet] = field(default_factory=list)
    access_package_id: Annotated[str | None, BetaOnly] = None
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    access_package: Annotated[AccessPackage | UnsetType | None, Nav()] = UNSET
    catalog: Annotated[
        AccessPackageCatalog | UnsetType | None, Nav(), Beta("accessPackageCatalog")
    ] = UNSET
    custom_extension_stage_settings: Annotated[
        list[CustomExtensionStageSetting] | UnsetType,
        Nav(contained=True),
        Also("customExtensionHandlers"),
    ] = UNSET
    questions: Annotated[list[AccessPackageQuestion] | UnsetType, Nav(contained=True)] = UNSET


class ConnectionInfo(Complex, kw_only=True):
    """Where an environment is reached."""

    url: str | None = None


class AccessPackageResourceEnvironment(Entity, kw_only=True):
    """The place that a resource lives in, where there are several."""

    resources: Annotated[
        list[AccessPackageResource] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResources"),
    ] = UNSET
    connection_info: ConnectionInfo | None = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str | None = None
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    is_default_environment: bool | None = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    origin_id: str | None = None
    origin_system: str | None = None


class AccessPackageResource(Entity, kw_only=True):
    """A group, an application or a site that a catalog may hand out."""

    attributes: list[AccessPackageResourceAttribute] | None = None
    created_date_time: Annotated[datetime | None, Beta("addedOn"), ReadOnly] = None
    description: str | None = None
    display_name: str | None = None
    modified_date_time: Annotated[datetime | None, Beta(absent=True), ReadOnly] = None
    origin_id: str | None = None
    origin_system: str | None = None
    added_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    is_pending_onboarding: Annotated[bool | None, BetaOnly, ReadOnly] = None
    resource_type: Annotated[str | None, BetaOnly] = None
    url: Annotated[str | None, BetaOnly] = None
    environment: Annotated[
        AccessPackageResourceEnvironment | UnsetType | None,
        Nav(),
        Beta("accessPackageResourceEnvironment"),
    ] = UNSET
    roles: Annotated[
        list[AccessPackageResourceRole] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResourceRoles"),
    ] = UNSET
    scopes: Annotated[
        list[AccessPackageResourceScope] | UnsetType,
        Nav(contained=True),
        Beta("accessPackageResourceScopes"),
    ] = UNSET


class CustomDataProvidedResource(AccessPackageResource, kw_only=True):
    """A resource that is described by uploaded data."""

    notification_endpoint_configuration: CustomExtensionEndpointConfiguration | None = None


class AccessPackageResourceRole(Entity, kw_only=True):
    """What somebody can be to a resource."""

    description: str | None = None
    display_name: str | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    type: Annotated[RoleType | None, Beta(absent=True)] = None
    resource: Annotated[
        AccessPackageResource | UnsetType | None,
        Nav(contained=True),
        Beta("accessPackageResource"),
    ] = UNSET


class AccessPackageResourceScope(Entity, kw_only=True):
    """The part of a resource that a role holds for."""

    description: str | None = None
    display_name: str | None = None
    is_root_scope: bool | None = None
    origin_id: str | None = None
    origin_system: str | None = None
    role_origin_id: Annotated[str | None, BetaOnly] = None
    url: Annotated[str | None, BetaOnly] = None
    resource: Annotated[
        AccessPackageResource | UnsetType | None,
        Nav(contained=True),
        Beta("accessPackageResource"),
    ] = UNSET


class AccessPackageResourceRoleScope(Entity, kw_only=True):
    """One role in one scope, as a package holds it; its id is ``{roleId}_{scopeId}``.

    It never changes.
    """

    created_date_time: Annotated[datetime | None, ReadOnly] = None
    created_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_by: Annotated[str | None, BetaOnly, ReadOnly] = None
    modified_date_time: Annotated[datetime | None, BetaOnly, ReadOnly] = None
    role: Annotated[
        AccessPackageResourceRole | UnsetType | None,
        Nav(contained=True),
        Beta("accessPackageResourceRole"),
    ] = UNSET
    scope: Annotated[
        AccessPackageResourceScope | UnsetType | None,
        Nav(contained=True),
        Beta("accessPackageResourceScope"),
    ] = UNSET


class AccessPackageResourceRequest(Entity, kw_only=True):
    """The act of adding a resource to a catalog, changing it there, or removing it."""

    request_type: Annotated[AccessPackageRequestType, Beta(pascal=True)]
    state: Annotated[
        AccessPackageRequestState | None, Beta("requestState", pascal=True), ReadOnly
    ] = None
    created_date_time: Annotated[datetime | None, Beta(absent=True), ReadOnly] = None
    catalog_id: Annotated[str | None, BetaOnly] = None
    execute_immediately: Annotated[bool | None, BetaOnly] = None
    expiration_date_time: Annotated[datetime | None, BetaOnly] = None
    is_validation_only: Annotated[bool | None, BetaOnly] = None
    justification: Annotated[str | None, BetaOnly] = None
    request_status: Annotated[str | None, BetaOnly, ReadOnly] = None
    catalog: Annotated[AccessPackageCatalog | UnsetType | None, Nav(contained=True)] = UNSET
    resource: Annotated[
        AccessPackageResource | UnsetType | None,
        Nav(contained=True),
        Beta("accessPackageResource"),
    ] = UNSET
    requestor: Annotated[AccessPackageSubject | UnsetType | None, Nav(contained=True), BetaOnly] = (
        UNSET
    )

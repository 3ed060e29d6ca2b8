"""The two vocabularies of the API: what one thing is called below ``/v1.0`` and below ``/beta``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How sets and properties are called."""

    root: str
    catalogs: str
    extensions: str
    resource_requests: str
    resources: str
    role_scopes: str
    policies: str
    requests: str
    stages: str
    assignment: str
    state: str
    status: str
    assignment_state: str
    user_add: str
    admin_add: str
    admin_remove: str

    @property
    def management(self) -> str:
        """The path of entitlement management."""
        return f"{self.root}/identityGovernance/entitlementManagement"

    @property
    def workflows(self) -> str:
        """The path of lifecycle workflows."""
        return f"{self.root}/identityGovernance/lifecycleWorkflows"

    def __str__(self) -> str:
        return self.root.strip("/")


V1 = Names(
    root="/v1.0",
    catalogs="catalogs",
    extensions="customWorkflowExtensions",
    resource_requests="resourceRequests",
    resources="resources",
    role_scopes="resourceRoleScopes",
    policies="assignmentPolicies",
    requests="assignmentRequests",
    stages="stages",
    assignment="assignment",
    state="state",
    status="status",
    assignment_state="state",
    user_add="userAdd",
    admin_add="adminAdd",
    admin_remove="adminRemove",
)

BETA = Names(
    root="/beta",
    catalogs="accessPackageCatalogs",
    extensions="accessPackageCustomWorkflowExtensions",
    resource_requests="accessPackageResourceRequests",
    resources="accessPackageResources",
    role_scopes="accessPackageResourceRoleScopes",
    policies="accessPackageAssignmentPolicies",
    requests="accessPackageAssignmentRequests",
    stages="steps",
    assignment="accessPackageAssignment",
    state="requestState",
    status="requestStatus",
    assignment_state="assignmentState",
    user_add="UserAdd",
    admin_add="AdminAdd",
    admin_remove="AdminRemove",
)

"""Fixed names and ids: permissions, directory roles, well-known applications.

Tokens carry the names of permissions; ``appRoleAssignments`` and ``requiredResourceAccess`` carry
their ids. Directory roles are known by template id.
"""

from __future__ import annotations

from dataclasses import dataclass

GRAPH_URL = "https://graph.microsoft.com"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
ENTITLEMENT_MANAGEMENT_APP_ID = "810dcf14-1858-4bf2-8134-4c369fa3235b"
LIFECYCLE_WORKFLOWS_APP_ID = "ce79fdc4-cd1d-4ea5-8139-e74d7dbe0bb7"
COMMAND_LINE_APP_ID = "14d82eec-204b-4c2f-b7e8-296a70dab67e"
"""The client of tokens that are issued to a person on the command line."""

REAL_GRAPH_AUDIENCES = frozenset({GRAPH_URL, f"{GRAPH_URL}/", GRAPH_APP_ID})
"""What tokens for the real Graph are for: accepted only of issuers the operator controls."""

APPLICATIONS: dict[str, str] = {
    GRAPH_APP_ID: "Microsoft Graph",
    ENTITLEMENT_MANAGEMENT_APP_ID: "Entitlement Management",
    LIFECYCLE_WORKFLOWS_APP_ID: "Lifecycle Workflows",
    COMMAND_LINE_APP_ID: "Microsoft Graph Command Line Tools",
}


@dataclass(frozen=True, slots=True)
class PermissionName:
    """A permission that a token can carry: as a scope, as an app role, or as both."""

    name: str
    delegated_id: str | None
    application_id: str | None


_PERMISSIONS = """
EntitlementManagement.Read.All 5449aa12-1393-4ea2-a7c7-d0e06c1a56b2 c74fd47d-ed3c-45c3-9a9e-b8676de685d2
EntitlementManagement.ReadWrite.All ae7a573d-81d7-432b-ad44-4ed5c9d89038 9acd699f-1e81-4958-b001-93b1d2506e19
EntitlementMgmt-SubjectAccess.ReadWrite e9fdcbbb-8807-410f-b9ec-8d5468c7c2ac -
LifecycleWorkflows.Read.All 9bcb9916-765a-42af-bf77-02282e26b01a 7c67316a-232a-4b84-be22-cea2c0906404
LifecycleWorkflows.ReadWrite.All 84b9d731-7db8-4454-8c90-fd9e95350179 5c505cf4-8424-4b8e-aa14-ee06e3bb23e3
LifecycleWorkflows.Resume.All - bcb8ce66-f6a2-4392-b49d-2253c798a2bc
LifecycleWorkflows-Workflow.ReadBasic.All 789c445d-433c-4575-a1fc-367a58a1bd4a 021ea6db-c06b-45c6-8c9c-c1cd9a37a483
LifecycleWorkflows-Workflow.Read.All 7fabe5bd-2e47-4e61-b924-327117024e18 03b0ad3e-fc2b-4ef1-b0ff-252e865cb608
LifecycleWorkflows-Workflow.ReadWrite.All 29e49f0c-a053-4cc5-a4b1-7da0c8c1e643 94c88098-1d9d-4c42-a356-4d5a95312554
LifecycleWorkflows-Workflow.Activate df1c25b3-072c-45cd-8403-c63441e4cca1 3a87a643-13d2-47aa-8d6a-b0a8377cb03b
LifecycleWorkflows-Reports.Read.All 4d3d7f81-163f-426a-8432-5638d2e82083 fe615156-48b5-4c83-b613-e6e31a43c446
LifecycleWorkflows-CustomExt.Read.All 2973a298-1d69-4f87-8d30-7025f0ec19d7 2cb19e7d-9012-40bf-9a22-69fc776af8b0
LifecycleWorkflows-CustomExt.ReadWrite.All ef6bafb1-3019-4a22-a332-103aff92225f 3351c766-bacc-4d93-94fa-f2c8b1986ee7
User.Read e1fe6dd8-ba31-4d61-89e7-88639da4683d -
User.ReadBasic.All b340eb25-3456-403f-be2f-af7a0d370277 97235f07-e226-4f63-ace3-39588e11d3a1
User.Read.All a154be20-db9c-4678-8ab7-66f6cc099a59 df021288-bdef-4463-88db-98f22de89214
User.ReadWrite.All 204e0828-b5ca-4ad8-b9f3-f32a958e7cc4 741f803b-c850-494e-b5df-cde7c675a1ca
Group.Create - bf7b1a76-6e77-406b-b258-bf5c7720e98f
Group.Read.All 5f8c59db-677d-491f-a6b8-5f174b11ec1d 5b567255-7703-4780-807c-7be8301ae99b
Group.ReadWrite.All 4e46008b-f24c-477d-8fff-7bb4ec7aafe0 62a82d76-70ea-41e2-9197-370581804d09
GroupMember.Read.All bc024368-1153-4739-b217-4326f2e966d0 98830695-27a2-44f7-8c18-0c3ebc9698f6
GroupMember.ReadWrite.All f81125ac-d3b7-4573-a3b2-7099cc39df9e dbaae8cf-10b5-4b86-a4a1-f871c94c6695
Application.Read.All c79f8feb-a9db-4090-85f9-90d820caa0eb 9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30
Application.ReadWrite.All bdfbf15f-ee85-4955-8675-146e8e5296b5 1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9
AppRoleAssignment.ReadWrite.All 84bccea3-f856-4a8a-967b-dbe0a3d53a64 06b708a9-e830-4db3-a914-8e69da51d44f
Sites.FullControl.All 5a54b8b3-347c-476d-8f8e-42d5c7424d29 a82116e5-55eb-4c41-a434-62fe8a61c773
Organization.Read.All 4908d5b9-3fb2-4b1e-9336-1888b7937185 498476ce-e0fe-48b0-b801-37ba7e2685c6
Domain.Read.All 2f9ee017-59c1-4f1d-9472-bd5529a7b311 dbb9058a-0e50-45d7-ae91-66909b5d4664
Directory.Read.All 06da0dbc-49e2-44d2-8312-53f166ab848a 7ab1d382-f21e-4acd-a863-ba3e13f7da61
Directory.ReadWrite.All c5366453-9fb0-48a5-a156-24f0c49a4b84 19dbc75e-c2e2-444c-a770-ec69d8559fc7
RoleManagement.Read.All 48fec646-b2ba-4019-8681-8eb31435aded c7fbd983-d9aa-4fa7-84b8-17382c103bc4
RoleManagement.Read.Directory 741c54c3-0c1e-44a1-818b-3f97ab4e8c83 483bed4a-2ad3-4361-a73b-c83ccdbdc53c
RoleManagement.ReadWrite.Directory d01b97e9-cbc0-49fe-810a-750afd5527a3 9e3f62cf-ca93-4989-b6ce-bf83c28f9fe8
AuditLog.Read.All e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20 b0afded3-3588-46d8-8b3d-9842eff778da
"""  # noqa: E501  # a row is a name and two ids: delegated, application


def _permission(row: str) -> PermissionName:
    name, delegated, application = row.split()
    return PermissionName(
        name,
        None if delegated == "-" else delegated,
        None if application == "-" else application,
    )


PERMISSIONS: dict[str, PermissionName] = {
    permission.name: permission for permission in map(_permission, _PERMISSIONS.strip().split("\n"))
}
"""Every permission by name."""

APP_ROLE_NAMES: dict[str, str] = {
    permission.application_id: permission.name
    for permission in PERMISSIONS.values()
    if permission.application_id
}
"""The name of an application permission by its id."""

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
IDENTITY_GOVERNANCE_ADMINISTRATOR = "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e"
LIFECYCLE_WORKFLOWS_ADMINISTRATOR = "59d46f88-662b-457b-bceb-5c3809e5908f"
GLOBAL_READER = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
SECURITY_READER = "5d6b6bb7-de71-4623-b4af-96380a352509"
SECURITY_ADMINISTRATOR = "194ae4cb-b126-40b2-bd5b-6091b380977d"
COMPLIANCE_ADMINISTRATOR = "17315797-102d-40b4-93e0-432062caca18"
USER_ADMINISTRATOR = "fe930be7-5e62-47db-91af-98c3a49a38b1"
PRIVILEGED_ROLE_ADMINISTRATOR = "e8611ab8-c189-46e8-94e1-60213ab1f814"
REPORTS_READER = "4a5d8f65-41da-4de4-8968-e035b65339cf"
DIRECTORY_READERS = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b"
GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
APPLICATION_ADMINISTRATOR = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"
CLOUD_APPLICATION_ADMINISTRATOR = "158c047a-c907-4556-b7ef-446551a6b5f7"
SHAREPOINT_ADMINISTRATOR = "f28a1f50-f6e7-4571-818b-6a12f2af6b6c"

ORDINARY_USER_MARKER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
"""Stands in ``wids`` of every user's token and is no administrative role."""

DIRECTORY_ROLES: dict[str, str] = {
    GLOBAL_ADMINISTRATOR: "Global Administrator",
    IDENTITY_GOVERNANCE_ADMINISTRATOR: "Identity Governance Administrator",
    LIFECYCLE_WORKFLOWS_ADMINISTRATOR: "Lifecycle Workflows Administrator",
    GLOBAL_READER: "Global Reader",
    SECURITY_READER: "Security Reader",
    SECURITY_ADMINISTRATOR: "Security Administrator",
    COMPLIANCE_ADMINISTRATOR: "Compliance Administrator",
    USER_ADMINISTRATOR: "User Administrator",
    PRIVILEGED_ROLE_ADMINISTRATOR: "Privileged Role Administrator",
    REPORTS_READER: "Reports Reader",
    DIRECTORY_READERS: "Directory Readers",
    GROUPS_ADMINISTRATOR: "Groups Administrator",
    APPLICATION_ADMINISTRATOR: "Application Administrator",
    CLOUD_APPLICATION_ADMINISTRATOR: "Cloud Application Administrator",
    SHAREPOINT_ADMINISTRATOR: "SharePoint Administrator",
}
"""The name of a directory role by its template id."""


def directory_role(name_or_id: str) -> str | None:
    """Give the template id of a directory role named or numbered so, in any case; None: no such."""
    wanted = name_or_id.strip().lower()
    return next((i for i, name in DIRECTORY_ROLES.items() if wanted in (i, name.lower())), None)

"""The permission matrix as data.

One constant per row. A write permission includes the read of its family. Directory roles count in
delegated calls only; where a row has none, a person needs no role beyond the scope.
"""

from __future__ import annotations

from ostiary.identity import catalogue as c
from ostiary.identity.permissions import Permission

EM_R = "EntitlementManagement.Read.All"
EM_W = "EntitlementManagement.ReadWrite.All"
EM_S = "EntitlementMgmt-SubjectAccess.ReadWrite"
LW_R = "LifecycleWorkflows.Read.All"
LW_W = "LifecycleWorkflows.ReadWrite.All"
WORKFLOW = "LifecycleWorkflows-Workflow"
EXTENSION = "LifecycleWorkflows-CustomExt"
REPORTS = "LifecycleWorkflows-Reports.Read.All"
DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
ROLES_R = "RoleManagement.Read.Directory"
ROLES_W = "RoleManagement.ReadWrite.Directory"

_GOVERNORS = frozenset({c.GLOBAL_ADMINISTRATOR, c.IDENTITY_GOVERNANCE_ADMINISTRATOR})
_GOVERNANCE_READERS = _GOVERNORS | {
    c.GLOBAL_READER,
    c.SECURITY_READER,
    c.SECURITY_ADMINISTRATOR,
    c.COMPLIANCE_ADMINISTRATOR,
}
_ROLE_MANAGERS = _GOVERNORS | {c.PRIVILEGED_ROLE_ADMINISTRATOR}
_ROLE_READERS = _GOVERNANCE_READERS | {c.PRIVILEGED_ROLE_ADMINISTRATOR}
_WORKFLOW_ADMINS = frozenset({c.GLOBAL_ADMINISTRATOR, c.LIFECYCLE_WORKFLOWS_ADMINISTRATOR})
_WORKFLOW_READERS = _WORKFLOW_ADMINS | {c.GLOBAL_READER}
_USER_ADMINS = frozenset({c.GLOBAL_ADMINISTRATOR, c.USER_ADMINISTRATOR})
_GROUP_ADMINS = _USER_ADMINS | {c.GROUPS_ADMINISTRATOR}
_APP_ADMINS = frozenset(
    {c.GLOBAL_ADMINISTRATOR, c.APPLICATION_ADMINISTRATOR, c.CLOUD_APPLICATION_ADMINISTRATOR}
)
_AUDIT_READERS = frozenset(
    {
        c.GLOBAL_ADMINISTRATOR,
        c.GLOBAL_READER,
        c.REPORTS_READER,
        c.SECURITY_READER,
        c.SECURITY_ADMINISTRATOR,
    }
)

MATRIX: dict[str, Permission] = {}
"""Every row by name."""


def _row(
    name: str,
    delegated: tuple[str, ...],
    application: tuple[str, ...] | None = None,
    *,
    roles: frozenset[str] = frozenset(),
) -> Permission:
    """Add a row; ``application`` is as ``delegated`` unless given, and empty for no support."""
    permission = Permission(
        name=name,
        delegated=frozenset(delegated),
        application=frozenset(delegated if application is None else application),
        directory_roles=roles,
        relation=not roles,
    )
    MATRIX[name] = permission
    return permission


# 11.1 Entitlement management

EM_READ = _row("em.read", (EM_R, EM_W), roles=_GOVERNANCE_READERS)
EM_WRITE = _row("em.write", (EM_W,), roles=_GOVERNORS)
EM_RESUME = _row("em.resume", (EM_W,), roles=_GOVERNORS)
EM_REQUEST = _row("em.request", (EM_W, EM_S), (EM_W,))
"""POST assignmentRequests. A request for somebody else needs a role: the use case sees to it."""
EM_CANCEL = _row("em.cancel", (EM_W, EM_S), ())
EM_MINE = _row("em.mine", (EM_R, EM_W, EM_S), ())
"""filterByCurrentUser on packages, assignments, requests; getApplicablePolicyRequirements."""
EM_OFFERED = _row("em.offered", (EM_R, EM_W, EM_S), (EM_R, EM_W))
"""Suggestions, and what can be requested (availableAccessPackages)."""
EM_ADDITIONAL_ACCESS = _row("em.additionalAccess", (EM_R, EM_W), (), roles=_GOVERNANCE_READERS)
EM_APPROVAL_READ = _row("em.approval.read", (EM_R, EM_W), ())
EM_APPROVAL_DECIDE = _row("em.approval.decide", (EM_W,), ())
"""Approvals that ask for the caller: filterByCurrentUser, and the decision itself."""
EM_ROLE_ASSIGNMENTS_READ = _row(
    "em.roleAssignments.read", (EM_R, EM_W, ROLES_R, ROLES_W), roles=_ROLE_READERS
)
EM_ROLE_ASSIGNMENTS_WRITE = _row("em.roleAssignments.write", (EM_W, ROLES_W), roles=_ROLE_MANAGERS)
EM_ROLE_DEFINITIONS_READ = _row(
    "em.roleDefinitions.read", (EM_R, EM_W, "RoleManagement.Read.All"), roles=_ROLE_READERS
)

# 11.2 Lifecycle workflows

LW_WORKFLOWS_READ = _row(
    "lw.workflows.read",
    (f"{WORKFLOW}.ReadBasic.All", f"{WORKFLOW}.Read.All", f"{WORKFLOW}.ReadWrite.All", LW_R, LW_W),
    roles=_WORKFLOW_READERS,
)
LW_DETAILS_READ = _row(
    "lw.details.read",
    (f"{WORKFLOW}.Read.All", f"{WORKFLOW}.ReadWrite.All", LW_R, LW_W),
    roles=_WORKFLOW_READERS,
)
"""Tasks, versions, scopes, deleted workflows, previewTaskFailures."""
LW_WRITE = _row("lw.write", (f"{WORKFLOW}.ReadWrite.All", LW_W), roles=_WORKFLOW_ADMINS)
LW_ACTIVATE = _row(
    "lw.activate",
    (f"{WORKFLOW}.Activate", f"{WORKFLOW}.ReadWrite.All", LW_W),
    roles=_WORKFLOW_ADMINS,
)
LW_REPORTS_READ = _row("lw.reports.read", (REPORTS, LW_R, LW_W), roles=_WORKFLOW_READERS)
"""Runs, results of users, subjects and tasks, task reports, summaries, insights."""
LW_SETTINGS_READ = _row("lw.settings.read", (LW_R, LW_W), roles=_WORKFLOW_READERS)
"""Settings, task definitions, workflow templates."""
LW_SETTINGS_WRITE = _row("lw.settings.write", (LW_W,), roles=_WORKFLOW_ADMINS)
LW_EXTENSIONS_READ = _row(
    "lw.extensions.read",
    (f"{EXTENSION}.Read.All", f"{EXTENSION}.ReadWrite.All", LW_R, LW_W),
    roles=_WORKFLOW_READERS,
)
LW_EXTENSIONS_WRITE = _row(
    "lw.extensions.write", (f"{EXTENSION}.ReadWrite.All", LW_W), roles=_WORKFLOW_ADMINS
)
LW_RESUME = _row(
    "lw.resume", (LW_W,), (LW_W, "LifecycleWorkflows.Resume.All"), roles=_WORKFLOW_ADMINS
)
"""Or no permission at all for an application that the extension trusts."""

# 11.3 Directory and audit

_USERS_R = ("User.Read.All", "User.ReadWrite.All", *DIRECTORY)
_GROUPS_R = ("Group.Read.All", "Group.ReadWrite.All", *DIRECTORY)
_MEMBERS_R = ("GroupMember.Read.All", "GroupMember.ReadWrite.All", *_GROUPS_R)
_APPLICATIONS_R = ("Application.Read.All", "Application.ReadWrite.All", *DIRECTORY)

ME_READ = _row("me.read", ("User.Read", "User.ReadBasic.All", *_USERS_R), ())
USERS_READ = _row("users.read", ("User.ReadBasic.All", *_USERS_R))
USERS_DETAILS_READ = _row("users.details.read", _USERS_R)
"""Manager, delta, and the properties that User.ReadBasic.All does not show."""
_NAMES_R = ("User.ReadBasic.All", *_USERS_R)
ORGANIZATION_READ = _row(
    "organization.read",
    ("User.Read", "Organization.Read.All", *_NAMES_R),
    ("Organization.Read.All", *_NAMES_R),
)
DOMAINS_READ = _row("domains.read", ("Domain.Read.All", *_NAMES_R))
USERS_WRITE = _row(
    "users.write", ("User.ReadWrite.All", "Directory.ReadWrite.All"), roles=_USER_ADMINS
)
GROUPS_READ = _row("groups.read", _MEMBERS_R)
GROUPS_CREATE = _row(
    "groups.create",
    ("Group.ReadWrite.All", "Directory.ReadWrite.All"),
    ("Group.Create", "Group.ReadWrite.All", "Directory.ReadWrite.All"),
    roles=_GROUP_ADMINS,
)
GROUPS_WRITE = _row(
    "groups.write", ("Group.ReadWrite.All", "Directory.ReadWrite.All"), roles=_GROUP_ADMINS
)
GROUP_MEMBERS_READ = _row("groups.members.read", _MEMBERS_R)
GROUP_MEMBERS_WRITE = _row(
    "groups.members.write",
    ("GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"),
    roles=_GROUP_ADMINS,
)
APPLICATIONS_READ = _row("applications.read", _APPLICATIONS_R)
APPLICATIONS_WRITE = _row(
    "applications.write",
    ("Application.ReadWrite.All", "Directory.ReadWrite.All"),
    roles=_APP_ADMINS,
)
APP_ROLES_READ = _row(
    "appRoleAssignments.read", (*_APPLICATIONS_R, "AppRoleAssignment.ReadWrite.All")
)
APP_ROLES_WRITE = _row(
    "appRoleAssignments.write",
    ("AppRoleAssignment.ReadWrite.All",),
    roles=frozenset({c.GLOBAL_ADMINISTRATOR, c.PRIVILEGED_ROLE_ADMINISTRATOR}),
)
DIRECTORY_OBJECTS_READ = _row("directoryObjects.read", DIRECTORY)
AUDIT_READ = _row("audit.read", ("AuditLog.Read.All",), roles=_AUDIT_READERS)
MAIL_RESEND = _row("mails.resend", (EM_W, LW_W), roles=_GOVERNORS)
"""Operator route: send a kept mail again. Reading mails takes what reading the audit log takes."""

"""The tables of entitlement management.

Requests and assignments refer to people, packages and policies by id alone: they are history, and
outlive what they name. Unique columns decide races in the database: ``holder_key`` lets one
assignment of a package to a target be asked for or held at a time, ``removal_of`` and ``update_of``
let one removal and one change of an assignment be open at a time. All are null for what has ended.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from ostiary.extensions.tables import custom_extensions
from ostiary.storage.tables import Instant, Json, metadata

catalogs: Final = Table(
    "catalogs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("description", Text),
    Column("state", String(32), nullable=False),
    Column("catalog_type", String(32), nullable=False),
    Column("is_externally_visible", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", Text),
)

resource_environments: Final = Table(
    "resource_environments",
    metadata,
    # Places that the settings name; resources refer to them, so none is ever deleted.
    Column("id", String(36), primary_key=True),
    Column("origin_system", String(64), nullable=False),
    Column("origin_id", String(255), nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    Column("url", Text),
    Column("is_default", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("modified_at", Instant, nullable=False),
)

catalog_resources: Final = Table(
    "catalog_resources",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("catalog_id", String(36), ForeignKey("catalogs.id"), nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    Column("origin_id", String(255), nullable=False),
    Column("origin_system", String(64), nullable=False),
    Column("resource_type", Text),
    Column("url", Text),
    Column("environment_id", String(36)),
    Column("attributes", Json),
    Column("asks_for_attributes", Boolean, nullable=False),
    Column("notification_endpoint", Json),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Index("uq_catalog_resources_origin", "catalog_id", "origin_system", "origin_id", unique=True),
)

resource_roles: Final = Table(
    "resource_roles",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("catalog_id", String(36), ForeignKey("catalogs.id"), nullable=False),
    Column("resource_id", String(36), ForeignKey("catalog_resources.id"), nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    Column("origin_id", String(255), nullable=False),
    Column("origin_system", String(64), nullable=False),
    Index("uq_resource_roles_origin", "resource_id", "origin_id", unique=True),
    Index("ix_resource_roles_catalog_id", "catalog_id"),
)

resource_scopes: Final = Table(
    "resource_scopes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("catalog_id", String(36), ForeignKey("catalogs.id"), nullable=False),
    Column("resource_id", String(36), ForeignKey("catalog_resources.id"), nullable=False),
    Column("display_name", Text),
    Column("description", Text),
    Column("origin_id", String(255), nullable=False),
    Column("origin_system", String(64), nullable=False),
    Column("is_root_scope", Boolean, nullable=False),
    Column("url", Text),
    Index("uq_resource_scopes_origin", "resource_id", "origin_id", unique=True),
    Index("ix_resource_scopes_catalog_id", "catalog_id"),
)

resource_requests: Final = Table(
    "resource_requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_type", String(32), nullable=False),
    Column("state", String(32), nullable=False),
    Column("catalog_id", String(36), nullable=False),
    Column("resource_id", String(36), nullable=False),
    Column("requestor_id", String(36), nullable=False),
    Column("execute_immediately", Boolean),
    Column("justification", Text),
    Column("created_at", Instant, nullable=False),
    Index("ix_resource_requests_catalog_id", "catalog_id"),
)

access_packages: Final = Table(
    "access_packages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("catalog_id", String(36), ForeignKey("catalogs.id"), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text),
    Column("is_hidden", Boolean, nullable=False),
    Column("is_role_scopes_visible", Boolean),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", Text),
    Index("ix_access_packages_catalog_id", "catalog_id"),
)

package_role_scopes: Final = Table(
    "package_role_scopes",
    metadata,
    Column("package_id", String(36), ForeignKey("access_packages.id"), primary_key=True),
    Column("id", String(73), primary_key=True),  # {roleId}_{scopeId}: unique in one package only
    Column("role_id", String(36), ForeignKey("resource_roles.id"), nullable=False),
    Column("scope_id", String(36), ForeignKey("resource_scopes.id"), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Index("ix_package_role_scopes_role_id", "role_id"),
)

incompatible_packages: Final = Table(
    "incompatible_packages",
    metadata,
    # Whoever has the second does not get the first; the reverse is a row of its own.
    Column("package_id", String(36), ForeignKey("access_packages.id"), primary_key=True),
    Column("incompatible_id", String(36), ForeignKey("access_packages.id"), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index("ix_incompatible_packages_incompatible_id", "incompatible_id"),
)

incompatible_groups: Final = Table(
    "incompatible_groups",
    metadata,
    Column("package_id", String(36), ForeignKey("access_packages.id"), primary_key=True),
    Column("group_id", String(36), primary_key=True),
    Column("added_at", Instant, nullable=False),
)

policy_terms: Final = Table(
    "policy_terms",
    metadata,
    # Never changed: each edit of a policy adds a row, and requests keep the one they began with.
    Column("id", String(36), primary_key=True),
    Column("policy_id", String(36), nullable=False),
    Column("document", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
)

assignment_policies: Final = Table(
    "assignment_policies",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("package_id", String(36), ForeignKey("access_packages.id"), nullable=False),
    Column("catalog_id", String(36), nullable=False),
    Column("terms_id", String(36), ForeignKey("policy_terms.id"), nullable=False),
    Column("display_name", Text, nullable=False),
    Column("description", Text),
    Column("allowed_target_scope", String(64), nullable=False),
    # The package, if the policy gives it by a rule: a package has one such policy at most.
    Column("automatic_of", String(36), unique=True),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", Text),
    Index("ix_assignment_policies_package_id", "package_id"),
)

policy_stage_settings: Final = Table(
    "policy_stage_settings",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("policy_id", String(36), ForeignKey("assignment_policies.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("stage", String(64), nullable=False),
    Column("extension_id", String(36), ForeignKey(custom_extensions.c.id), nullable=False),
    Index("ix_policy_stage_settings_policy_id", "policy_id"),
    Index("ix_policy_stage_settings_extension_id", "extension_id"),
)

subjects: Final = Table(
    "subjects",
    metadata,
    Column("id", String(36), primary_key=True),  # the object's own id for who is in the directory
    Column("object_id", String(36), unique=True),
    Column("subject_type", String(32), nullable=False),
    Column("display_name", Text),
    Column("email", Text),
    Column("principal_name", Text),
    Column("subject_lifecycle", String(32), nullable=False),
    Column("domain", String(255)),  # of the mail address of somebody from elsewhere
    Column("connected_organization_id", String(36)),
    Column("blocked_at", Instant),  # when their sign-in was blocked because nothing was left
    Column("cleanup_at", Instant),  # when they will be deleted
    Index("ix_subjects_domain", "domain"),
    Index("ix_subjects_connected_organization_id", "connected_organization_id"),
)

connected_organizations: Final = Table(
    "connected_organizations",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("display_name", Text, nullable=False),
    Column("description", Text),
    Column("state", String(32), nullable=False),
    Column("identity_sources", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", Text),
)

connected_organization_keys: Final = Table(
    "connected_organization_keys",
    metadata,
    # By what people are known to be of an organisation; one key leads to one organisation.
    Column("key", String(300), primary_key=True),
    Column("organization_id", String(36), ForeignKey("connected_organizations.id"), nullable=False),
    Index("ix_connected_organization_keys_organization_id", "organization_id"),
)

control_configurations: Final = Table(
    "control_configurations",
    metadata,
    Column("id", String(64), primary_key=True),  # the literal name of the configuration
    Column("kind", String(128), nullable=False),  # the type's qualified name in the schema
    Column("document", Json, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("created_by", Text),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", Text),
)

internal_sponsors: Final = Table(
    "connected_organization_internal_sponsors",
    metadata,
    Column(
        "organization_id", String(36), ForeignKey("connected_organizations.id"), primary_key=True
    ),
    Column("sponsor_id", String(36), primary_key=True),
    Column("added_at", Instant, nullable=False),
)

external_sponsors: Final = Table(
    "connected_organization_external_sponsors",
    metadata,
    Column(
        "organization_id", String(36), ForeignKey("connected_organizations.id"), primary_key=True
    ),
    Column("sponsor_id", String(36), primary_key=True),
    Column("added_at", Instant, nullable=False),
)

Index(
    "uq_subjects_email",  # one invitation for an address
    subjects.c.email,
    unique=True,
    sqlite_where=subjects.c.object_id.is_(None),
    postgresql_where=subjects.c.object_id.is_(None),
)

assignments: Final = Table(
    "assignments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("catalog_id", String(36), nullable=False),
    Column("package_id", String(36), nullable=False),
    Column("policy_id", String(36), nullable=False),
    Column("target_id", String(36), nullable=False),
    Column("state", String(32), nullable=False),
    Column("status", String(64), nullable=False),
    Column("holder_key", String(73), unique=True),
    Column("given_at", Instant),
    Column("starts_at", Instant),
    Column("ends_at", Instant),
    Column("expired_at", Instant),
    Column("is_extended", Boolean, nullable=False),
    Column("leaves_at", Instant),  # when the time of grace after an automatic policy is up
    Column("answers", Json),  # those in force; requests are forgotten sooner than assignments
    Index("ix_assignments_target_id", "target_id"),
    Index("ix_assignments_package_id", "package_id"),
    Index("ix_assignments_policy_id", "policy_id"),
)

resource_rights: Final = Table(
    "resource_rights",
    metadata,
    # What a person is to be to a resource, however many assignments want it: see ``rights``.
    Column("id", String(36), primary_key=True),
    Column("principal_id", String(36), nullable=False),
    Column("origin_system", String(64), nullable=False),
    Column("resource_origin_id", String(255), nullable=False),
    Column("role_origin_id", String(255), nullable=False),
    Column("scope_origin_id", String(255), nullable=False),
    Column("role_id", String(36), nullable=False),
    Column("scope_id", String(36), nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason", Text),
    Column("given_at", Instant),
    Column("call_id", String(36)),
    Index("ix_resource_rights_principal_id", "principal_id"),
)

assignment_reminders: Final = Table(
    "assignment_reminders",
    metadata,
    # What was told before which end, so that it is told once; and how far its calls have come.
    Column("assignment_id", String(36), primary_key=True),
    Column("stage", String(64), primary_key=True),
    Column("ends_at", Instant, primary_key=True),
    Column("extension_ids", Json, nullable=False),
    Column("position", Integer, nullable=False),
    Column("callout_id", String(36)),
    Column("created_at", Instant, nullable=False),
    Index("ix_assignment_reminders_callout_id", "callout_id"),
)

assignment_roles: Final = Table(
    "assignment_roles",
    metadata,
    # Which rights an assignment wants; one that it wants no more stays until the right is gone.
    Column("assignment_id", String(36), primary_key=True),
    Column("role_scope_id", String(73), primary_key=True),
    Column("right_id", String(36), nullable=False),
    Column("target_id", String(36), nullable=False),
    Column("is_wanted", Boolean, nullable=False),
    Column("added_at", Instant, nullable=False),
    Index("ix_assignment_roles_right_id", "right_id"),
)

assignment_requests: Final = Table(
    "assignment_requests",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_type", String(32), nullable=False),
    Column("state", String(32), nullable=False),
    Column("status", String(64), nullable=False),
    Column("phase", String(32), nullable=False),
    Column("position", Integer, nullable=False),
    Column("awaits", String(16)),
    Column("callout_id", String(36)),
    Column("catalog_id", String(36), nullable=False),
    Column("package_id", String(36), nullable=False),
    Column("policy_id", String(36), nullable=False),
    Column("terms_id", String(36), nullable=False),
    Column("assignment_id", String(36)),
    Column("target_id", String(36), nullable=False),
    Column("requestor_id", String(36), nullable=False),
    Column("created_by", String(36)),  # the object id of whoever sent it; null: the server
    Column("needs_approval", Boolean, nullable=False),
    Column("is_told_first", Boolean, nullable=False),
    Column("removal_of", String(36), unique=True),
    Column("update_of", String(36), unique=True),
    Column("start_at", Instant),
    Column("schedule", Json),
    Column("answers", Json),
    Column("justification", Text),
    Column("created_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Index("ix_assignment_requests_created_at", "created_at"),
    Index("ix_assignment_requests_completed_at", "completed_at", "id"),
    Index("ix_assignment_requests_target_id", "target_id"),
    Index("ix_assignment_requests_requestor_id", "requestor_id"),
    Index("ix_assignment_requests_created_by", "created_by"),
    Index("ix_assignment_requests_package_id", "package_id"),
    Index("ix_assignment_requests_assignment_id", "assignment_id"),
)

approval_stages: Final = Table(
    "approval_stages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_id", String(36), nullable=False),
    Column("position", Integer, nullable=False),
    Column("status", String(32), nullable=False),
    Column("result", String(32), nullable=False),
    Column("needs_justification", Boolean, nullable=False),
    Column("visibility", String(16), nullable=False),  # whether the requestor sees who decides
    Column("document", Json),  # what an extension has said of the stage; null: as the policy says
    Column("due_at", Instant),
    Column("escalates_at", Instant),
    Column("is_escalated", Boolean, nullable=False),
    Column("reviewer_id", String(36)),
    Column("reviewer_name", Text),
    Column("reviewed_at", Instant),
    Column("justification", Text),
    Index("uq_approval_stages_position", "request_id", "position", unique=True),
)

approval_seats: Final = Table(
    "approval_seats",
    metadata,
    # Who is asked: users, and groups for their members, so that a large group is one row.
    Column("stage_id", String(36), primary_key=True),
    Column("principal_id", String(36), primary_key=True),
    Column("chair", String(16), primary_key=True),
    Column("request_id", String(36), nullable=False),
    Index("ix_approval_seats_principal_id", "principal_id"),
    Index("ix_approval_seats_request_id", "request_id"),
)

role_assignments: Final = Table(
    "entitlement_role_assignments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("principal_id", String(36), nullable=False),
    Column("role_definition_id", String(36), nullable=False),
    Column("app_scope_id", String(128), nullable=False),
    Column("catalog_id", String(36)),  # null: the whole service
    Column("created_at", Instant, nullable=False),
    Index(
        "uq_entitlement_role_assignments_grant",
        "principal_id",
        "role_definition_id",
        "app_scope_id",
        unique=True,
    ),
    Index("ix_entitlement_role_assignments_catalog_id", "catalog_id"),
)

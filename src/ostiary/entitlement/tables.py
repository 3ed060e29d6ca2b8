"""The tables of entitlement management: of what is configured here, and all the others."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from ostiary.entitlement.people_tables import (
    connected_organization_keys,
    connected_organizations,
    external_sponsors,
    internal_sponsors,
    subjects,
)
from ostiary.entitlement.running_tables import (
    approval_seats,
    approval_stages,
    assignment_reminders,
    assignment_requests,
    assignment_roles,
    assignments,
    resource_rights,
)
from ostiary.extensions.tables import custom_extensions
from ostiary.storage.tables import Instant, Json, metadata

__all__ = [
    "access_packages",
    "approval_seats",
    "approval_stages",
    "assignment_policies",
    "assignment_reminders",
    "assignment_requests",
    "assignment_roles",
    "assignments",
    "catalog_resources",
    "catalogs",
    "connected_organization_keys",
    "connected_organizations",
    "control_configurations",
    "external_sponsors",
    "incompatible_groups",
    "incompatible_packages",
    "internal_sponsors",
    "package_role_scopes",
    "policy_stage_settings",
    "policy_terms",
    "resource_environments",
    "resource_requests",
    "resource_rights",
    "resource_roles",
    "resource_scopes",
    "role_assignments",
    "subjects",
]

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
    Column("expires_at", Instant),  # when the resource that was added is removed again
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
    Column("asks_all_at_once", Boolean, nullable=False),  # v1.0, the document's form, has no word
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

"""The directory's tables.

All directory objects share one table, because links, members, owners and principals do not care
which kind the other side is, and a list of members is then one query. A row uses the columns of its
``kind``; the rest are null and take no room. What is deleted keeps its row with
``deleted_date_time`` set, and no reader sees it.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from ostiary.storage.tables import Instant, Json, metadata

directory_objects = Table(
    "directory_objects",
    metadata,
    # every kind
    Column("id", String(36), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("created_date_time", Instant, nullable=False),
    Column("deleted_date_time", Instant),
    Column("display_name", String),
    Column("description", String),
    # what only one live object of the kind may have, without regard to case: the
    # userPrincipalName of people, the appId of applications and of service principals
    Column("unique_name", String),
    # people and groups
    Column("mail", String),
    Column("mail_nickname", String),
    Column("on_premises_sam_account_name", String),
    Column("on_premises_sync_enabled", Boolean),
    Column("preferred_language", String),
    # people and service principals
    Column("account_enabled", Boolean),
    # people
    Column("user_principal_name", String),
    Column("user_type", String),
    Column("external_user_state", String),
    Column("given_name", String),
    Column("surname", String),
    Column("manager_id", String(36), ForeignKey("directory_objects.id")),
    Column("job_title", String),
    Column("department", String),
    Column("company_name", String),
    Column("office_location", String),
    Column("street_address", String),
    Column("postal_code", String),
    Column("city", String),
    Column("state", String),
    Column("country", String),
    Column("usage_location", String),
    Column("fax_number", String),
    Column("mobile_phone", String),
    Column("business_phones", Json),
    Column("other_mails", Json),
    Column("proxy_addresses", Json),
    Column("employee_id", String),
    Column("employee_type", String),
    Column("employee_hire_date", Instant),
    Column("employee_leave_date_time", Instant),
    Column("cost_center", String),
    Column("division", String),
    Column("extension_attributes", Json),
    Column("on_premises_security_identifier", String),
    Column("assigned_licenses", Json),
    Column("assigned_plans", Json),
    Column("sign_in_sessions_valid_from_date_time", Instant),
    Column("last_sign_in_date_time", Instant),
    Column("last_non_interactive_sign_in_date_time", Instant),
    Column("last_successful_sign_in_date_time", Instant),
    # groups
    Column("group_types", Json),
    Column("is_assignable_to_role", Boolean),
    Column("mail_enabled", Boolean),
    Column("security_enabled", Boolean),
    Column("visibility", String),
    Column("membership_rule", String),
    Column("membership_rule_processing_state", String),
    # applications and service principals
    Column("app_id", String(36)),
    Column("app_roles", Json),
    Column("service_principal_type", String),
)

_columns = directory_objects.c
_live = _columns.deleted_date_time.is_(None)

Index(
    "uq_directory_objects_unique_name",
    _columns.kind,
    _columns.unique_name,
    unique=True,
    sqlite_where=_live,
    postgresql_where=_live,
)
Index("ix_directory_objects_kind", _columns.kind, _columns.display_name)
Index("ix_directory_objects_manager_id", _columns.manager_id)

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("member_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index("ix_memberships_member_id", "member_id"),
)

ownerships = Table(
    "ownerships",
    metadata,
    Column("object_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("owner_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index("ix_ownerships_owner_id", "owner_id"),
)

sponsorships = Table(
    "sponsorships",
    metadata,
    Column("user_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("sponsor_id", String(36), ForeignKey("directory_objects.id"), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index("ix_sponsorships_sponsor_id", "sponsor_id"),
)

directory_changes = Table(
    "directory_changes",
    metadata,
    # Says that an object of this kind is not what it was, or (with a link's name) that its link to
    # the target is not. What it is now is read where it stands. Rows are only added, and in the
    # end forgotten; they refer to objects that may be gone, so there are no foreign keys.
    Column("sequence", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("object_id", String(36), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("link", String(40)),
    Column("target_id", String(36)),
    # of an object, the attributes that changed, `,department,employeeOrgData/costCenter,`; of a
    # link, `added` or `removed`; null where an object is new, or was deleted or restored
    Column("detail", String),
    Column("at", Instant, nullable=False),
)

directory_followers = Table(
    "directory_followers",
    metadata,
    # Who is told of changes in the background, and up to which place in the journal they have been.
    Column("name", String(64), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

client_secrets = Table(
    "client_secrets",
    metadata,
    Column("key_id", String(36), primary_key=True),
    Column("application_id", String(36), ForeignKey("directory_objects.id"), nullable=False),
    Column("display_name", String),
    Column("hint", String(3), nullable=False),
    Column("secret_hash", String, nullable=False),
    Column("start_date_time", Instant, nullable=False),
    Column("end_date_time", Instant, nullable=False),
    Index("ix_client_secrets_application_id", "application_id"),
)

app_role_assignments = Table(
    "app_role_assignments",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("principal_id", String(36), ForeignKey("directory_objects.id"), nullable=False),
    Column("resource_id", String(36), ForeignKey("directory_objects.id"), nullable=False),
    Column("app_role_id", String(36), nullable=False),
    Column("created_date_time", Instant, nullable=False),
    Index(
        "uq_app_role_assignments_grant",
        "principal_id",
        "resource_id",
        "app_role_id",
        unique=True,
    ),
    Index("ix_app_role_assignments_resource_id", "resource_id"),
)

"""The tables of what is asked for and of what people have, from requests to rights.

They refer to people, packages and policies by id alone: they are history, and outlive what they
name. Unique columns decide races in the database: ``holder_key`` lets one assignment of a package
to a target be asked for or held at a time, ``removal_of`` and ``update_of`` let one removal and one
change of an assignment be open at a time. All are null for what has ended, and their indexes leave
that out.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from ostiary.storage.tables import MOVING, Instant, Json, index_where, metadata

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
    Column("holder_key", String(73)),
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
    postgresql_with=MOVING,
)

IS_HELD: Final = assignments.c.holder_key.is_not(None)
index_where("uq_assignments_holder_key", IS_HELD, assignments.c.holder_key, unique=True)

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
    Column("removal_of", String(36)),
    Column("update_of", String(36)),
    Column("start_at", Instant),
    Column("schedule", Json),
    Column("answers", Json),
    Column("justification", Text),
    Column("created_at", Instant, nullable=False),
    Column("completed_at", Instant),
    Index("ix_assignment_requests_created_at", "created_at"),
    Index("ix_assignment_requests_target_id", "target_id"),
    Index("ix_assignment_requests_requestor_id", "requestor_id"),
    Index("ix_assignment_requests_created_by", "created_by"),
    Index("ix_assignment_requests_package_id", "package_id"),
    Index("ix_assignment_requests_assignment_id", "assignment_id"),
    postgresql_with=MOVING,
)

_requests = assignment_requests.c
for _place in (_requests.removal_of, _requests.update_of):
    _name = f"uq_assignment_requests_{_place.name}"
    index_where(_name, _place.is_not(None), _place, unique=True)
index_where(
    "ix_assignment_requests_completed_at",
    _requests.completed_at.is_not(None),
    _requests.completed_at,
    _requests.id,
)

approval_stages: Final = Table(
    "approval_stages",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("request_id", String(36), nullable=False),
    Column("position", Integer, nullable=False),
    Column("turn", Integer, nullable=False),  # of its request; those of one turn are asked at once
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

"""The tables of people and of the organisations that they come from."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from ostiary.storage.tables import Instant, Json, metadata

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

"""The table of audit records: rows are added and read, never changed."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from ostiary.storage.tables import Instant, Json, metadata

audit_records = Table(
    "audit_records",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("activity_date_time", Instant, nullable=False),
    Column("activity_display_name", String(256), nullable=False),
    Column("category", String(64), nullable=False),
    Column("correlation_id", String(64)),
    Column("logged_by_service", String(64)),
    Column("operation_type", String(64)),
    Column("result", String(32)),
    Column("result_reason", Text),
    Column("user_id", String(64)),
    Column("user_display_name", Text),
    Column("user_principal_name", Text),
    Column("app_id", String(64)),
    Column("app_display_name", Text),
    Column("service_principal_id", String(64)),
    Column("target_resources", Json, nullable=False),
    Column("additional_details", Json, nullable=False),
    Index("ix_audit_records_activity_date_time", "activity_date_time"),
    Index("ix_audit_records_correlation_id", "correlation_id"),
)

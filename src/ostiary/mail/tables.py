"""The table of mails.

A mail refers to its recipient and to what it is about by id alone: it outlives both, as history
does, until its own time is up.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text

from ostiary.storage.tables import Instant, Json, metadata

mails: Final = Table(
    "mails",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", Text),
    Column("template", String(64), nullable=False),
    Column("recipient_id", String(36)),
    Column("recipient_name", Text),
    Column("address", Text),
    Column("cc", Json),
    Column("language", Text),
    Column("said", Json, nullable=False),  # values, attributes and custom texts, before rendering
    Column("about_kind", String(64)),
    Column("about_id", String(36)),
    Column("look", Json),
    Column("is_confidential", Boolean, nullable=False),
    Column("subject", Text),
    Column("text", Text),
    Column("html", Text),
    Column("round", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index("ix_mails_created_at", "created_at", "id"),
    Index("ix_mails_recipient_id", "recipient_id"),
    Index("ix_mails_about_id", "about_id"),
)

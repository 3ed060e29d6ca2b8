"""The tables: extensions of both governors, callouts, the ledger of attempts, circuits, Logic Apps.

A callout refers to its owner and its extension by id alone: it outlives both, as history does.
"""

from __future__ import annotations

import time
from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from ostiary.storage.tables import MOVING, Instant, Json, metadata

custom_extensions: Final = Table(
    "custom_extensions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(128), nullable=False),  # the type's qualified name in the schema
    Column("catalog_id", String(36)),  # null for extensions of lifecycle workflows
    Column("display_name", Text, nullable=False),
    Column("description", Text),
    Column("endpoint", Json, nullable=False),
    Column("authentication", Json, nullable=False),
    Column("client", Json),
    Column("callback", Json),  # null: no answer is awaited
    Column(
        "replies", Boolean, nullable=False, default=False
    ),  # the body of the reply is the answer
    Column("created_at", Instant, nullable=False),
    Column("created_by", String(64)),
    Column("modified_at", Instant, nullable=False),
    Column("modified_by", String(64)),
    Index("ix_custom_extensions_catalog_id", "catalog_id"),
)

callouts: Final = Table(
    "callouts",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("owner_kind", String(64), nullable=False),
    Column("owner_id", String(36), nullable=False),
    Column("extension_id", String(36), nullable=False),
    Column("stage", String(64), nullable=False),
    Column("status", String(32), nullable=False),
    Column("waits", Boolean, nullable=False),
    Column("timeout_ms", BigInteger),
    Column("deadline", Instant),
    Column("outcome", String(16)),  # null while the callout is open
    Column("detail", Text),
    Column("source", Text),
    Column("external_correlation_id", String(200)),
    Column("answer", Json),
    Column("created_at", Instant, nullable=False),
    # The machine's nanoseconds, only to tell apart what the server's clock does not.
    Column("sequence", BigInteger, nullable=False, default=time.time_ns),
    Column("sent_at", Instant),
    Column("answered_at", Instant),
    Column("attempts", Integer, nullable=False),
    Index("ix_callouts_owner_id", "owner_id"),
    Index("ix_callouts_created_at", "created_at"),
    postgresql_with=MOVING,
)

callout_attempts: Final = Table(
    "callout_attempts",
    metadata,
    # Rows are only ever added, so that the number is their order as well.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("callout_id", String(36)),  # null: an answer that fits no callout
    Column("owner_kind", String(64), nullable=False),
    Column("owner_id", String(36), nullable=False),
    Column("direction", String(3), nullable=False),  # "out": a call, "in": an answer
    Column("at", Instant, nullable=False),
    Column("result", String(16), nullable=False),
    Column("label", String(64)),  # the short word for a failure, or the code of a refusal
    Column("status", Integer),  # of the endpoint's reply
    Column("url", Text),  # without its query
    Column("duration_ms", Integer),
    Column("nonce", String(64)),
    Column("fingerprint", String(64)),  # SHA-256 of the authorization header
    Column("caller", String(64)),
    Column("caller_app", String(64)),
    Index("ix_callout_attempts_owner_id", "owner_id"),
)

circuits: Final = Table(
    "circuits",
    metadata,
    Column("node", String(255), primary_key=True),
    Column("extension_id", String(36), primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row, when it was noted
    Column("opens_until", Instant),
    Column("paused_until", Instant),
    Column("last_failure", String(32)),  # its label
    Column("noted_at", Instant, nullable=False),
)

logic_apps: Final = Table(
    "logic_apps",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("subscription_id", String(255), nullable=False),
    Column("resource_group", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("url", Text, nullable=False),
    Column("modified_at", Instant, nullable=False),
)

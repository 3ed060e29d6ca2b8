"""The one table of work to do, timers included."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, Integer, String, Table, Text

from ostiary.storage.tables import Instant, Json, index_where, metadata

work: Final = Table(
    "work",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("kind", String(64), nullable=False),
    Column("lane", String(64), nullable=False),  # "" but for kinds whose handler has lanes
    Column("key", String(255), nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("lease_id", String(36)),
    Column("leased_by", String(255)),
    Column("attempts", Integer, nullable=False),
    Column("payload", Json, nullable=False),
    Column("last_error", Text),
    Column("dead_at", Instant),
    # Rows live shortly beside timers that stay: their space is to be used again soon.
    postgresql_with={"autovacuum_vacuum_scale_factor": 0.02},
)

# Leases are in no index, so that PostgreSQL can claim an item without touching any.
_alive = work.c.dead_at.is_(None)
index_where("ix_work_due", _alive, work.c.kind, work.c.lane, work.c.due_at, work.c.id)
Index("ix_work_kind_key", work.c.kind, work.c.key)
index_where("ix_work_dead_at", work.c.dead_at.is_not(None), work.c.dead_at)

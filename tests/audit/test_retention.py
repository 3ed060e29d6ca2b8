"""Audit records are forgotten when their time is up, into the archive if there is one."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from ostiary.audit import retention
from ostiary.audit.events import SYSTEM, AuditEvent
from ostiary.audit.store import record
from ostiary.audit.tables import audit_records
from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.storage.archive import Archive, files
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

pytestmark = pytest.mark.usefixtures("no_pauses")


def event(activity: str) -> AuditEvent:
    """Make an event."""
    return AuditEvent(activity=activity, category="Test", service="Test", actor=SYSTEM)


async def test_old_records_go_to_the_archive_and_younger_ones_stay(
    database: Database, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    forgets = retention.handler(timedelta(days=30), Archive(tmp_path))
    worker = Worker(database, clock, [forgets], node="test")
    async with database.transaction() as conn:
        await record(conn, [event(name) for name in ("a", "b", "c")], now=clock.now())
        await record(conn, [event("young")], now=clock.now() + timedelta(hours=1))
        await recurring.ensure(conn, retention.FORGET, due_at=clock.now())
    await worker.settle()

    clock.advance(days=30)
    await worker.settle()

    async with database.reading() as conn:
        assert list(await conn.scalars(select(audit_records.c.activity_display_name))) == ["young"]
    (file,) = files(tmp_path)
    assert [json.loads(line)["activity_display_name"] for line in file.lines()] == ["a", "b", "c"]

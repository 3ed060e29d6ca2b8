from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select

from ostiary.audit.events import SYSTEM, Actor, AuditEvent, Change, Target
from ostiary.audit.model import DirectoryAudit, OperationResult
from ostiary.audit.routes import AUDITS
from ostiary.audit.store import load, record
from ostiary.audit.tables import audit_records
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

ALICE = Actor(
    kind="user", id="a1", display_name="Alice", app_id="cli", user_principal_name="alice@x.example"
)
ROBOT = Actor(kind="app", id="sp1", display_name="Robot", app_id="app1")


def event(actor: Actor = ALICE, activity: str = "Create access package") -> AuditEvent:
    return AuditEvent(
        activity=activity,
        category="EntitlementManagement",
        service="Entitlement Management",
        operation="Add",
        actor=actor,
        targets=(Target("p1", "AccessPackage", "VPN", changes=(Change("isHidden", False, True),)),),
        details={"accessPackageId": "p1"},
        correlation_id="c1",
    )


async def written(database: Database) -> list[DirectoryAudit]:
    async with database.reading() as conn:
        rows = await conn.execute(select(audit_records).order_by(AUDITS.order, AUDITS.key))
        return [load(row) for row in rows.mappings()]


async def test_a_record_reads_back_as_published(database: Database, clock: FixedClock) -> None:
    async with database.transaction() as conn:
        await record(conn, [event()], now=clock.now())

    (audit,) = await written(database)

    assert audit.activity_date_time == clock.now()
    assert audit.activity_display_name == "Create access package"
    assert audit.operation_type == "Add"
    assert audit.result is OperationResult.SUCCESS
    assert audit.additional_details is not None
    assert [(d.key, d.value) for d in audit.additional_details] == [("accessPackageId", "p1")]
    assert audit.target_resources is not None
    assert audit.target_resources[0].display_name == "VPN"
    changed = audit.target_resources[0].modified_properties
    assert changed is not None
    assert (changed[0].old_value, changed[0].new_value) == ("false", "true")


@pytest.mark.parametrize(
    ("actor", "user", "app"),
    [(ALICE, "a1", None), (ROBOT, None, "Robot"), (SYSTEM, None, "Ostiary")],
    ids=["a person", "an application", "the server"],
)
async def test_exactly_one_of_user_and_app_initiated_an_act(
    memory: Database, clock: FixedClock, actor: Actor, user: str | None, app: str | None
) -> None:
    async with memory.transaction() as conn:
        await record(conn, [event(actor)], now=clock.now())

    (audit,) = await written(memory)

    by = audit.initiated_by
    assert (by.user and by.user.id) == user
    assert (by.app and by.app.display_name) == app


async def test_the_records_of_one_change_keep_their_order(
    memory: Database, clock: FixedClock
) -> None:
    activities = [f"Step {number}" for number in range(12)]
    async with memory.transaction() as conn:
        await record(conn, [event(activity=a) for a in activities], now=clock.now())

    assert [audit.activity_display_name for audit in await written(memory)] == activities


async def test_newer_records_come_first(memory: Database, clock: FixedClock) -> None:
    for activity in ("First", "Second"):
        moment: datetime = clock.advance(seconds=1)
        async with memory.transaction() as conn:
            await record(conn, [event(activity=activity)], now=moment)

    assert [a.activity_display_name for a in await written(memory)] == ["Second", "First"]


async def test_a_change_that_is_rolled_back_leaves_no_record(
    database: Database, clock: FixedClock
) -> None:
    with pytest.raises(RuntimeError):  # noqa: PT012  # the failure lies inside the transaction
        async with database.transaction() as conn:
            await record(conn, [event()], now=clock.now())
            raise RuntimeError

    async with database.reading() as conn:
        assert await conn.scalar(select(func.count()).select_from(audit_records)) == 0


async def test_nothing_to_tell_writes_nothing(memory: Database, clock: FixedClock) -> None:
    async with memory.transaction() as conn:
        await record(conn, [], now=clock.now())

    assert await written(memory) == []

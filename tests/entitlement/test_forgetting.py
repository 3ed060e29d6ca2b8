"""Finished requests are forgotten with their callouts when their time is up, and nothing is broken.

The handler keeps them for a year where nothing else is said.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from ostiary.audit.tables import audit_records
from ostiary.durable import recurring
from ostiary.entitlement.process import forgetting, kinds
from ostiary.entitlement.tables import approval_seats, approval_stages, assignment_requests
from ostiary.entitlement.work import RETENTION
from ostiary.extensions.tables import callout_attempts, callouts
from ostiary.storage.tables import metadata
from tests.entitlement.house import House, calls, decision, user
from tests.support.work import rows

pytestmark = pytest.mark.usefixtures("no_pauses")

CREATED = "assignmentRequestCreated"
LEFT = (assignment_requests, approval_stages, approval_seats, callouts, callout_attempts)


class Office:
    """A package that people ask for, and the requests that are left."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def open(self) -> Office:
        """Make the package, with a callout and an approval, and begin to forget."""
        house = self.house
        self.boss = await house.person("boss")
        catalog, group = await house.catalog(), await house.group("sales")
        self.package = await house.package(catalog, group)
        called = await house.extension(catalog, wait=None)
        self.policy = await house.policy(
            self.package,
            decision(user(self.boss)),
            customExtensionStageSettings=calls((CREATED, called)),
            expiration={"type": "noExpiration"},
        )
        async with house.database.transaction() as conn:
            await recurring.ensure(conn, kinds.FORGET, due_at=house.clock.now())
        await house.settle()
        return self

    async def ask(self, alias: str) -> str:
        """Have somebody ask; nobody decides, so that it is denied after a while."""
        person = await self.house.person(alias)
        request = await self.house.ask(person, self.package, self.policy)
        await self.house.settle()
        return request

    async def pass_by(self, time: timedelta) -> None:
        """Let time pass."""
        self.house.clock.advance(seconds=time.total_seconds())
        await self.house.settle()

    async def left(self) -> list[str]:
        """Give the requests that there are."""
        return [one["id"] for one in await self.house.values("assignmentRequests")]

    async def counts(self) -> dict[str, int]:
        """Count what belongs to requests."""
        async with self.house.database.reading() as conn:
            return {
                table.name: await conn.scalar(select(func.count()).select_from(table)) or 0
                for table in LEFT
            }

    async def audited(self) -> int:
        """Count what was recorded."""
        async with self.house.database.reading() as conn:
            return await conn.scalar(select(func.count()).select_from(audit_records)) or 0


@pytest.fixture
async def office(house: House) -> Office:
    """A package that people ask for."""
    return await Office(house).open()


async def test_a_request_is_forgotten_with_all_that_belongs_to_it_and_the_audit_stays(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)
    old = [await office.ask(f"person{n}") for n in range(5)]
    await office.pass_by(timedelta(days=20))
    young = await office.ask("young")
    await office.pass_by(timedelta(days=20))
    audited = await office.audited()

    await office.pass_by(RETENTION - timedelta(days=21))
    assert set(await office.left()) == {*old, young}

    await office.pass_by(timedelta(days=2))
    assert await office.left() == [young]
    assert await office.counts() == dict.fromkeys((t.name for t in LEFT), 1)
    await office.house.get(f"assignmentRequests/{old[0]}", status=404)
    assert await office.audited() == audited

    await office.pass_by(timedelta(days=20))
    assert await office.counts() == dict.fromkeys((t.name for t in LEFT), 0)


async def test_what_access_rests_on_is_kept_until_the_access_has_ended_for_so_long(
    office: Office,
) -> None:
    house = office.house
    ada = await house.person("ada")
    given = await house.assign(ada, office.package, office.policy)
    await house.settle()
    assignment = await house.assignment_of(given)

    await office.pass_by(2 * RETENTION)
    assert await office.left() == [given]
    taken = await house.remove(assignment["id"])
    await house.settle()

    await office.pass_by(RETENTION - timedelta(hours=1))
    assert set(await office.left()) == {given, taken}
    await office.pass_by(timedelta(days=1))
    assert await office.left() == []
    assert (await house.get(f"assignments/{assignment['id']}"))["state"] == "expired"


async def test_nothing_is_looked_for_while_nothing_can_be_old_enough(office: Office) -> None:
    await office.pass_by(timedelta(days=1))

    (due,) = [row.due_at for row in await rows(office.house.database) if row.kind == kinds.FORGET]

    assert due >= office.house.clock.now() + RETENTION - timedelta(days=1)


def test_every_table_that_names_a_request_is_thought_of() -> None:
    named = {table.name for table in metadata.sorted_tables if "request_id" in table.c}

    assert named == {approval_stages.name, approval_seats.name}

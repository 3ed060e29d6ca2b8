"""The small organisation."""

from __future__ import annotations

from ostiary.directory import changes, seed, store
from ostiary.directory.objects import Kind
from ostiary.storage.database import Database
from tests.directory.conftest import ADMINISTRATOR
from tests.support.clocks import FixedClock

EVERYBODY = seed.ALIASES


async def test_everybody_but_the_head_and_the_guest_has_a_manager(staffed: Database) -> None:
    async with staffed.reading() as conn:
        people = await store.people(conn, [seed.person_id(alias) for alias in EVERYBODY])

    without = {p.display_name for p in people.values() if p.manager_id is None}
    assert len(people) == 12
    assert without == {"Miriam Graham", "Rosa Ehrlich"}
    assert [p.display_name for p in people.values() if p.is_guest] == ["Rosa Ehrlich"]


async def test_one_joins_and_one_leaves_soon(staffed: Database, clock: FixedClock) -> None:
    async with staffed.reading() as conn:
        people = await store.people(conn, [seed.person_id(alias) for alias in EVERYBODY])

    now = clock.now()
    joining = [p for p in people.values() if p.employee_hire_date and p.employee_hire_date > now]
    leaving = [p for p in people.values() if p.employee_leave_date_time]
    assert [p.display_name for p in joining] == ["Alex Wilber"]
    assert [p.display_name for p in leaving] == ["Diego Siciliani"]


async def test_every_group_may_be_governed(staffed: Database) -> None:
    async with staffed.reading() as conn:
        groups = await store.groups(conn, [seed.group_id(name) for name in seed.GROUP_NAMES])

    assert len(groups) == 5
    assert all(group.refusal is None for group in groups.values())


async def test_seeding_again_brings_nothing_back_that_was_changed(
    staffed: Database, clock: FixedClock
) -> None:
    adele, sales = seed.person_id("adele"), seed.group_id("Sales team")
    async with staffed.transaction() as conn:
        now, actor = clock.now(), ADMINISTRATOR
        await changes.delete_objects(conn, Kind.USER, [adele], now=now, actor=actor)
        before = await store.group_members(conn, [sales])

        await seed.small_organisation(conn, now)

        assert await store.people(conn, [adele]) == {}
        assert await store.group_members(conn, [sales]) == before

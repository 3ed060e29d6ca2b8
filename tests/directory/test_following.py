"""Followers are told of each change once, page by page, and from the start that they chose."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import following
from ostiary.directory.following import Changed, Following
from ostiary.directory.seed import person_id
from ostiary.directory.store import journal
from ostiary.durable.worker import Worker
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact
from tests.support.clocks import FixedClock
from tests.support.work import open_items

ADELE, MEGAN = person_id("adele"), person_id("megan")


@dataclass
class Diary:
    """A follower that writes down what it is told."""

    name: str = "diary"
    told: list[Changed] = field(default_factory=list)
    times_lost: int = 0
    fails: bool = False

    async def changed(self, conn: AsyncConnection, changed: Changed, *, now: datetime) -> None:
        """Write it down, in the transaction as well."""
        count = await read_fact(conn, self.name) or 0
        await write_fact(conn, self.name, count + 1)
        if self.fails:
            self.fails = False
            raise RuntimeError("not now")
        self.told.append(changed)

    async def lost(self, conn: AsyncConnection, *, now: datetime) -> None:
        """Count it."""
        self.times_lost += 1


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def worker(staffed: Database, clock: FixedClock, diary: Diary) -> Worker:
    return Worker(staffed, clock, Following([diary], page=2).handlers(), node="test")


async def _begin(database: Database, diary: Diary) -> None:
    async with database.transaction() as conn:
        await following.begin(conn, diary.name)


async def _city(api: httpx.AsyncClient, *people: str, city: str = "Kiel") -> None:
    for key in people:
        await api.patch(f"/users/{key}", json={"city": city})


async def test_changes_are_told_once_in_pages_and_only_to_who_follows(
    staffed: Database, worker: Worker, diary: Diary, api_on_both: httpx.AsyncClient
) -> None:
    await _city(api_on_both, ADELE)
    assert await open_items(staffed) == []  # nobody follows

    await _begin(staffed, diary)
    await _begin(staffed, diary)  # again, which moves nothing
    await _city(api_on_both, ADELE, MEGAN, city="Bonn")
    await _city(api_on_both, ADELE, city="Ulm")
    made = await api_on_both.post(
        "/groups",
        json={
            "displayName": "Rowers",
            "mailEnabled": False,
            "securityEnabled": True,
            "mailNickname": "rowers",
        },
    )
    group = made.json()["id"]
    await api_on_both.post(
        f"/groups/{group}/members/$ref",
        json={"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{MEGAN}"},
    )
    await worker.settle()

    assert [len(page.people | page.groups) for page in diary.told] == [2, 2, 1]
    assert diary.told[0].users == {ADELE, MEGAN}
    assert diary.told[1].groups == {group}
    assert diary.told[2].members == {(group, MEGAN)}
    assert diary.told[2].people == {MEGAN}
    diary.told.clear()
    await worker.settle()
    assert diary.told == []
    assert await open_items(staffed) == []


async def test_what_fails_is_told_again_and_leaves_nothing_behind(
    staffed: Database,
    worker: Worker,
    diary: Diary,
    clock: FixedClock,
    api_on_both: httpx.AsyncClient,
) -> None:
    await _begin(staffed, diary)
    diary.fails = True
    await _city(api_on_both, ADELE)
    await worker.settle()
    clock.advance(hours=1)
    await worker.settle()

    assert [page.users for page in diary.told] == [{ADELE}]
    async with staffed.reading() as conn:
        assert await read_fact(conn, diary.name) == 1


async def test_a_follower_learns_that_changes_were_forgotten(
    staffed: Database,
    worker: Worker,
    diary: Diary,
    clock: FixedClock,
    api_on_both: httpx.AsyncClient,
) -> None:
    await _begin(staffed, diary)
    await _city(api_on_both, ADELE)
    clock.advance(days=40)
    await _city(api_on_both, MEGAN)
    async with staffed.transaction() as conn:
        old = clock.now() - timedelta(days=30)
        assert await journal.forget(conn, until=old, limit=1_000)
    await worker.settle()
    await _city(api_on_both, MEGAN, city="Bonn")
    await worker.settle()

    assert diary.times_lost == 1
    assert [page.users for page in diary.told] == [{MEGAN}]

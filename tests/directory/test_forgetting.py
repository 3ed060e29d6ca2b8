"""Old changes are forgotten in the background: in portions, once, and not before their time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from ostiary.directory.objects import Kind
from ostiary.directory.seed import person_id
from ostiary.directory.store import journal
from ostiary.directory.tables import directory_changes
from ostiary.directory.work import FORGET, Forgetting
from ostiary.durable import queue, timetravel
from ostiary.durable.clock import SimulatedClock
from ostiary.durable.worker import Worker
from ostiary.server.composition import opened
from ostiary.settings import ClockKind, Settings
from ostiary.storage.database import Database
from tests.support.clocks import MONDAY, FixedClock
from tests.support.work import rows

pytestmark = pytest.mark.usefixtures("no_pauses")

ADELE, MEGAN = person_id("adele"), person_id("megan")
WEEK = timedelta(days=7)


@pytest.fixture
async def worker(staffed: Database, clock: FixedClock) -> Worker:
    """A worker that keeps changes for a week, removes three at a time, and has looked once."""
    forgetting = Forgetting(WEEK, portion=3)
    async with staffed.transaction() as conn:
        await forgetting.ensure(conn, now=clock.now())
    worker = Worker(staffed, clock, forgetting.handlers(), node="test")
    await worker.settle()
    return worker


async def _link(api: httpx.AsyncClient, url: str) -> str:
    while "$deltatoken" not in url:
        page = (await api.get(url)).json()
        url = page.get("@odata.deltaLink") or page["@odata.nextLink"]
    return url


async def _kept(database: Database) -> int:
    async with database.reading() as conn:
        return await conn.scalar(select(func.count()).select_from(directory_changes)) or 0


async def _due(database: Database) -> list[datetime]:
    return [row.due_at for row in await rows(database) if row.kind == FORGET and not row.dead_at]


async def test_tokens_from_before_the_retention_are_gone_and_others_go_on(
    worker: Worker, staffed: Database, clock: FixedClock, api_on_both: httpx.AsyncClient
) -> None:
    old = await _link(api_on_both, "/users/delta?$select=city")
    clock.advance(days=5)
    await api_on_both.patch(f"/users/{ADELE}", json={"city": "Kiel"})
    current = await _link(api_on_both, "/users/delta?$select=city")
    clock.advance(days=3)
    await api_on_both.patch(f"/users/{MEGAN}", json={"city": "Ulm"})

    await worker.settle()

    assert await _kept(staffed) == 2
    reply = await api_on_both.get(old)
    assert reply.status_code == 200, "nothing that it has not seen was forgotten"
    clock.advance(days=5)
    await worker.settle()
    reply = await api_on_both.get(old)
    assert (reply.status_code, reply.json()["error"]["code"]) == (410, "resyncRequired")
    told = (await api_on_both.get(current)).json()["value"]
    assert [item["id"] for item in told] == [MEGAN]


async def test_nothing_runs_before_the_oldest_change_is_old_enough(
    worker: Worker, staffed: Database, clock: FixedClock
) -> None:
    before = await _kept(staffed)
    clock.advance(days=6, hours=23)

    ran = await worker.settle()

    assert (ran, await _kept(staffed)) == (0, before)
    assert await _due(staffed) == [MONDAY + WEEK]


async def test_the_journal_goes_in_portions_and_one_item_stays_on_the_queue(
    worker: Worker, staffed: Database, clock: FixedClock
) -> None:
    portions = -(-(await _kept(staffed)) // 3)
    clock.advance(days=8)

    ran = await worker.settle()

    assert ran >= portions > 3
    assert await _kept(staffed) == 1
    assert await _due(staffed) == [clock.now() + WEEK]


async def test_every_node_makes_sure_of_the_same_item(
    worker: Worker, staffed: Database, clock: FixedClock
) -> None:
    for _ in range(2):
        async with staffed.transaction() as conn:
            await Forgetting(WEEK).ensure(conn, now=clock.now())

    assert await _due(staffed) == [MONDAY]


async def test_a_shorter_retention_holds_from_the_next_start_on(
    worker: Worker, staffed: Database, clock: FixedClock
) -> None:
    clock.advance(days=2)
    async with staffed.transaction() as conn:
        await Forgetting(timedelta(days=1)).ensure(conn, now=clock.now())

    assert await _due(staffed) == [clock.now()]


async def test_an_item_that_died_is_replaced_at_the_next_start(
    worker: Worker, staffed: Database, clock: FixedClock
) -> None:
    clock.advance(days=8)
    async with staffed.transaction() as conn:
        lost = await queue.pick(conn, kind=FORGET, limit=1, now=clock.now())
        await queue.bury(conn, [(lost[0], "The disk was full.", clock.now())])
        await Forgetting(WEEK).ensure(conn, now=clock.now())

    await worker.settle()

    assert await _kept(staffed) == 1


async def test_the_server_forgets_as_long_as_its_setting_says(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, clock=ClockKind.SIMULATED, delta_retention=timedelta(days=2)
    )
    async with opened(settings, base_urls=["http://localhost"]) as server:
        assert isinstance(server.clock, SimulatedClock)
        start = server.clock.now()
        async with server.database.transaction() as conn:
            await journal.note_objects(conn, Kind.USER, [ADELE, MEGAN], now=start)
            last = await journal.mark(conn)

        stops = await timetravel.advance(server.clock, server.worker, to=start + timedelta(days=3))

        assert stops == [start + timedelta(days=2)]
        async with server.database.reading() as conn:
            assert await journal.forgotten(conn) == last - 1

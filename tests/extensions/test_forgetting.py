"""Answers that belong to nothing are forgotten when their time is up; those of callouts are not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from msgspec.structs import replace

from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.extensions import forgetting, ledger
from tests.extensions.house import House
from tests.support.work import rows

pytestmark = pytest.mark.usefixtures("no_pauses")

KEEP = timedelta(days=30)


async def test_lines_without_a_callout_go_after_their_time_and_each_is_looked_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 2)
    worker = Worker(house.database, house.clock, [forgetting.handler(KEEP)], node="forgetting")
    await house.launch("owner-1", "owner-2")
    await house.worker.settle()
    (line,) = await house.attempts("owner-1")
    stray = replace(line, owner_id="stray", callout_id=None, direction="in", result="refused")
    late = replace(stray, at=house.clock.now() + timedelta(days=1))
    async with house.database.transaction() as conn:
        await ledger.write(conn, [stray, stray, stray, late])
        await recurring.ensure(conn, forgetting.FORGET, due_at=house.clock.now())

    house.clock.advance(days=30)
    await worker.settle()

    assert await house.attempts("stray") == [late]
    assert len(await house.attempts("owner-1")) == 1
    (due,) = [one.due_at for one in await rows(house.database) if one.kind == forgetting.FORGET]
    assert due == house.clock.now() + timedelta(days=1)
    house.clock.advance(days=1)
    await worker.settle()
    assert await house.attempts("stray") == []
    assert len(await house.attempts("owner-2")) == 1

"""Mails are forgotten when their time is up, a batch at a time, once in the whole cluster."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ostiary.durable import recurring
from ostiary.durable.worker import Worker
from ostiary.mail import retention
from ostiary.mail.mails import MailState
from tests.mail.mailroom import MailRoom, ready
from tests.support.work import rows

pytestmark = pytest.mark.usefixtures("no_pauses")

KEEP = timedelta(days=90)


@pytest.fixture
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    return


async def begin(room: MailRoom, keep: timedelta = KEEP) -> Worker:
    """Have old mails forgotten; give a worker that does."""
    async with room.database.transaction() as conn:
        await recurring.ensure(conn, retention.PURGE, due_at=room.clock.now())
    handlers = [*room.work.handlers(), retention.handler(keep)]
    return Worker(room.database, room.clock, handlers, node="test")


@pytest.mark.usefixtures("_small_batches")
async def test_mails_are_forgotten_at_the_end_of_their_time_and_not_before(
    silent: MailRoom,
) -> None:
    worker = await begin(silent)
    old = await silent.send(*[ready(address="megan@contoso.example")] * 5)
    await worker.settle()
    silent.clock.advance(days=1)
    young = await silent.send(ready(address="megan@contoso.example"))
    await worker.settle()

    silent.clock.advance(days=89, hours=-1)
    await worker.settle()
    assert len(await silent.mails()) == 6

    silent.clock.advance(hours=1)
    await worker.settle()
    assert [mail.id for mail in await silent.mails()] == young
    assert set(old) & set(young) == set()

    silent.clock.advance(days=1)
    await worker.settle()
    assert await silent.mails() == []


async def test_a_mail_that_is_still_on_its_way_is_never_forgotten(silent: MailRoom) -> None:
    await silent.send(ready(address="megan@contoso.example"))
    silent.clock.advance(days=400)

    await begin(silent)
    worker = Worker(silent.database, silent.clock, [retention.handler(KEEP)], node="test")
    await worker.settle()

    (mail,) = await silent.mails()
    assert mail.state is MailState.QUEUED


async def test_nothing_is_looked_for_while_nothing_can_be_old_enough(silent: MailRoom) -> None:
    worker = await begin(silent)
    await worker.settle()

    until = silent.clock.now() + KEEP - timedelta(seconds=1)
    assert await worker.next_due(until) is None


async def test_however_often_nodes_start_there_is_one_item(silent: MailRoom) -> None:
    for _ in range(3):
        await begin(silent)
    assert [row.kind for row in await rows(silent.database)] == [retention.PURGE]

    async with silent.database.transaction() as conn:
        await recurring.stop(conn, retention.PURGE)
    assert await rows(silent.database) == []

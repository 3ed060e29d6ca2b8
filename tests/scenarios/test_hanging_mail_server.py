"""A mail server that takes connections and says nothing: what waits for it, and what does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from ostiary.directory.seed import person_id
from ostiary.extensions import store as callouts
from ostiary.extensions.callouts import CalloutStatus
from ostiary.mail import store
from ostiary.mail.mails import Mail, MailState
from ostiary.mail.store import Filters
from tests.mail.mailserver import MailBox, SilentServer
from tests.scenarios.bodies import CREATED, GRANTED, custom_task
from tests.scenarios.house import House
from tests.support.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

MEGAN, NESTOR = person_id("megan"), person_id("nestor")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def silent() -> AsyncIterator[SilentServer]:
    """A mail server that says nothing."""
    async with SilentServer() as silent:
        yield silent


@pytest.fixture(scope="module")
def more_settings(silent: SilentServer) -> dict[str, Any]:
    """Have mails sent to it."""
    return {"smtp_url": silent.url}


async def mails(house: House) -> list[Mail]:
    async with house.database.reading() as conn:
        return await store.listed(conn, Filters(limit=200))


async def is_waited_for(house: House) -> bool:
    """Whether the latest callout was taken."""
    async with house.database.reading() as conn:
        (latest,) = await callouts.recent(conn, limit=1)
    return latest.status is CalloutStatus.WAITING_FOR_CALLBACK


async def are(house: House, state: MailState, *, attempts: int) -> bool:
    """Whether all mails stand there, after as many attempts at least."""
    return all(m.state is state and m.attempts >= attempts for m in await mails(house))


async def test_callouts_deadlines_and_requests_go_on_while_mails_wait_for_a_silent_server(
    house: House, silent: SilentServer
) -> None:
    endpoint, worker = house.endpoint, house.server.worker
    flows, access = house.workflows(), house.access()
    approved = await house.make_offer(approver=NESTOR)
    offer = await house.make_offer(CREATED, GRANTED)
    slow = await flows.make_task_extension(endpoint.url, wait="PT30M")
    quick = await flows.make_task_extension(endpoint.url, wait=None)
    tasks = custom_task(slow, name="Order", go_on=True), custom_task(quick, name="Tell")
    workflow = await flows.make_workflow(house.name("onboard"), *tasks)
    running = asyncio.create_task(worker.run())

    for number, alias in enumerate(("adele", "joni", "isaiah"), 1):
        await house.asker(alias).ask(approved)  # its approver is written to
        await silent.got(min(number, 2))
    request = await access.request_add(offer, MEGAN)
    (created,) = await endpoint.got(1)
    await access.resume(created)
    await endpoint.got(2)
    assert await house.members(offer.group) == {MEGAN}

    await flows.activate(workflow, MEGAN)
    await endpoint.got(3)
    await eventually(partial(is_waited_for, house))
    await house.pass_by(minutes=30)
    worker.wake()
    await endpoint.got(4)  # nobody answered, and the next task is under way
    assert (await access.state_of(request))[0] == "delivering"
    assert {mail.attempts for mail in await mails(house)} == {0}

    await silent.stop()
    await eventually(partial(are, house, MailState.QUEUED, attempts=1))
    async with MailBox(port=silent.port) as box:
        await house.pass_by(minutes=5)
        worker.wake()
        await eventually(partial(are, house, MailState.SENT, attempts=1))
    await silent.start()  # for the next database
    await worker.stop()
    await running
    ids = [message["Message-ID"] for message in box.messages]
    assert len(ids) == len(set(ids)) == len(await mails(house)) >= 3

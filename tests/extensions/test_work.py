"""Sending, recording and timing out with a real endpoint, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.durable.worker import Worker
from ostiary.extensions import extension_store, ledger, registry, service, store
from ostiary.extensions.caller import Caller
from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome
from ostiary.extensions.endpoints import LogicAppName
from ostiary.extensions.errors import TooLate
from ostiary.extensions.limits import Limits
from ostiary.extensions.model import CustomExtensionClientConfiguration
from ostiary.extensions.model import LogicAppTriggerEndpointConfiguration as LogicApp
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses
from ostiary.extensions.receiver import Nonces, Trust, verify
from ostiary.extensions.service import Order, Resumes
from ostiary.extensions.signing import Signer
from ostiary.extensions.work import CalloutWork
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact
from tests.extensions.conftest import Pauses, make_caller
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.extensions.makers import CREATED, HOUR, make_answer, make_extension
from tests.extensions.owners import ScriptedOwner
from tests.support.clocks import FixedClock

SOD_CHECK = LogicAppName("sub", "rg1", "sod-check")
NAMED = LogicApp(
    subscription_id="sub", resource_group_name="rg1", logic_app_workflow_name="sod-check"
)


class House:
    """All that a callout needs: one node with its worker, an endpoint, and an owner."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        caller: Caller,
        endpoint: ScriptedEndpoint,
        *,
        node: str = "test",
    ) -> None:
        self.database = database
        self.clock = clock
        self.endpoint = endpoint
        self.owner = ScriptedOwner()
        owners = Owners([self.owner])
        self.resumes = Resumes(database, clock, owners)
        addresses = Addresses(base_url="http://127.0.0.1:8080")
        self.work = CalloutWork(database, clock, owners, caller, addresses=addresses)
        self.worker = Worker(database, clock, self.work.handlers(), node=node)

    async def close(self) -> None:
        await self.resumes.close()
        await self.work.close()

    async def launch(self, *owner_ids: str, **changes: Any) -> list[str]:
        """Add an extension for the endpoint and call it for each owner."""
        extension = make_extension(self.endpoint.url, **changes)
        async with self.database.transaction() as conn:
            await extension_store.add(conn, extension)
            orders = [
                Order("scripted", owner, extension.id, CREATED)
                for owner in owner_ids or ("owner-1",)
            ]
            return await service.launch(conn, orders, now=self.clock.now())

    async def read(self, id_: str) -> Callout:
        async with self.database.reading() as conn:
            return (await store.read(conn, [id_]))[id_]

    async def attempts(self, owner_id: str = "owner-1") -> list[ledger.Entry]:
        async with self.database.reading() as conn:
            return await ledger.read(conn, [owner_id])


@pytest.fixture
async def house(
    database: Database, clock: FixedClock, caller: Caller, endpoint: ScriptedEndpoint
) -> AsyncIterator[House]:
    """A house on each database."""
    house = House(database, clock, caller, endpoint)
    yield house
    await house.close()


async def test_a_callout_is_sent_and_waits_from_its_acceptance_on(house: House) -> None:
    house.endpoint.replies(202, {"x-ms-workflow-run-id": "run-1"})
    (id_,) = await house.launch()
    house.clock.advance(minutes=5)

    await house.worker.settle()

    (call,) = house.endpoint.calls
    callout = await house.read(id_)
    assert call.json() == {
        "Stage": CREATED,
        "CustomExtensionStageInstanceId": id_,
        "CallbackUri": "http://127.0.0.1:8080/owner-1/resume",
    }
    assert callout.status is CalloutStatus.WAITING_FOR_CALLBACK
    assert callout.deadline == house.clock.now() + HOUR
    assert (callout.external_correlation_id, callout.attempts) == ("run-1", 1)
    assert callout.sent_at == house.clock.now()
    assert house.owner.went_on == []


async def test_the_call_is_signed_for_its_receiver(house: House, trust: Trust) -> None:
    await house.launch()

    await house.worker.settle()

    (call,) = house.endpoint.calls
    origin = house.endpoint.url.removesuffix("/hook")
    claims = verify(
        call.headers["authorization"],
        call.received(),
        trust=replace(trust, audiences=[origin]),
        nonces=Nonces(),
        now=house.clock.now(),
    )
    assert claims["azp"] == "an-app"


async def test_the_ledger_has_the_call_without_its_secrets(house: House) -> None:
    extension_url = f"{house.endpoint.url}?sig=secret"
    house.endpoint.replies(503)
    client = CustomExtensionClientConfiguration(maximum_retries=1)
    endpoint = make_extension(extension_url).endpoint
    (id_,) = await house.launch(client=client, endpoint=endpoint)

    await house.worker.settle()

    failed, taken = await house.attempts()
    header = house.endpoint.calls[1].headers["authorization"]
    assert (failed.result, failed.label, failed.status) == ("failed", "http_5xx", 503)
    assert (taken.result, taken.label, taken.status) == ("taken", None, 202)
    assert (taken.callout_id, taken.direction) == (id_, "out")
    assert taken.url == house.endpoint.url
    assert failed.nonce != taken.nonce
    assert header not in repr([failed, taken])
    assert "secret" not in repr([failed, taken])


async def test_launch_and_continue_goes_on_when_the_endpoint_took_the_call(house: House) -> None:
    (id_,) = await house.launch(callback=None)

    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (CalloutStatus.CALLOUT_SENT, Outcome.SENT)
    assert house.owner.went_on == [callout]
    async with house.database.reading() as conn:
        assert await read_fact(conn, id_) == "sent"


async def test_an_endpoint_that_refuses_fails_the_callout(house: House) -> None:
    house.endpoint.always(404)
    (id_,) = await house.launch()

    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (CalloutStatus.CALLOUT_FAILED, Outcome.FAILED)
    assert "http_4xx" in (callout.detail or "")
    assert house.owner.went_without == [callout]


async def test_silence_until_the_deadline_times_the_callout_out(house: House) -> None:
    (id_,) = await house.launch()
    await house.worker.settle()

    house.clock.advance(minutes=59)
    await house.worker.settle()
    assert (await house.read(id_)).is_open
    house.clock.advance(minutes=1)
    await house.worker.settle()

    callout = await house.read(id_)
    assert (callout.status, callout.outcome) == (
        CalloutStatus.CALLBACK_TIMED_OUT,
        Outcome.TIMED_OUT,
    )
    assert house.owner.went_without == [callout]
    with pytest.raises(TooLate):
        await house.resumes.submit(make_answer(received_at=house.clock.now()))


async def test_an_answer_in_time_is_not_timed_out(house: House) -> None:
    (id_,) = await house.launch()
    await house.worker.settle()
    await house.resumes.submit(make_answer())

    house.clock.advance(hours=2)

    assert await house.worker.settle() == 0
    assert (await house.read(id_)).outcome is Outcome.RESUMED
    assert house.owner.went_without == []


async def test_an_answer_before_the_reply_counts_and_the_reply_changes_nothing(
    house: House,
) -> None:
    answers = []

    async def call_back(call: Call) -> None:
        instance = call.json()["CustomExtensionStageInstanceId"]
        answers.append(await house.resumes.submit(make_answer(callout_id=instance)))

    house.endpoint.on_call = call_back
    house.endpoint.replies(500)
    (id_,) = await house.launch()

    await house.worker.settle()

    callout = await house.read(id_)
    assert callout.outcome is Outcome.RESUMED
    assert callout == replace(answers[0], attempts=1)
    assert len(house.owner.went_on) == 1
    assert house.owner.went_without == []
    assert {entry.result for entry in await house.attempts()} == {"accepted", "failed"}


async def test_an_answer_right_away_is_in_time_even_if_the_worker_came_late(house: House) -> None:
    async def call_back(call: Call) -> None:
        await house.resumes.submit(make_answer(received_at=house.clock.now()))

    house.endpoint.on_call = call_back
    (id_,) = await house.launch()
    house.clock.advance(hours=3)

    await house.worker.settle()

    assert (await house.read(id_)).outcome is Outcome.RESUMED


async def test_a_cancel_during_the_call_stands(house: House) -> None:
    house.endpoint.holds_its_replies()
    (id_,) = await house.launch()
    settling = asyncio.create_task(house.worker.settle())
    await house.endpoint.got()

    async with house.database.transaction() as conn:
        await service.cancel(conn, "scripted", ["owner-1"], now=house.clock.now())
    house.endpoint.releases()
    await settling

    assert (await house.read(id_)).outcome is Outcome.CANCELED
    assert (house.owner.went_on, house.owner.went_without) == ([], [])


async def test_a_crash_during_the_call_repeats_it_under_the_same_id(
    house: House, signer: Signer, pauses: Pauses
) -> None:
    house.endpoint.holds_its_replies()
    (id_,) = await house.launch()
    running = asyncio.create_task(house.worker.run())
    await house.endpoint.got()
    running.cancel()
    await asyncio.wait([running])
    house.endpoint.releases()

    caller = make_caller(signer, house.clock, pauses)
    after = House(house.database, house.clock, caller, house.endpoint)
    await after.worker.settle()
    await after.close()

    instances = [c.json()["CustomExtensionStageInstanceId"] for c in house.endpoint.calls]
    assert instances == [id_, id_]
    assert (await house.read(id_)).status is CalloutStatus.WAITING_FOR_CALLBACK


async def test_a_crash_after_an_answer_does_not_repeat_the_call(
    house: House, signer: Signer, pauses: Pauses
) -> None:
    house.endpoint.holds_its_replies()
    (id_,) = await house.launch()
    running = asyncio.create_task(house.worker.run())
    await house.endpoint.got()
    await house.resumes.submit(make_answer())
    running.cancel()
    await asyncio.wait([running])
    house.endpoint.releases()

    caller = make_caller(signer, house.clock, pauses)
    after = House(house.database, house.clock, caller, house.endpoint)
    await after.worker.settle()
    await after.close()

    assert len(house.endpoint.calls) == 1
    assert (await house.read(id_)).outcome is Outcome.RESUMED
    assert after.owner.went_on == []


async def test_a_callout_sent_once_more_keeps_its_wait(house: House) -> None:
    (id_,) = await house.launch()
    await house.worker.settle()
    before = await house.read(id_)
    house.clock.advance(minutes=10)

    async with house.database.transaction() as conn:
        await service.replay(conn, [id_], now=house.clock.now())
    house.endpoint.replies(500)
    await house.worker.settle()

    assert len(house.endpoint.calls) == 2
    assert await house.read(id_) == replace(before, attempts=2)


async def test_a_logic_app_that_nobody_registered_says_how_to(house: House) -> None:
    (id_,) = await house.launch(endpoint=NAMED)

    await house.worker.settle()

    callout = await house.read(id_)
    assert callout.status is CalloutStatus.CALLOUT_FAILED
    assert "ostiary logicapps set sub/rg1/sod-check URL" in (callout.detail or "")
    assert house.owner.went_without == [callout]


async def test_a_registered_logic_app_is_called_with_a_proof_for_its_resource(
    house: House, trust: Trust
) -> None:
    async with house.database.transaction() as conn:
        await registry.register(
            conn, SOD_CHECK, f"{house.endpoint.url}?api-version=1", now=house.clock.now()
        )
    await house.launch(endpoint=NAMED)

    await house.worker.settle()

    (call,) = house.endpoint.calls
    assert call.path == "/hook?api-version=1"
    claims = verify(
        call.headers["authorization"],
        call.received(),
        trust=replace(
            trust,
            issuers=["https://sts.windows.net/11111111-2222-3333-4444-555555555555/"],
            audiences=["https://management.azure.com"],
        ),
        nonces=Nonces(),
        now=house.clock.now(),
        resource_id=SOD_CHECK.resource_id,
    )
    assert claims["appid"] == "an-app"


async def test_an_extension_that_was_deleted_fails_its_callout(house: House) -> None:
    (id_,) = await house.launch()
    callout = await house.read(id_)
    async with house.database.transaction() as conn:
        await extension_store.remove(conn, [callout.extension_id])

    await house.worker.settle()

    assert house.endpoint.calls == []
    assert "no longer exists" in ((await house.read(id_)).detail or "")
    assert [c.id for c in house.owner.went_without] == [id_]


async def test_an_owner_that_is_gone_cancels_its_callout(house: House) -> None:
    house.owner.lost = {"owner-1"}
    (id_,) = await house.launch()

    await house.worker.settle()

    assert house.endpoint.calls == []
    assert (await house.read(id_)).outcome is Outcome.CANCELED


async def test_one_owner_that_cannot_go_on_holds_up_no_other(house: House) -> None:
    house.owner.broken = {"owner-2"}
    ids = await house.launch("owner-1", "owner-2", "owner-3", callback=None)

    await house.worker.settle()

    outcomes = [(await house.read(id_)).outcome for id_ in ids]
    assert outcomes == [Outcome.SENT, None, Outcome.SENT]
    async with house.database.reading() as conn:
        assert await read_fact(conn, ids[1]) is None
    house.owner.broken = set()
    house.clock.advance(hours=1)
    await house.worker.settle()
    assert (await house.read(ids[1])).outcome is Outcome.SENT


async def test_a_thousand_leavers_are_called_at_once_within_the_limits(
    database: Database,
    clock: FixedClock,
    signer: Signer,
    pauses: Pauses,
    endpoint: ScriptedEndpoint,
) -> None:
    running, most = 0, 0

    async def count(_: Call) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1

    endpoint.on_call = count
    limits = Limits(overall=20, per_extension=8)
    house = House(database, clock, make_caller(signer, clock, pauses, limits=limits), endpoint)
    ids = await house.launch(*(f"owner-{n}" for n in range(300)))

    await house.worker.settle()

    await house.close()
    async with database.reading() as conn:
        callouts = await store.read(conn, ids)
    assert {c.status for c in callouts.values()} == {CalloutStatus.WAITING_FOR_CALLBACK}
    assert len(endpoint.calls) == 300
    assert most <= 8


async def test_answers_deadlines_cancels_and_results_that_race_leave_one_outcome_each(
    house: House,
) -> None:
    """Everything happens to forty callouts at the same instant, the deadline's."""
    owner_ids = [f"owner-{n}" for n in range(40)]
    ids = await house.launch(*owner_ids)
    await house.worker.settle()
    before_deadline = house.clock.now()
    house.clock.advance(hours=1)

    async def answer(owner_id: str) -> object:
        try:
            return await house.resumes.submit(
                make_answer(owner_id=owner_id, received_at=before_deadline)
            )
        except Exception as error:
            return error

    async def cancel(owner_id: str) -> None:
        async with house.database.transaction() as conn:
            await service.cancel(conn, "scripted", [owner_id], now=house.clock.now())

    answers, _, _ = await asyncio.gather(
        asyncio.gather(*(answer(owner_id) for owner_id in owner_ids)),
        house.worker.settle(),
        asyncio.gather(*(cancel(owner_id) for owner_id in owner_ids[::4])),
    )

    told = {c.id: c.outcome for c in (*house.owner.went_on, *house.owner.went_without)}
    assert len(told) == len(house.owner.went_on) + len(house.owner.went_without)
    for id_, answered in zip(ids, answers, strict=True):
        outcome = (await house.read(id_)).outcome
        assert outcome in (Outcome.RESUMED, Outcome.TIMED_OUT, Outcome.CANCELED)
        assert isinstance(answered, Callout) == (outcome is Outcome.RESUMED)
        assert told.get(id_) == (None if outcome is Outcome.CANCELED else outcome)


async def test_the_registry_keeps_one_url_for_each_logic_app(house: House) -> None:
    now = house.clock.now()
    async with house.database.transaction() as conn:
        await registry.register(conn, SOD_CHECK, "https://a.test/", now=now)
        await registry.register(
            conn, LogicAppName("SUB", "RG1", "Sod-Check"), "https://b.test/", now=now
        )
        await registry.register(
            conn, LogicAppName("sub", "rg1", "other"), "https://c.test/", now=now
        )
        with pytest.raises(InvalidModel):
            await registry.register(conn, SOD_CHECK, "ftp://a.test/", now=now)

        listed = await registry.listed(conn)
        resolved = await registry.resolved(conn, [NAMED, LogicApp(url="https://d.test/")])
        forgotten = await registry.unregister(conn, SOD_CHECK)
        unknown = await registry.unregister(conn, SOD_CHECK)

    assert [(str(app.name), app.url) for app in listed] == [
        ("sub/rg1/other", "https://c.test/"),
        ("SUB/RG1/Sod-Check", "https://b.test/"),
    ]
    assert resolved == ["https://b.test/", "https://d.test/"]
    assert (forgotten, unknown) == (True, False)


async def test_an_extension_comes_back_as_it_was_stored(house: House) -> None:
    extension = make_extension(
        endpoint=NAMED, catalog_id="catalog-1", created_by="somebody", description="text"
    )
    launched = make_extension(display_name="Other", callback=None, client=None)
    changed = replace(extension, display_name="Sod-Check 2", modified_by="another")
    async with house.database.transaction() as conn:
        await extension_store.add(conn, extension)
        await extension_store.add(conn, launched)
        await extension_store.save(conn, changed)

        read = await extension_store.read(conn, [extension.id, launched.id, "unknown"])
        names = await extension_store.names(conn, [extension.kind])
        in_catalog = await extension_store.names(conn, [extension.kind], catalog_id="catalog-1")

    assert read == {extension.id: changed, launched.id: launched}
    assert names == {"sod-check 2": extension.id, "other": launched.id}
    assert in_catalog == {"sod-check 2": extension.id}
    assert (launched.wait, launched.timeout, launched.retries) == (None, timedelta(seconds=1), 1)

"""Crashes, cancels and early answers in the middle of a call: one outcome, on both databases."""

from __future__ import annotations

import asyncio

from msgspec.structs import replace

from ostiary.extensions import extension_store, service, store
from ostiary.extensions.callouts import Callout, CalloutStatus, Outcome
from ostiary.extensions.limits import Limits
from ostiary.extensions.signing import Signer
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.extensions.house import House, Pauses, make_caller
from tests.extensions.makers import make_answer
from tests.support.clocks import FixedClock


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
    house.clock.advance(minutes=50)
    await house.worker.settle()
    assert (await house.read(id_)).outcome is Outcome.TIMED_OUT


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


async def test_many_leavers_are_called_at_once_within_the_limits(
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

"""One endpoint that is slow, broken or wants a pause, and what it costs the others: nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from ostiary.extensions.callouts import CalloutStatus
from ostiary.extensions.circuits import Terms
from ostiary.extensions.limits import Limits
from ostiary.extensions.model import CustomExtensionClientConfiguration
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.house import House, MakeHouse, Pauses, owners
from tests.support.clocks import FixedClock

PATIENT = CustomExtensionClientConfiguration(timeout_in_milliseconds=60_000)
ONE_RETRY = CustomExtensionClientConfiguration(maximum_retries=1)


async def test_an_endpoint_that_is_silent_keeps_no_other_waiting(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(at_once=2, limits=Limits(overall=3, per_extension=2))
    async with ScriptedEndpoint() as silent:
        silent.holds_its_replies()
        (first, *_) = await house.launch(*owners(20), url=silent.url, client=PATIENT)
        await house.launch(*owners(30))
        settling = asyncio.create_task(house.worker.settle())

        await endpoint.got(30)

        assert len(silent.calls) == 2
        lane = (await house.read(first)).extension_id
        assert await house.leased(lane) == 4  # twice as many as are called at a time
        silent.releases()
        assert await settling == 50


async def test_failures_in_a_row_hold_the_rest_back_until_one_call_is_taken(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(at_once=1, terms=Terms(failures=3))
    endpoint.replies(503).then(None).then(500).then(503)
    ids = await house.launch(*owners(10))

    await house.worker.settle()
    assert len(endpoint.calls) == 3
    assert await house.leased() == 0
    assert await house.worker.settle() == 0  # nobody turns in circles
    assert await house.worker.next_due(clock.now() + timedelta(hours=1)) == (
        clock.now() + timedelta(seconds=5)
    )
    clock.advance(seconds=5)
    await house.worker.settle()
    assert len(endpoint.calls) == 4  # one tries, and fails
    clock.advance(seconds=9)
    assert await house.worker.settle() == 0
    clock.advance(seconds=1)
    await house.worker.settle()

    assert len(endpoint.calls) == 10
    assert await house.waiting(ids) == 6


async def test_a_callout_that_nobody_takes_ends_as_ever_when_it_has_waited(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(at_once=1, terms=Terms(failures=1, patience=timedelta(minutes=3)))
    endpoint.always(503)
    ids = await house.launch(*owners(4), client=ONE_RETRY)
    await house.worker.settle()

    clock.advance(minutes=3)
    await house.worker.settle()
    clock.advance(minutes=1)
    await house.worker.settle()

    states = [await house.read(id_) for id_ in ids]
    assert {one.status for one in states} == {CalloutStatus.CALLOUT_FAILED}
    assert {one.attempts for one in states} == {2}
    assert {one.owner_id for one in house.owner.went_without} == set(owners(4))


async def test_what_waited_for_a_worker_first_waits_for_the_endpoint_as_long_as_all_else(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(at_once=1, terms=Terms(failures=1, patience=timedelta(minutes=3)))
    endpoint.replies(503)
    ids = await house.launch(*owners(4))
    clock.advance(hours=1)

    await house.worker.settle()
    assert len(endpoint.calls) == 1
    clock.advance(seconds=5)
    await house.worker.settle()

    assert await house.waiting(ids) == 3


async def test_retry_after_pauses_all_calls_to_the_extension_and_no_others(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(at_once=1)
    async with ScriptedEndpoint() as busy:
        busy.replies(429, {"Retry-After": "30"})
        ids = await house.launch(*owners(5), url=busy.url)
        await house.launch(*owners(5))

        await house.worker.settle()
        assert (len(busy.calls), len(endpoint.calls)) == (1, 5)
        clock.advance(seconds=29)
        assert await house.worker.settle() == 0
        clock.advance(seconds=1)
        await house.worker.settle()

        assert len(busy.calls) == 5
        assert await house.waiting(ids) == 4


async def test_a_pause_of_a_day_is_cut_to_the_patience(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(at_once=1)
    endpoint.replies(503, {"Retry-After": "86400"})
    await house.launch(*owners(3))

    await house.worker.settle()
    assert len(endpoint.calls) == 1
    clock.advance(minutes=3)
    await house.worker.settle()

    assert len(endpoint.calls) == 3


async def test_another_node_calls_what_one_holds_back(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    one, other = make_house("a", at_once=1, terms=Terms(failures=1)), make_house("b")
    endpoint.replies(503)
    ids = await one.launch(*owners(6))

    await one.worker.settle()
    assert len(endpoint.calls) == 1
    await other.worker.settle()

    assert len(endpoint.calls) == 6
    assert await other.waiting(ids) == 5


async def test_a_node_that_is_stopped_gives_back_at_once_what_is_not_on_the_wire(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    one, other = make_house("a", at_once=2), make_house("b")
    endpoint.holds_its_replies()
    ids = await one.launch(*owners(4), client=PATIENT)
    running = asyncio.create_task(one.worker.run())
    await endpoint.got(2)
    assert await one.leased() == 4

    stopping = asyncio.create_task(one.worker.stop())
    successor = asyncio.create_task(other.worker.run())
    await endpoint.got(4)  # while the first two are under way
    endpoint.releases()
    await asyncio.gather(stopping, running)
    await other.worker.stop()
    await successor

    assert len(endpoint.calls) == 4
    states = [await other.read(id_) for id_ in ids]
    assert [one.attempts for one in states] == [1] * 4
    assert await other.waiting(ids) == 4


async def test_a_free_place_goes_to_the_extension_that_has_the_fewest() -> None:
    limits = Limits(overall=3, per_extension=3)
    order: list[str] = []
    ends = {name: asyncio.Event() for name in ("a", "b")}

    async def call(name: str) -> None:
        async with limits.place(name):
            order.append(name)
            await ends[name].wait()

    calls = [asyncio.create_task(call("a")) for _ in range(6)]
    await asyncio.sleep(0)
    calls.append(asyncio.create_task(call("b")))
    gone = asyncio.create_task(call("b"))
    await asyncio.sleep(0)
    gone.cancel()
    ends["a"].set()
    ends["b"].set()
    await asyncio.gather(*calls)

    assert order[:4] == ["a", "a", "a", "b"]
    async with asyncio.timeout(1), limits.place("c"), limits.place("c"), limits.place("c"):
        pass


async def test_the_caller_is_not_asked_again_for_a_repeated_attempt(
    house: House, endpoint: ScriptedEndpoint, pauses: Pauses
) -> None:
    """A retry belongs to a call that has begun, and a circuit that opens does not take it back."""
    endpoint.replies(503).then(202)
    (id_,) = await house.launch(client=ONE_RETRY)

    await house.worker.settle()

    assert (await house.read(id_)).attempts == 2
    assert pauses == [1.0]

"""A limit of calls a second, through the worker: its bound, and what waits for it."""

from __future__ import annotations

from datetime import timedelta

from ostiary.extensions.callouts import CalloutStatus
from ostiary.extensions.circuits import Terms
from ostiary.extensions.limits import Limits
from ostiary.extensions.model import CustomExtensionClientConfiguration
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.house import House, MakeHouse, owners
from tests.support.clocks import FixedClock

ONE_RETRY = CustomExtensionClientConfiguration(maximum_retries=1)
PATIENT = CustomExtensionClientConfiguration(timeout_in_milliseconds=60_000)
HOUR = timedelta(hours=1)


async def calls_by_step(house: House, endpoint: ScriptedEndpoint, *steps: float) -> list[int]:
    """Settle after each step of the clock, in seconds; give how many calls had arrived by then."""
    numbers = []
    for step in steps:
        house.clock.advance(seconds=step)
        await house.worker.settle()
        numbers.append(len(endpoint.calls))
    return numbers


async def test_a_second_sees_as_many_calls_as_the_rate_says_and_the_rest_waits_on_the_queue(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(rate=4)
    ids = await house.launch(*owners(11))

    assert await calls_by_step(house, endpoint, 0, 0, 0.25) == [4, 4, 5]
    assert await house.leased() == 0
    assert await house.worker.next_due(clock.now() + HOUR) == clock.now() + timedelta(seconds=0.25)
    assert await calls_by_step(house, endpoint, 0.5, 1, 60) == [7, 11, 11]
    assert await house.waiting(ids) == 11


async def test_a_rate_below_one_is_one_call_at_a_time(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=0.5)
    await house.launch(*owners(4))

    steps = 0, 1, 0.999, 0.001, 60, 1.999, 0.001
    assert await calls_by_step(house, endpoint, *steps) == [1, 1, 1, 2, 3, 3, 4]


async def test_one_that_waits_for_its_turn_keeps_no_other_waiting(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=1, limits=Limits(overall=1, per_extension=1), at_once=1)
    await house.launch(*owners(50))
    async with ScriptedEndpoint() as other:
        await house.worker.settle()
        await house.launch(*owners(1), url=other.url)
        await house.worker.settle()

        assert (len(endpoint.calls), len(other.calls)) == (1, 1)


async def test_calls_that_are_on_the_wire_do_not_delay_the_next_token(
    make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    house = make_house(rate=2)
    endpoint.holds_its_replies()
    await house.launch(*owners(4), client=PATIENT)

    async with house.running():
        await endpoint.got(2)
        assert await house.leased() == 2
        clock.advance(seconds=0.5)
        house.worker.wake()
        await endpoint.got(3)
        assert await house.leased() == 3
        endpoint.releases()


async def test_a_retry_waits_for_its_turn_on_the_queue_and_is_counted(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=1)
    endpoint.replies(503)
    first, second = await house.launch(*owners(2), client=ONE_RETRY)

    assert await calls_by_step(house, endpoint, 0) == [1]
    assert (await house.read(first)).status is CalloutStatus.CALLOUT_SENT
    assert await house.leased() == 0
    assert await calls_by_step(house, endpoint, 0.9, 0.1, 1) == [1, 2, 3]

    states = [await house.read(id_) for id_ in (first, second)]
    assert [one.attempts for one in states] == [2, 1]
    assert await house.waiting([first, second]) == 2
    assert [line.result for line in await house.attempts("owner-0")] == ["failed", "taken"]


async def test_a_call_that_waited_between_its_attempts_fails_after_the_last(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=1, terms=Terms(failures=1))
    endpoint.always(503)
    (id_,) = await house.launch(client=ONE_RETRY)

    assert await calls_by_step(house, endpoint, 0, 1, 60) == [1, 2, 2]

    callout = await house.read(id_)
    assert callout.status is CalloutStatus.CALLOUT_FAILED
    assert "(http_5xx, status 503, 2 attempts)" in (callout.detail or "")


async def test_patience_with_a_circuit_brings_nothing_past_the_rate(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=1, terms=Terms(failures=1, patience=timedelta(seconds=30)))
    endpoint.always(503)
    await house.launch(*owners(9))

    assert await calls_by_step(house, endpoint, 0) == [1]
    assert await calls_by_step(house, endpoint, 30, 0.5, 0.5, 1, 1) == [2, 2, 3, 4, 5]


async def test_what_waited_for_its_turn_waits_for_an_endpoint_as_long_as_all_else(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(rate=0.1, terms=Terms(failures=1, patience=timedelta(seconds=30)))
    endpoint.replies(202).then(202).then(202).then(202).then(503)
    ids = await house.launch(*owners(8))

    assert await calls_by_step(house, endpoint, 0, 10, 10, 10, 10) == [1, 2, 3, 4, 5]
    assert await calls_by_step(house, endpoint, 10, 10, 10) == [6, 7, 8]
    assert await house.waiting(ids) == 7


async def test_each_node_has_a_rate_of_its_own(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    one, other = make_house("a", rate=2), make_house("b", rate=2)
    await one.launch(*owners(9))

    await one.worker.settle()
    await other.worker.settle()

    assert len(endpoint.calls) == 4

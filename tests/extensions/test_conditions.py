"""The condition of an extension: what the nodes note of it, what waits for it, what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ostiary.extensions import circuit_store, condition_store
from ostiary.extensions.advice import advice
from ostiary.extensions.calls import Attempt, CallResult
from ostiary.extensions.circuits import Circuit, Noted, Terms
from ostiary.extensions.conditions import Condition, Load, Standing, ordered
from ostiary.extensions.health import Health
from ostiary.extensions.model import LogicAppTriggerEndpointConfiguration
from ostiary.extensions.rates import Rate
from tests.extensions.endpoints import ScriptedEndpoint
from tests.extensions.house import House, MakeHouse, owners
from tests.extensions.makers import make_extension
from tests.support.clocks import MONDAY, FixedClock

TERMS = Terms(failures=3)
SECOND = timedelta(seconds=1)
OPEN = Circuit(failures=3, opens_until=MONDAY + 5 * SECOND, label="tls_failure")
PAUSED = Circuit(paused_until=MONDAY + 30 * SECOND, label="http_4xx")


def make_condition(*circuits: Circuit, **changes: Any) -> Condition:
    """Make the condition of an extension of which nodes a, b and so on have noted ``circuits``."""
    notes = [
        Noted(node="abc"[n], extension_id="x", circuit=circuit, at=MONDAY)
        for n, circuit in enumerate(circuits)
    ]
    usual: dict[str, Any] = {
        "extension_id": "x",
        "extension": make_extension(),
        "url": "https://me:secret@hooks.contoso.test:8443/check?sig=secret",
        "load": Load(),
        "notes": notes,
    }
    return Condition(**{**usual, **changes})


def standing(condition: Condition, after: float = 0) -> Standing:
    return condition.standing(MONDAY + after * SECOND, TERMS)


# rules


def test_the_node_that_holds_back_most_says_how_an_extension_stands() -> None:
    assert standing(make_condition()) is Standing.CLOSED
    assert standing(make_condition(PAUSED)) is Standing.PAUSED
    assert standing(make_condition(PAUSED, OPEN)) is Standing.OPEN
    assert standing(make_condition(PAUSED, OPEN), after=5) is Standing.HALF_OPEN
    assert standing(make_condition(PAUSED), after=30) is Standing.CLOSED


def test_what_has_neither_work_nor_trouble_is_not_worth_telling() -> None:
    later = MONDAY + 30 * SECOND

    assert make_condition(PAUSED).is_worth_telling(MONDAY, TERMS)
    assert not make_condition(PAUSED).is_worth_telling(later, TERMS)
    assert make_condition(load=Load(dead=1)).is_worth_telling(later, TERMS)


def test_those_come_first_that_need_somebody_most() -> None:
    idle, dead = make_condition(load=Load(awaited=9)), make_condition(load=Load(dead=1))
    paused, broken = make_condition(PAUSED), make_condition(OPEN)

    assert ordered([idle, dead, paused, broken], MONDAY, TERMS) == [broken, paused, dead, idle]


def test_an_endpoint_is_named_without_its_secrets() -> None:
    assert make_condition().host == "hooks.contoso.test:8443"
    assert make_condition(url=None).host is None


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        (make_condition(OPEN), ["a sends nothing until 2026-01-05T09:00:05Z", "3 failures"]),
        (make_condition(OPEN), ["tls_failure", "OSTIARY_TRUSTED_CERTIFICATES", "PT3M"]),
        (make_condition(PAUSED), ["asked a for a pause until 2026-01-05T09:00:30Z (http_4xx)"]),
        (make_condition(load=Load(dead=2)), ["ostiary work retry"]),
        (make_condition(extension=None, url=None), ["was deleted"]),
        (
            make_condition(load=Load(to_send=1, oldest_due=MONDAY - timedelta(minutes=1))),
            ["Does a worker run"],
        ),
        (
            make_condition(
                load=Load(to_send=1, sending=1, oldest_due=MONDAY - timedelta(minutes=1))
            ),
            ["OSTIARY_CALLOUT_CONCURRENCY_PER_EXTENSION"],
        ),
    ],
)
def test_what_is_wrong_is_said_with_what_to_do(condition: Condition, says: list[str]) -> None:
    (text,) = advice(condition, MONDAY, TERMS)

    assert [words for words in says if words not in text] == []


def test_a_logic_app_that_nobody_registered_is_said_with_the_command() -> None:
    named = LogicAppTriggerEndpointConfiguration(
        subscription_id="s", resource_group_name="g", logic_app_workflow_name="n"
    )
    condition = make_condition(extension=make_extension(endpoint=named), url=None)

    assert "ostiary logicapps set s/g/n URL" in advice(condition, MONDAY, TERMS)[0]


@pytest.mark.parametrize(
    "condition",
    [
        make_condition(load=Load(to_send=9, sending=9, awaited=9, oldest_due=MONDAY)),
        make_condition(load=Load(to_send=9)),  # due later
        make_condition(PAUSED, load=Load(to_send=9, oldest_due=MONDAY)),
    ],
)
def test_callouts_that_wait_for_no_longer_than_they_should_need_no_words(
    condition: Condition,
) -> None:
    said = advice(condition, MONDAY + 59 * SECOND, TERMS)

    assert said == []


def test_what_waits_for_its_turn_is_told_with_how_long_it_takes() -> None:
    condition = make_condition(load=Load(to_send=7, oldest_due=MONDAY))

    (told,) = advice(condition, MONDAY + 2 * SECOND, TERMS, Rate.of(0.5))

    assert "at most 0.5 calls to it a second (OSTIARY_CALLOUT_RATE_PER_EXTENSION)" in told
    assert "7 are to be sent: one node needs PT14S" in told
    assert advice(condition, MONDAY + 1.9 * SECOND, TERMS, Rate.of(0.5)) == []


def test_an_endpoint_that_is_left_alone_is_not_said_to_wait_for_its_turn() -> None:
    condition = make_condition(OPEN, load=Load(to_send=7, oldest_due=MONDAY - 9 * SECOND))

    (told,) = advice(condition, MONDAY, TERMS, Rate.of(2))

    assert "sends nothing until" in told


# what the nodes note


@pytest.fixture
async def house(make_house: MakeHouse) -> House:
    """A node that calls the endpoint once at a time, and leaves it alone after three failures."""
    return make_house("a", at_once=1, terms=TERMS)


async def notes(house: House) -> list[Noted]:
    async with house.database.reading() as conn:
        return await circuit_store.read(conn)


async def conditions(house: House) -> list[Condition]:
    async with house.database.reading() as conn:
        return await condition_store.conditions(conn, now=house.clock.now(), terms=TERMS)


@contextmanager
def statements_about_circuits() -> Iterator[list[str]]:
    """Write down the statements that read or write notes while the block runs."""
    found: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if "circuits" in statement:
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


async def test_a_node_notes_that_a_circuit_opens_stays_open_and_closes(
    house: House, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    endpoint.replies(503).then(503).then(None).then(500)
    (first, *_) = await house.launch(*owners(6))
    extension = (await house.read(first)).extension_id

    await house.worker.settle()
    opened = Circuit(failures=3, opens_until=clock.now() + 5 * SECOND, label="connect_failure")
    note = Noted(node="a", extension_id=extension, circuit=opened, at=clock.now())
    assert await notes(house) == [note]

    now = clock.advance(seconds=5)
    await house.worker.settle()
    longer = Circuit(failures=4, opens_until=now + 10 * SECOND, label="http_5xx")
    assert await notes(house) == [replace(note, circuit=longer, at=now)]

    clock.advance(seconds=10)
    await house.worker.settle()
    assert await notes(house) == []


async def test_a_pause_is_noted_until_the_endpoint_is_called_again(
    house: House, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    endpoint.replies(429, {"Retry-After": "30"})
    await house.launch(*owners(2))

    await house.worker.settle()
    (note,) = await notes(house)
    assert note.circuit == PAUSED
    clock.advance(seconds=30)
    await house.worker.settle()

    assert await notes(house) == []


async def test_calls_that_change_nothing_cost_no_statement(
    house: House, endpoint: ScriptedEndpoint
) -> None:
    await house.worker.settle()  # which begins, and forgets
    endpoint.replies(503).then(503).then(202).then(404)
    await house.launch(*owners(8))

    with statements_about_circuits() as found:
        await house.worker.settle()

    assert len(endpoint.calls) == 8
    assert found == []


def test_what_could_not_be_noted_is_given_once_more(clock: FixedClock) -> None:
    health = Health(clock, Terms(failures=1))
    failed = CallResult(attempts=(Attempt(at=MONDAY, url="https://x", label="timeout"),))

    health.ended("x", failed)
    turned = health.turned("x")
    assert turned is not None
    assert health.turned("x") is None
    health.not_noted("x")

    assert health.turned("x") == turned
    assert health.turned("x") is None


async def test_a_node_that_begins_forgets_what_it_noted_and_leaves_the_others(
    house: House, make_house: MakeHouse, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    other = make_house("b", at_once=1, terms=TERMS)
    endpoint.always(503)
    await house.launch(*owners(3))
    await house.worker.settle()
    await other.launch(*owners(3))
    await other.worker.settle()
    assert {note.node for note in await notes(house)} == {"a", "b"}

    await make_house("a").worker.settle()
    assert {note.node for note in await notes(house)} == {"b"}
    clock.advance(days=2)
    await make_house("c").worker.settle()

    assert await notes(house) == []


# what is told of them


async def test_what_waits_is_told_with_what_the_node_knows(
    house: House, endpoint: ScriptedEndpoint, clock: FixedClock
) -> None:
    endpoint.replies(202).then(503).then(503).then(503)
    await house.launch(*owners(10))
    async with house.running():
        await house.worker.settle()
        clock.advance(seconds=2)
        (found,) = await conditions(house)

    assert (found.name, found.kind) == (
        "sod-check",
        "accessPackageAssignmentRequestWorkflowExtension",
    )
    assert found.host is not None
    assert found.host in endpoint.url
    assert found.load == Load(to_send=6, awaited=1, oldest_due=MONDAY)
    assert found.overdue(clock.now()) == 2 * SECOND
    assert found.standing(clock.now(), TERMS) is Standing.OPEN


async def test_what_is_on_the_wire_and_next_in_line_is_told(
    make_house: MakeHouse, endpoint: ScriptedEndpoint
) -> None:
    house = make_house(at_once=2)
    endpoint.holds_its_replies()
    await house.launch(*owners(7))
    settling = asyncio.create_task(house.worker.settle())
    await endpoint.got(2)

    (found,) = await conditions(house)
    endpoint.releases()
    await settling
    (after,) = await conditions(house)

    assert found.load == Load(to_send=3, sending=4, oldest_due=MONDAY)
    assert after.load == Load(awaited=7)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_what_a_node_has_noted_that_runs_no_more_is_not_told(
    house: House, endpoint: ScriptedEndpoint
) -> None:
    endpoint.always(503)
    await house.launch(*owners(3))
    async with house.running():
        await house.worker.settle()
        (found,) = await conditions(house)
    assert [note.node for note in found.notes] == ["a"]

    assert await conditions(house) == []

"""The circuit of an extension, as a rule: when it opens, who tries, what closes it."""

from __future__ import annotations

from datetime import timedelta

from ostiary.extensions import circuits
from ostiary.extensions.circuits import Circuit, State, Terms, failed, has_turned
from tests.support.clocks import MONDAY

TERMS = Terms(failures=3)
SECOND = timedelta(seconds=1)


def fail(circuit: Circuit, times: int = 1, *, after: float = 0) -> Circuit:
    for _ in range(times):
        circuit = failed(circuit, "timeout", now=MONDAY + after * SECOND, terms=TERMS)
    return circuit


def answered(circuit: Circuit, *, after: float = 0) -> Circuit:
    return circuits.answered(circuit, now=MONDAY + after * SECOND)


def asked_to_pause(circuit: Circuit, seconds: float) -> Circuit:
    return circuits.asked_to_pause(circuit, seconds, "http_4xx", now=MONDAY, terms=TERMS)


def state(circuit: Circuit, after: float = 0) -> State:
    return circuit.state(MONDAY + after * SECOND, TERMS)


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not() -> None:
    assert state(fail(Circuit(), 2)) is State.CLOSED
    assert state(fail(answered(fail(Circuit(), 2)), 2)) is State.CLOSED
    assert state(fail(Circuit(), 3)) is State.OPEN
    assert state(fail(Circuit(), 3), after=5) is State.HALF_OPEN


def test_a_failed_trial_opens_it_for_longer_up_to_a_minute() -> None:
    circuit = fail(Circuit(), 3)
    at, periods = 0.0, []
    for _ in range(6):
        assert circuit.opens_until is not None
        period = (circuit.opens_until - MONDAY).total_seconds() - at
        periods.append(period)
        at += period
        circuit = fail(circuit, after=at)

    assert periods == [5, 10, 20, 40, 60, 60]
    assert answered(circuit) == Circuit()


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_it() -> None:
    assert fail(Circuit(), 20).opens_until == MONDAY + 5 * SECOND


def test_a_pause_is_bounded_by_the_patience_and_ends_by_itself() -> None:
    circuit = asked_to_pause(Circuit(), 86_400)

    assert state(circuit, after=179) is State.OPEN
    assert state(answered(circuit), after=179) is State.OPEN
    assert state(circuit, after=180) is State.CLOSED
    assert answered(circuit, after=180) == Circuit()


def test_the_patience_counts_from_when_callouts_began_to_be_held_back() -> None:
    again = fail(fail(Circuit(), 3), after=5)
    due_at = MONDAY - timedelta(hours=1)

    assert again.has_patience_with(due_at, MONDAY + 179 * SECOND, TERMS)
    assert not again.has_patience_with(due_at, MONDAY + 180 * SECOND, TERMS)
    assert again.has_patience_with(MONDAY + SECOND, MONDAY + 180 * SECOND, TERMS)
    paused = answered(asked_to_pause(fail(Circuit(), 2), 30), after=20)
    assert paused.since == MONDAY


def test_a_clock_that_was_set_back_does_not_hold_calls_back_for_as_long() -> None:
    circuit = asked_to_pause(Circuit(), 30)

    assert state(circuit, after=-3_600) is State.CLOSED


def test_no_number_of_failures_opens_what_may_not_open() -> None:
    for terms in (Terms(failures=0), Terms(patience=timedelta())):
        circuit = Circuit()
        for _ in range(50):
            circuit = failed(circuit, "timeout", now=MONDAY, terms=terms)
        assert circuit.state(MONDAY, terms) is State.CLOSED


def test_it_turns_when_it_opens_closes_or_is_paused_and_not_with_every_call() -> None:
    open_ = fail(Circuit(), 3)

    assert not has_turned(Circuit(), fail(Circuit(), 2))
    assert has_turned(fail(Circuit(), 2), open_)
    assert not has_turned(open_, fail(open_, 20))
    assert has_turned(open_, fail(open_, after=5))
    assert has_turned(open_, answered(open_))
    assert has_turned(Circuit(), asked_to_pause(Circuit(), 30))
    assert not has_turned(Circuit(), answered(fail(Circuit(), 2)))

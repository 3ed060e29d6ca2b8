"""The rate of calls to one extension, as a rule: its bound, and that nothing waits for ever."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from ostiary.extensions.rates import Bucket, Rate
from tests.support.clocks import MONDAY

SECOND = timedelta(seconds=1)

rates = st.one_of(st.floats(0.001, 1000), st.sampled_from([0.001, 0.1, 0.5, 1, 2.5, 3, 7, 1000]))
gaps = st.integers(0, 3_000_000).map(lambda n: timedelta(microseconds=n))


def make_rate(calls: float) -> Rate:
    rate = Rate.of(calls)
    assert rate is not None
    return rate


def begun(rate: Rate, instants: list[datetime]) -> list[datetime]:
    """Ask for a call at each instant; give those at which it began."""
    bucket, found = Bucket(), []
    for now in instants:
        if bucket.tokens(rate, now):
            bucket = bucket.taken(rate, now)
            found.append(now)
    return found


@given(calls=rates, waits=st.lists(st.tuples(gaps, st.integers(1, 12)), max_size=40))
@example(calls=3, waits=[(timedelta(microseconds=333_333), 3)] * 12)
@example(calls=0.5, waits=[(SECOND, 3)] * 9)
def test_no_window_sees_more_calls_than_a_bucket_and_its_share(
    calls: float, waits: list[tuple[timedelta, int]]
) -> None:
    rate, now, instants = make_rate(calls), MONDAY, []
    for wait, asking in waits:
        now += wait
        instants += [now] * asking

    # Of a window from call i to call j: j - i + 1 <= burst + share(j) - share(i).
    least = Fraction(0)
    for number, at in enumerate(begun(rate, instants)):
        share = Fraction(calls) * Fraction((at - MONDAY) // timedelta(microseconds=1), 1_000_000)
        least = min(least, number - share)
        assert number + 1 - share - least <= max(Fraction(1), Fraction(calls))


@given(calls=rates, waits=st.lists(gaps, max_size=20), waiting=st.integers(1, 50))
def test_each_that_waits_gets_its_turn_one_interval_after_the_last(
    calls: float, waits: list[timedelta], waiting: int
) -> None:
    rate, now, bucket = make_rate(calls), MONDAY, Bucket()
    for wait in waits:
        now += wait
        if bucket.tokens(rate, now):
            bucket = bucket.taken(rate, now)

    for _ in range(waiting):
        turn = bucket.next_token(rate, now)
        assert turn <= now + rate.interval
        assert bucket.tokens(rate, turn) >= 1
        if turn > now:
            assert bucket.tokens(rate, turn - timedelta(microseconds=1)) == 0
        bucket, now = bucket.taken(rate, turn), turn


@given(calls=rates, waits=st.lists(gaps, max_size=20), back=gaps)
def test_a_clock_that_was_set_back_holds_calls_back_for_no_longer_than_an_empty_bucket(
    calls: float, waits: list[timedelta], back: timedelta
) -> None:
    rate, bucket, now = make_rate(calls), Bucket(), MONDAY
    for wait in waits:
        now += wait
        if bucket.tokens(rate, now):
            bucket = bucket.taken(rate, now)

    turn = bucket.next_token(rate, now - back)
    assert turn <= now - back + rate.interval
    assert bucket.tokens(rate, turn) >= 1


def test_a_full_bucket_is_what_a_second_brings_and_at_least_one_call() -> None:
    sizes = {calls: Bucket().tokens(make_rate(calls), MONDAY) for calls in (0.1, 1, 2.5, 10)}

    assert sizes == {0.1: 1, 1: 1, 2.5: 2, 10: 10}


def test_no_rate_is_no_limit() -> None:
    assert Rate.of(0) is None

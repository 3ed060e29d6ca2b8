"""One callout: its moves, and that it ends once, in whatever order things happen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from ostiary.extensions import callouts
from ostiary.extensions.answers import Accepted, Refused, Repeated, Verdict, decide
from ostiary.extensions.callouts import Callout, CalloutStatus, IllegalMove, Outcome
from tests.extensions.makers import APP, HOUR, make_answer, make_callout
from tests.support.clocks import MONDAY

LATER = MONDAY + timedelta(minutes=10)


def test_the_wait_counts_from_the_moment_the_endpoint_took_the_call() -> None:
    waiting = callouts.accepted(make_callout(), now=LATER, correlation="run-1")

    assert waiting.status is CalloutStatus.WAITING_FOR_CALLBACK
    assert waiting.deadline == LATER + HOUR
    assert waiting.external_correlation_id == "run-1"
    assert waiting.is_open


def test_before_that_it_counts_from_the_latest_sending() -> None:
    sent = callouts.dispatched(make_callout(), now=LATER)

    assert (sent.sent_at, sent.deadline) == (LATER, LATER + HOUR)


def test_a_callout_without_answer_is_done_when_the_endpoint_took_it() -> None:
    launched = make_callout(waits=False, timeout=None, deadline=None)

    sent = callouts.accepted(launched, now=LATER)

    assert (sent.status, sent.outcome) == (CalloutStatus.CALLOUT_SENT, Outcome.SENT)


def test_a_call_that_nobody_took_ends_with_its_reason() -> None:
    failed = callouts.refused(make_callout(), reason="no connection")

    assert (failed.status, failed.outcome) == (CalloutStatus.CALLOUT_FAILED, Outcome.FAILED)
    assert failed.detail == "no connection"


def test_a_result_after_the_answer_changes_nothing_but_the_endpoints_name_for_it() -> None:
    decision = decide([make_callout()], make_answer(detail="fine"), now=LATER)
    assert isinstance(decision, Accepted)
    answered = decision.callout

    assert callouts.refused(answered, reason="timeout") is answered
    taken = callouts.accepted(answered, now=LATER, correlation="run-1")
    assert taken.external_correlation_id == "run-1"
    assert (taken.status, taken.outcome, taken.detail) == (
        CalloutStatus.CALLBACK_RECEIVED,
        Outcome.RESUMED,
        "fine",
    )


def test_a_second_acceptance_does_not_prolong_the_wait() -> None:
    waiting = callouts.accepted(make_callout(), now=MONDAY)

    again = callouts.accepted(callouts.dispatched(waiting, now=LATER), now=LATER)

    assert again == waiting


def test_the_deadline_itself_is_too_late() -> None:
    waiting = callouts.accepted(make_callout(), now=MONDAY)
    just_before = MONDAY + HOUR - timedelta(microseconds=1)

    assert callouts.expired(waiting, now=just_before) is waiting
    expired = callouts.expired(waiting, now=MONDAY + HOUR)
    assert (expired.status, expired.outcome) == (
        CalloutStatus.CALLBACK_TIMED_OUT,
        Outcome.TIMED_OUT,
    )


def test_a_callout_that_is_not_sent_yet_does_not_time_out() -> None:
    unsent = make_callout()

    assert callouts.expired(unsent, now=MONDAY + 2 * HOUR) is unsent


def test_a_canceled_callout_stays_canceled() -> None:
    canceled = callouts.canceled(make_callout(), reason="Canceled.")

    assert (canceled.status, canceled.outcome) == (CalloutStatus.CALLOUT_FAILED, Outcome.CANCELED)
    assert callouts.canceled(canceled, reason="again") is canceled
    assert callouts.accepted(canceled, now=LATER) == canceled


def test_a_closed_callout_cannot_be_moved() -> None:
    closed = callouts.canceled(make_callout(), reason="Canceled.")

    with pytest.raises(IllegalMove):
        callouts.answered(closed, outcome=Outcome.RESUMED, answer={}, now=LATER)


def test_every_status_has_its_row_in_the_table() -> None:
    assert set(callouts.ALLOWED) == set(CalloutStatus)


def test_the_instance_on_the_wire_tells_what_was_answered() -> None:
    callout = make_callout(detail="verified", external_correlation_id="run-1")

    instance = callouts.instance(callout)

    assert (instance.id, instance.custom_extension_id) == (callout.id, "extension-1")
    assert (instance.detail, instance.external_correlation_id) == ("verified", "run-1")
    assert instance.status is CalloutStatus.CALLOUT_SENT


class OneCallout(RuleBasedStateMachine):
    """One callout under any interleaving of calls, answers, deadlines, cancels and crashes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = MONDAY
        self.callout: Callout = make_callout()
        self.first: Callout | None = None
        self.counted: Verdict | None = None

    def store(self, moved: Callout) -> None:
        self.callout = moved
        if self.first is None and not moved.is_open:
            self.first = moved

    @rule(minutes=st.sampled_from([0, 1, 30, 59, 60, 61]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def a_worker_sends(self) -> None:
        self.store(callouts.dispatched(self.callout, now=self.now))

    @rule()
    def the_endpoint_takes_it(self) -> None:
        self.store(callouts.accepted(self.callout, now=self.now, correlation="run"))

    @rule()
    def the_endpoint_refuses(self) -> None:
        self.store(callouts.refused(self.callout, reason="http_5xx"))

    @rule()
    def a_timer_rings(self) -> None:
        self.store(callouts.expired(self.callout, now=self.now))

    @rule()
    def the_owner_cancels(self) -> None:
        self.store(callouts.canceled(self.callout, reason="Canceled."))

    @rule(verdict=st.sampled_from(["continue", "deny", "cancel", "completed", "failed"]))
    def somebody_answers(self, verdict: Verdict) -> None:
        was_open, late = self.callout.is_open, self.callout.is_late(self.now)
        decision = decide([self.callout], make_answer(verdict=verdict), now=self.now)
        match decision:
            case Accepted(callout):
                assert was_open
                assert not late
                self.counted = verdict
                self.store(callout)
            case Repeated(callout):
                assert callout == self.callout
                assert verdict == self.counted
            case Refused():
                assert late or not was_open
                assert self.counted is None or verdict != self.counted

    @invariant()
    def the_first_outcome_stays(self) -> None:
        if self.first is None:
            assert self.callout.outcome is None
            return
        for name in ("status", "outcome", "answer", "detail", "deadline", "answered_at"):
            assert getattr(self.callout, name) == getattr(self.first, name)

    @invariant()
    def an_open_callout_that_was_taken_has_a_deadline(self) -> None:
        if self.callout.status is CalloutStatus.WAITING_FOR_CALLBACK:
            assert self.callout.deadline is not None
        assert (self.callout.answer is not None) == (
            self.callout.status is CalloutStatus.CALLBACK_RECEIVED
        )


OneCallout.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestOneCallout = OneCallout.TestCase


def test_an_answer_keeps_who_gave_it() -> None:
    assert make_answer().kept()["caller"] == {"kind": "app", "id": APP.id}

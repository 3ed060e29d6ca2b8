"""Which callout an answer means, and whether it counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ostiary.audit.events import Actor
from ostiary.extensions import callouts
from ostiary.extensions.answers import Accepted, Answer, Refused, Repeated, Verdict, decide
from ostiary.extensions.callouts import Callout, Outcome
from ostiary.extensions.errors import (
    Contradicting,
    InstanceClosed,
    NotWaiting,
    TooLate,
    UnknownInstance,
    WrongStage,
)
from ostiary.graph.errors import DomainError, InvalidModel, status_of
from tests.extensions.makers import HOUR, make_answer, make_callout
from tests.support.clocks import MONDAY


def refusal(found: list[Callout], answer: Answer, **after: Any) -> DomainError:
    decision = decide(found, answer, now=MONDAY + timedelta(**after))
    assert isinstance(decision, Refused)
    return decision.error


def accepted(found: list[Callout], answer: Answer) -> Callout:
    decision = decide(found, answer, now=MONDAY)
    assert isinstance(decision, Accepted)
    return decision.callout


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("continue", Outcome.RESUMED),
        ("completed", Outcome.RESUMED),
        ("deny", Outcome.DENIED),
        ("cancel", Outcome.CANCELED),
        ("failed", Outcome.FAILED),
    ],
)
def test_the_verdict_becomes_the_outcome(verdict: Verdict, outcome: Outcome) -> None:
    answered = accepted([make_callout()], make_answer(verdict=verdict))

    assert answered.outcome is outcome
    assert answered.answered_at == MONDAY


def test_detail_source_and_data_are_kept() -> None:
    answer = make_answer(detail="verified", source="Contoso.Sod", type="t", data={"a": 1})

    answered = accepted([make_callout()], answer)

    assert (answered.detail, answered.source) == ("verified", "Contoso.Sod")
    assert answered.answer is not None
    assert answered.answer["data"] == {"a": 1}


def test_the_instance_is_found_whatever_the_spelling_of_its_id() -> None:
    callout = make_callout()
    other = make_callout()

    for spelling in (callout.id.upper(), "{" + callout.id + "}", callout.id.replace("-", "")):
        assert accepted([other, callout], make_answer(callout_id=spelling)).id == callout.id


@pytest.mark.parametrize("unknown", ["957d0c50-466b-4840-bb5b-c92cea7141ff", "rubbish", ""])
def test_an_unknown_instance_is_refused(unknown: str) -> None:
    error = refusal([make_callout()], make_answer(callout_id=unknown))

    assert isinstance(error, UnknownInstance)
    assert error.target == "data/customExtensionStageInstanceId"


def test_without_an_id_the_one_that_waits_is_meant() -> None:
    old = callouts.canceled(make_callout(), reason="Canceled.")
    waiting = make_callout()

    assert accepted([old, waiting], make_answer()).id == waiting.id


def test_without_an_id_it_must_be_clear_which_one_is_meant() -> None:
    error = refusal([make_callout(), make_callout()], make_answer())

    assert isinstance(error, UnknownInstance)
    assert "2 callout instances" in str(error)


def test_without_any_callout_nothing_waits() -> None:
    assert isinstance(refusal([], make_answer()), NotWaiting)


def test_a_callout_that_awaits_no_answer_takes_none() -> None:
    launched = make_callout(waits=False, deadline=None)

    assert isinstance(refusal([launched], make_answer()), NotWaiting)
    assert isinstance(refusal([launched], make_answer(callout_id=launched.id)), NotWaiting)


def test_the_stage_is_compared_without_regard_to_case() -> None:
    assert not accepted([make_callout()], make_answer(stage="AssignmentRequestCreated")).is_open


def test_another_stage_is_refused_with_the_right_one() -> None:
    error = refusal([make_callout()], make_answer(stage="assignmentRequestGranted"))

    assert isinstance(error, WrongStage)
    assert "assignmentRequestCreated" in str(error)


def test_an_answer_on_the_deadline_is_too_late() -> None:
    assert isinstance(refusal([make_callout()], make_answer(), hours=1), TooLate)


def test_an_answer_after_the_time_out_is_too_late() -> None:
    waiting = callouts.accepted(make_callout(), now=MONDAY)
    expired = callouts.expired(waiting, now=MONDAY + HOUR)

    error = refusal([expired], make_answer(), hours=2)

    assert isinstance(error, TooLate)
    assert error.code == "CustomExtensionStageInstanceClosed"


@pytest.mark.parametrize(
    ("closed", "word"),
    [
        (callouts.canceled(make_callout(), reason="Canceled."), "canceled"),
        (callouts.refused(make_callout(), reason="http_5xx"), "delivered"),
    ],
)
def test_an_answer_to_a_closed_callout_says_how_it_was_closed(closed: Callout, word: str) -> None:
    error = refusal([closed], make_answer(callout_id=closed.id))

    assert isinstance(error, InstanceClosed)
    assert word in str(error)


def test_the_same_answer_again_is_accepted_again_even_after_the_deadline() -> None:
    answer = make_answer(detail="verified", source="Contoso.Sod")
    answered = accepted([make_callout()], answer)

    decision = decide([answered], replace(answer, source="other"), now=MONDAY + 2 * HOUR)

    assert decision == Repeated(answered)


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "deny"},
        {"detail": "not verified"},
        {"data": {"approvalStage": {}}},
        {"caller": Actor(kind="app", id="another")},
    ],
)
def test_a_different_answer_afterwards_is_refused(change: dict[str, Any]) -> None:
    answered = accepted([make_callout()], make_answer(detail="verified"))

    error = refusal([answered], replace(make_answer(detail="verified"), **change))

    assert isinstance(error, Contradicting)
    assert "'continue'" in str(error)


def test_texts_have_a_limit() -> None:
    assert isinstance(refusal([make_callout()], make_answer(detail="x" * 4_001)), InvalidModel)
    assert not accepted([make_callout()], make_answer(detail="x" * 4_000)).is_open


def test_every_refusal_is_a_400_with_a_code_of_its_own_kind() -> None:
    kinds = (NotWaiting, UnknownInstance, WrongStage, InstanceClosed, TooLate, Contradicting)

    assert {status_of(kind()) for kind in kinds} == {400}
    assert len({kind.code for kind in kinds}) == 5

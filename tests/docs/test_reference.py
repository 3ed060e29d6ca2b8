"""The words of the code are in the manual: states, outcomes, labels of failed calls."""

from __future__ import annotations

import json
from enum import Enum
from typing import Final

import pytest

from ostiary.entitlement.approvals import ReviewResult, StageStatus
from ostiary.entitlement.assignments import AssignmentStatus
from ostiary.entitlement.model.enums import (
    AccessPackageAssignmentState,
    AccessPackageRequestState,
)
from ostiary.entitlement.states import STAGES, RequestStatus
from ostiary.extensions import calls
from ostiary.extensions.callouts import CalloutStatus, Outcome
from ostiary.lifecycle.tallies import Status
from tests.docs.pages import REFERENCE, Example, examples, named, pages, rows

STATES: Final = REFERENCE / "request-states.md"
CALLOUTS: Final = REFERENCE / "callouts.md"
JSON: Final = [one for page in pages() for one in examples(page) if one.language == "json"]
NOT_SHOWN: Final = frozenset({"unknownFutureValue", "quarantined"})
"""The sentinel, and a status that nothing leads to yet."""


@pytest.mark.parametrize("example", JSON, ids=str)
def test_every_json_example_is_json(example: Example) -> None:
    json.loads(example.text)


@pytest.mark.parametrize(
    "words",
    [
        AccessPackageRequestState,
        RequestStatus,
        CalloutStatus,
        Outcome,
        StageStatus,
        ReviewResult,
        AccessPackageAssignmentState,
        AssignmentStatus,
        Status,
    ],
    ids=lambda words: words.__name__,
)
def test_every_state_is_explained(words: type[Enum]) -> None:
    values = {str(member.value) for member in words} - NOT_SHOWN

    assert values <= named(STATES)


def test_every_stage_that_calls_out_is_explained() -> None:
    assert {stage.value for stage in STAGES.values()} <= named(STATES)


def test_every_label_of_a_failed_call_is_explained_in_the_words_of_the_code() -> None:
    explained = {row[0].strip("`") for row in rows(CALLOUTS)}

    assert set(calls._WORDS) <= explained

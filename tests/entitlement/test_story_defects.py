"""The stories find what they are there to find: defects that were put into the rules by hand."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from typing import Any, ClassVar

import pytest
from hypothesis import Phase

from ostiary.entitlement import approvals, automatic, requests
from ostiary.entitlement.approvals import ReviewResult, Stage
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.automatic import Act, Automatic
from ostiary.entitlement.separation import Exclusions
from ostiary.entitlement.states import Request, TakeBack
from ostiary.extensions.signing import Signer
from ostiary.storage.database import Database
from tests.entitlement.stories import Stories, play
from tests.support.databases import opened_in_memory

PATIENCE = 20
"""Stories within which each defect must show; the seeds are such that the first ones do."""


class Uneventful(Stories):
    """Stories in which the server does not crash: they are the same whenever they are told."""

    crash = None  # type: ignore[assignment]  # no rule any more

    def __init__(self) -> None:
        if self.broken:
            raise Enough
        super().__init__()


class Enough(Exception):
    """A promise was broken, and the story need not be told again."""


def found(signer: Signer, *, seed: int) -> str:
    """Play stories until a promise is broken; give what is said of it."""

    class Told(Uneventful):
        broken: ClassVar[list[str]] = []

    async def fresh(stack: AsyncExitStack) -> Database:
        return await stack.enter_async_context(opened_in_memory())

    with suppress(Exception):  # whatever Hypothesis makes of a broken promise
        play(
            fresh,
            signer,
            examples=PATIENCE,
            steps=16,
            kind=Told,
            seed_=seed,
            database=None,
            phases=[Phase.generate],
            report_multiple_bugs=False,
        )
    return " ".join(Told.broken)


def test_access_that_silence_has_given_is_found(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def go_on(
        request: Request, callout_id: str, *, timed_out: bool, now: datetime
    ) -> tuple[Request, TakeBack | None]:
        if not requests._awaits_callout(request, callout_id):
            return request, None
        return requests._passed(request), None

    monkeypatch.setattr(requests, "gave_up", go_on)
    assert "was given without its assignmentRequest" in found(signer, seed=1)


def test_access_that_outlives_its_rule_is_found(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = automatic.act_on

    def keep(policy: Automatic, held: Assignment | None, **facts: Any) -> Act | None:
        act = honest(policy, held, **facts)
        return None if act is Act.REMOVE else act

    monkeypatch.setattr(automatic, "act_on", keep)
    assert "by a rule" in found(signer, seed=2)


def test_duties_that_are_not_kept_apart_are_found(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Exclusions, "conflict", lambda *_: None)
    assert "excludes it" in found(signer, seed=3)


def test_access_that_one_of_several_has_agreed_to_is_found(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def one_agrees(stages: Iterable[Stage], turn: int) -> bool:
        return any(one.turn == turn and one.result is ReviewResult.APPROVED for one in stages)

    monkeypatch.setattr(approvals, "is_agreed", one_agrees)
    assert "is ('InProgress', 'NotReviewed') in a request" in found(signer, seed=1)

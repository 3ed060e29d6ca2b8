"""The simulation finds what it is there to find: defects that were put in by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest
from msgspec.structs import replace

from ostiary.durable import queue
from ostiary.durable.group import GroupCommit
from ostiary.extensions import answers, effects
from ostiary.extensions.answers import OUTCOMES, Accepted, Answer, Decision
from ostiary.extensions.callouts import Callout
from ostiary.storage.failures import DatabaseUnavailable
from tests.simulation import history
from tests.simulation.history import History

PATIENCE = 60
"""Seeds within which each defect must show."""


def found(*, first: int = 0) -> set[str]:
    """Give what the first broken history says, in words without ids; begin where it is near."""
    for seed in range(first, first + PATIENCE):
        report = History(seed).run()
        if report.violations:
            return {" ".join(w for w in text.split() if "-" not in w) for text in report.violations}
    return set()


def test_an_answer_that_overwrites_an_earlier_one_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def overwrite(callout: Callout, answer: Answer) -> Decision:
        kept, outcome = answer.kept(), OUTCOMES[answer.verdict]
        return Accepted(replace(callout, outcome=outcome, answer=kept, detail=answer.detail))

    monkeypatch.setattr(answers, "_decide_closed", overwrite)
    assert any("went from" in text or "was answered" in text for text in found())


def test_a_wait_without_a_timer_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "LONGEST", 3 * 3_600.0)  # the waits are of half an hour

    def none(before: Mapping[str, Callout], moved: Sequence[Callout]) -> list[queue.NewWork]:
        return []

    monkeypatch.setattr(effects, "timers", none)
    assert any("is waitingForCallback" in text for text in found())


def test_a_reply_before_the_commit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hasty(self: GroupCommit[Any, Any], batch: Sequence[Any]) -> None:
        with suppress(Exception):
            async with self._database.transaction() as conn:
                results = await self._apply(conn, [waiting.request for waiting in batch])
                for waiting, result in zip(batch, results, strict=True):
                    waiting.answer(result)
                return
        for waiting in batch:
            waiting.answer(DatabaseUnavailable())

    monkeypatch.setattr(GroupCommit, "_commit", hasty)
    assert any("was promised" in text or "was answered" in text for text in found(first=20))

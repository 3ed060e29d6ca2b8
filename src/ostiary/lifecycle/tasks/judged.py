"""Tasks that are judged person by person first, and then done for all who pass at once.

The judgement is the same for a run and for a preview, so that a preview says what a run will do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.results import Completed, Outcome, Turn
from ostiary.lifecycle.tasks.port import Step


@dataclass(frozen=True, slots=True)
class ToDo:
    """There is something to do for a person; ``would`` says what, after "Would"."""

    would: str


Judgement = Outcome | ToDo


class JudgedTask(ABC):
    """A task in two steps; a subclass says what is in the way, and does what is to be done."""

    definition_id: str

    @abstractmethod
    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """Judge each turn: what fails, what is so already, and what is to be done."""

    @abstractmethod
    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """Do it for the turns that have something to do."""

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        judged = await self.judge(conn, turns, now=now)
        due = [turn for turn in turns if isinstance(judged[turn.task.id], ToDo)]
        if due:
            await self.do(conn, due, now=now)
        return {
            id: Completed() if isinstance(judgement, ToDo) else judgement
            for id, judgement in judged.items()
        }

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        judged = await self.judge(conn, turns, now=now)
        return {
            id: Completed(f"Would {judgement.would}.") if isinstance(judgement, ToDo) else judgement
            for id, judgement in judged.items()
        }

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``; as a rule what a task needs depends on the person."""
        return {}

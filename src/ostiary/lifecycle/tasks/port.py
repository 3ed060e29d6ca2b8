"""What a task is: something that is done for a batch of people, set by set, or only foreseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.results import Outcome, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A task of a workflow as it is set up, whoever it may be for."""

    task_id: str
    definition_id: str
    arguments: Mapping[str, str]
    extension_id: str | None = None


class Task(Protocol):
    """Does what one task definition promises."""

    @property
    def definition_id(self) -> str:
        """The definition, as the catalogue spells it."""

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """Do it for each turn, in the transaction that began the tasks; outcomes by task result.

        A result that is missing stays in progress: something else ends it later. Nothing is raised
        for what goes wrong for one person; that is an outcome. What is raised undoes the batch.
        """

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """Say for each turn what ``run`` would do now, and do nothing.

        What would fail is ``Failed`` with the reason; the info of what would succeed says what
        would happen. Every turn has an outcome.
        """

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """Say which of these tasks would fail for everybody, and why, by the task's id."""

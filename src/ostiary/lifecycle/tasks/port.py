"""What a task is: something that is done for a batch of people, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.results import Outcome, Turn


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

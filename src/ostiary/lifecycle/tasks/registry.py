"""Which task does what a definition promises."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle.catalogue import definition_of
from ostiary.lifecycle.results import Failed, Outcome, Turn
from ostiary.lifecycle.tasks.accounts import DeleteAccount, DisableAccount, EnableAccount
from ostiary.lifecycle.tasks.custom_extension import RunCustomExtension
from ostiary.lifecycle.tasks.group_additions import AddToGroups
from ostiary.lifecycle.tasks.group_removals import RemoveFromAllGroups, RemoveFromGroups
from ostiary.lifecycle.tasks.port import Task


def built_in() -> list[Task]:
    """Give the tasks that this server brings with it."""
    return [
        AddToGroups(),
        DeleteAccount(),
        DisableAccount(),
        EnableAccount(),
        RemoveFromAllGroups(),
        RemoveFromGroups(),
        RunCustomExtension(),
    ]


class Registry:
    """The tasks by definition."""

    def __init__(self, tasks: Iterable[Task] = ()) -> None:
        self._tasks: dict[str, Task] = {}
        for task in tasks:
            self.register(task)

    def register(self, task: Task) -> None:
        """Add a task.

        :raises ValueError: its definition has one already, or is in no catalogue.
        """
        if definition_of(task.definition_id) is None:
            raise ValueError(f"There is no task definition {task.definition_id!r}.")
        if task.definition_id.lower() in self._tasks:
            raise ValueError(f"Two tasks are registered for {task.definition_id!r}.")
        self._tasks[task.definition_id.lower()] = task

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> dict[str, Outcome]:
        """Run each turn's task, all turns of one definition together; see ``Task.run``."""
        by_definition: dict[str, list[Turn]] = defaultdict(list)
        for turn in turns:
            by_definition[turn.definition_id.lower()].append(turn)
        outcomes: dict[str, Outcome] = {}
        for definition_id, group in by_definition.items():
            task = self._tasks.get(definition_id)
            if task is None:
                outcomes |= dict.fromkeys((t.task.id for t in group), _unavailable(definition_id))
            else:
                outcomes |= await task.run(conn, group, now=now)
        return outcomes


def _unavailable(definition_id: str) -> Failed:
    definition = definition_of(definition_id)
    name = definition.display_name if definition else definition_id
    return Failed(f"The task '{name}' is not available on this server yet, so nothing was done.")

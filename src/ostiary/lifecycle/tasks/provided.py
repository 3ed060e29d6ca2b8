"""Tasks of systems that are not here, such as Teams: somebody else's endpoint carries them out.

An operator names the custom task extension that does the work of a task definition. The task then
calls out, waits and goes on as a custom task does; the payload says which definition is meant, with
which arguments. Without such an extension the task fails and says what is missing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions import extension_store
from ostiary.lifecycle import catalogue
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.tasks.custom_extension import call_out, foreseen
from ostiary.lifecycle.tasks.port import Step

SYSTEMS: Final = {
    catalogue.ADD_TO_TEAMS: "Microsoft Teams",
    catalogue.REMOVE_FROM_TEAMS: "Microsoft Teams",
    catalogue.REMOVE_FROM_ALL_TEAMS: "Microsoft Teams",
}
"""Definitions that need a system from elsewhere."""


class ProvidedTask:
    """A task that an endpoint carries out, or that nobody does."""

    def __init__(self, definition_id: str, extension_id: str | None) -> None:
        self.definition_id = definition_id
        self._extension_id = extension_id

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        outcome = await self._foreseen(conn)
        if isinstance(outcome, Failed) or self._extension_id is None:
            return {turn.task.id: outcome for turn in turns}
        await call_out(conn, {turn.task.id: self._extension_id for turn in turns}, now=now)
        return {}

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        outcome = await self._foreseen(conn)
        return {turn.task.id: outcome for turn in turns}

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``."""
        outcome = await self._foreseen(conn)
        reason = outcome.reason if isinstance(outcome, Failed) else None
        return {step.task_id: reason for step in steps if reason is not None}

    async def _foreseen(self, conn: AsyncConnection) -> Completed | Failed:
        if self._extension_id is None:
            return Failed(
                f"{SYSTEMS[self.definition_id]} is not connected to this server, so nothing was "
                "done. OSTIARY_TASK_PROVIDERS names an extension that carries the task out."
            )
        known = await extension_store.read(conn, [self._extension_id])
        outcome = foreseen(known.get(self._extension_id))
        if isinstance(outcome, Failed):
            return Failed(
                f"The extension {self._extension_id}, which OSTIARY_TASK_PROVIDERS names for this "
                "task, does not exist."
            )
        return outcome


def provided(providers: Mapping[str, str]) -> list[ProvidedTask]:
    """Make the tasks of other systems; ``providers`` has extensions by task definition.

    :raises ValueError: a definition is named that is none of these.
    """
    known = {id.lower(): extension.lower() for id, extension in providers.items()}
    unknown = sorted(known.keys() - SYSTEMS.keys())
    if unknown:
        raise ValueError(
            f"'{unknown[0]}' is no task definition that an extension can carry out; these are: "
            f"{', '.join(SYSTEMS)}."
        )
    return [ProvidedTask(definition_id, known.get(definition_id)) for definition_id in SYSTEMS]

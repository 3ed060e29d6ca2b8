"""An owner of callouts that writes down what it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout
from ostiary.graph.errors import DomainError
from ostiary.storage.facts import write_fact


class ScriptedOwner:
    """Goes on with everything; ``refuses``, ``loses`` and ``breaks_on`` tell it otherwise.

    Each callout that it goes on with, or without, also leaves a fact named by the callout's id,
    written in the same transaction.
    """

    def __init__(self, kind: str = "scripted", app_id: str = "an-app") -> None:
        self.kind = kind
        self.app_id = app_id
        self.went_on: list[Callout] = []
        self.went_without: list[Callout] = []
        self.refuses: dict[str, DomainError] = {}
        """Errors by verdict."""
        self.lost: set[str] = set()
        """Ids of owners that are gone."""
        self.broken: set[str] = set()
        """Ids of owners that cannot go on."""

    async def payloads(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Tell the stage, the instance, and where to call back."""
        return {
            callout.id: {
                "Stage": callout.stage,
                "CustomExtensionStageInstanceId": callout.id,
                "CallbackUri": f"{base_url}/{callout.owner_id}/resume",
            }
            for callout in callouts
            if callout.owner_id not in self.lost
        }

    def admit(self, callout: Callout, answer: Answer) -> None:
        """Refuse the verdicts that the test named."""
        if answer.verdict in self.refuses:
            raise self.refuses[answer.verdict]

    async def resumed(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Write down what went on."""
        await self._note(conn, callouts)
        self.went_on += callouts

    async def gave_up(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Write down what has to do without."""
        await self._note(conn, callouts)
        self.went_without += callouts

    async def _note(self, conn: AsyncConnection, callouts: Sequence[Callout]) -> None:
        for callout in callouts:
            await write_fact(conn, callout.id, callout.outcome)
            if callout.owner_id in self.broken:
                raise RuntimeError("the owner is broken")

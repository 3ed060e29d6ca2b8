"""Assignments as owners of callouts: what extensions are told before an assignment ends.

Nobody waits for an answer, and however a call ends, the assignment goes its way.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import names, payloads, stages, stories
from ostiary.entitlement.payloads import Story
from ostiary.entitlement.process import reminding
from ostiary.entitlement.store import extensions as extension_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions.answers import Answer
from ostiary.extensions.callouts import Callout
from ostiary.extensions.errors import NotWaiting
from ostiary.identity.catalogue import ENTITLEMENT_MANAGEMENT_APP_ID


class AssignmentOwner:
    """The owner kind ``assignment``."""

    kind = names.ASSIGNMENT
    app_id = ENTITLEMENT_MANAGEMENT_APP_ID

    async def payloads(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, base_url: str
    ) -> Mapping[str, Mapping[str, Any]]:
        """Give what each callout tells its endpoint; assignments that have ended are missing."""
        about = await _stories(conn, {callout.owner_id for callout in callouts})
        called = await extension_store.known(conn, {callout.extension_id for callout in callouts})
        return {
            callout.id: payloads.legacy_payload(callout, story)
            if stages.is_older(called.get(callout.extension_id))
            else payloads.ending_payload(callout, story)
            for callout in callouts
            if (story := about.get(callout.owner_id))
        }

    def admit(self, callout: Callout, answer: Answer) -> None:
        """Refuse every answer: none is awaited.

        :raises NotWaiting: always.
        """
        raise NotWaiting(f"No answer is awaited at the stage '{callout.stage}'.")

    async def resumed(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Call the next extension of the stage."""
        await reminding.go_on(conn, [callout.id for callout in callouts], now=now)

    async def gave_up(
        self, conn: AsyncConnection, callouts: Sequence[Callout], *, now: datetime
    ) -> None:
        """Call the next extension of the stage all the same."""
        await reminding.go_on(conn, [callout.id for callout in callouts], now=now)


async def _stories(conn: AsyncConnection, assignment_ids: Collection[str]) -> dict[str, Story]:
    """Read all that is told of assignments that are held, by their ids."""
    given = await request_store.giving(conn, assignment_ids)
    about = await stories.read(conn, {request.id for request in given.values()})
    return {
        key: story
        for key, request in given.items()
        if (story := about[request.id]).assignment is not None and story.assignment.is_held
    }

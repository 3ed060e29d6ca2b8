"""Run a custom task extension: call out, and leave the task in progress until that has ended.

Whether an answer is awaited is the extension's business; either way the callout's owner goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.service import Order, launch
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Failed, Outcome, Turn


class RunCustomExtension:
    """Store a callout for each task result; the wait is on disk before the call is made."""

    definition_id = catalogue.RUN_CUSTOM_EXTENSION

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        orders = [
            Order(
                owner_kind=names.OWNER_KIND,
                owner_id=turn.task.id,
                extension_id=turn.extension_id,
                stage=names.STAGE,
            )
            for turn in turns
            if turn.extension_id is not None
        ]
        await launch(conn, orders, now=now)
        nothing = Failed("The task names no custom task extension.")
        return {turn.task.id: nothing for turn in turns if turn.extension_id is None}

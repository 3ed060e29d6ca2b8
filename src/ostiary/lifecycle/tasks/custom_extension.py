"""Run a custom task extension: call out, and leave the task in progress until that has ended.

Whether an answer is awaited is the extension's business; either way the callout's owner goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions import extension_store
from ostiary.extensions.extensions import Extension
from ostiary.extensions.service import Order, launch
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.tasks.people import GONE, people_of
from ostiary.lifecycle.tasks.port import Step

_UNNAMED: Final = Failed("The task names no custom task extension.")


class RunCustomExtension:
    """Store a callout for each task result; the wait is on disk before the call is made."""

    definition_id = catalogue.RUN_CUSTOM_EXTENSION

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        called = {turn.task.id: turn.extension_id for turn in turns if turn.extension_id}
        await call_out(conn, called, now=now)
        return {turn.task.id: _UNNAMED for turn in turns if turn.task.id not in called}

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        ids = {turn.extension_id for turn in turns if turn.extension_id}
        known = await extension_store.read(conn, ids)
        people = await people_of(conn, turns)
        return {
            turn.task.id: foreseen(known.get(turn.extension_id or ""))
            if turn.subject_id in people
            else GONE
            for turn in turns
        }

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``."""
        ids = {step.extension_id for step in steps if step.extension_id}
        known = await extension_store.read(conn, ids)
        return {
            step.task_id: missing.reason
            for step in steps
            if isinstance(missing := foreseen(known.get(step.extension_id or "")), Failed)
        }


async def call_out(conn: AsyncConnection, called: Mapping[str, str], *, now: datetime) -> None:
    """Store a callout for each task result, to the extension that it is given."""
    orders = [
        Order(
            owner_kind=names.OWNER_KIND,
            owner_id=result_id,
            extension_id=extension_id,
            stage=names.STAGE,
        )
        for result_id, extension_id in called.items()
    ]
    await launch(conn, orders, now=now)


def foreseen(extension: Extension | None) -> Completed | Failed:
    """Say what a call to an extension would be, or that there is none."""
    if extension is None:
        return Failed("The custom task extension does not exist.")
    wait = extension.wait
    then = "go on at once" if wait is None else f"wait for its answer for at most {wait}"
    if extension.replies:
        then = "go on as its reply says"
    return Completed(f"Would call the extension '{extension.display_name}' and {then}.")

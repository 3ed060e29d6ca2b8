"""Send mails: to the user, to the manager, to sponsors, or to whomever the task names.

A mail is stored in the transaction of the task, with the work of sending it, so that it goes out
exactly when the task has succeeded. What becomes of it afterwards is on its record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.lifecycle.letters import LETTERS, Audience, Letter
from ostiary.lifecycle.recipients import read_recipients
from ostiary.lifecycle.results import Completed, Outcome, Turn
from ostiary.lifecycle.tasks.mail_drafts import NOBODY, UNREACHABLE, Draft, draft
from ostiary.lifecycle.tasks.mail_facts import read_facts
from ostiary.lifecycle.tasks.port import Step
from ostiary.mail.service import address_of, send


class SendMail:
    """A task that writes to people; ``domain`` is the organisation's first."""

    def __init__(self, letter: Letter, domain: str | None = None) -> None:
        self.definition_id = letter.definition_id
        self._letter = letter
        self._domain = domain

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        drafts = await self._drafts(conn, turns)
        written = [one for one in drafts.values() if isinstance(one, Draft)]
        await send(conn, [mail for one in written for mail in one.mails], now=now)
        return {
            id: Completed(one.note) if isinstance(one, Draft) else one for id, one in drafts.items()
        }

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        drafts = await self._drafts(conn, turns)
        return {
            id: Completed(foreseen(one)) if isinstance(one, Draft) else one
            for id, one in drafts.items()
        }

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``."""
        return await faults_of(conn, steps, self._letter)

    async def _drafts(
        self, conn: AsyncConnection, turns: Sequence[Turn]
    ) -> dict[str, Draft | Outcome]:
        facts = await read_facts(conn, turns, self._letter)
        return {
            turn.task.id: draft(turn, self._letter, facts, domain=self._domain) for turn in turns
        }


def mail_tasks(domain: str | None = None) -> list[SendMail]:
    """Give the tasks that do nothing but write."""
    return [SendMail(letter, domain) for letter in LETTERS]


def foreseen(one: Draft) -> str:
    """Say what would be sent to whom."""
    return " ".join(part for part in (f"Would write to {one.told}.", one.note) if part)


async def faults_of(conn: AsyncConnection, steps: Sequence[Step], letter: Letter) -> dict[str, str]:
    """Say which tasks write to people none of whom can be reached."""
    chosen = {
        step.task_id: recipients.ids
        for step in steps
        if (recipients := read_recipients(step.arguments, letter.audience)).ids
    }
    people = await store.people(conn, {id for ids in chosen.values() for id in ids})
    found: dict[str, str] = {}
    for task_id, ids in chosen.items():
        known = [people[id] for id in ids if id in people]
        if not known:
            found[task_id] = NOBODY[Audience.CHOSEN]
        elif not any(address_of(one) for one in known):
            found[task_id] = UNREACHABLE[Audience.CHOSEN]
    return found

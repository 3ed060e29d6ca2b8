"""Transfer what a person sponsors to the person's manager.

The published task speaks of agent identities. This directory has none; those who have sponsors here
are people, as a rule guests, and it is they who are handed over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.directory.people import Person
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Failed, Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, people_of


class TransferSponsorships(JudgedTask):
    """Make the manager the sponsor of everybody whom the person sponsors."""

    definition_id = catalogue.TRANSFER_SPONSORSHIPS

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        managers = await store.people(conn, {p.manager_id for p in people.values() if p.manager_id})
        sponsored = await store.sponsored_by(conn, people)
        return {
            turn.task.id: _judge(people.get(turn.subject_id), managers, sponsored) for turn in turns
        }

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        sponsored = await store.sponsored_by(conn, people)
        old = {(user, sponsor) for sponsor, users in sponsored.items() for user in users}
        new = {
            (user, manager)
            for user, sponsor in old
            if (manager := people[sponsor].manager_id) is not None and manager != user
        }
        await changes.add_sponsors(conn, new, now=now, actor=names.ACTOR)
        await changes.remove_sponsors(conn, old, now=now, actor=names.ACTOR)


def _judge(
    person: Person | None, managers: Mapping[str, Person], sponsored: Mapping[str, set[str]]
) -> Judgement:
    if person is None:
        return GONE
    if not sponsored[person.id]:
        return Completed("The user sponsors nobody.")
    manager = managers.get(person.manager_id or "")
    if manager is None:
        return Failed("The user has no manager who could take over.")
    number = len(sponsored[person.id])
    return ToDo(f"make '{manager.display_name}' the sponsor of {number} users in the user's place")

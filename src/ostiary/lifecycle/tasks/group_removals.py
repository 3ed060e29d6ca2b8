"""Remove a person from groups: from those that the task names, or from all."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.directory.groups import Group
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Turn
from ostiary.lifecycle.tasks.groups import NamedGroupsTask, named_pairs
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, people_of

_NOTHING_TO_DO: Final = "The user was a member of none of the groups."


class RemoveFromGroups(NamedGroupsTask):
    """End a person's membership of every group that the task names, or of none."""

    definition_id = catalogue.REMOVE_FROM_GROUPS
    nothing_to_do = _NOTHING_TO_DO

    def _changing(self, ids: Collection[str], held: Collection[str]) -> list[str]:
        return sorted(set(ids).intersection(held))

    def _would(self, listed: str) -> str:
        return f"remove the user from {listed}"

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        await changes.remove_members(conn, named_pairs(turns), now=now, actor=names.ACTOR)


class RemoveFromAllGroups(JudgedTask):
    """End every membership of a person that workflows may end; the others are passed over."""

    definition_id = catalogue.REMOVE_FROM_ALL_GROUPS

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        held = await _removable(conn, people)
        return {
            turn.task.id: _judge(held[turn.subject_id]) if turn.subject_id in people else GONE
            for turn in turns
        }

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        held = await _removable(conn, {turn.subject_id for turn in turns})
        pairs = {(group.id, person) for person, groups in held.items() for group in groups}
        await changes.remove_members(conn, pairs, now=now, actor=names.ACTOR)


def _judge(held: Sequence[Group]) -> Judgement:
    if not held:
        return Completed(_NOTHING_TO_DO)
    listed = ", ".join(f"'{group.display_name or group.id}'" for group in held)
    return ToDo(f"remove the user from {listed}")


async def _removable(conn: AsyncConnection, people: Collection[str]) -> dict[str, list[Group]]:
    """Give the groups of each person whose members workflows may change."""
    held = await store.groups_of(conn, people)
    groups = await store.groups(conn, set().union(*held.values()))
    return {
        person: [groups[id] for id in sorted(ids) if id in groups and groups[id].refusal is None]
        for person, ids in held.items()
    }

"""What tasks on groups have in common: which groups are meant, and which may not be changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.groups import Group
from ostiary.lifecycle.argument_forms import split
from ostiary.lifecycle.catalogue import GROUPS_PARAMETER
from ostiary.lifecycle.results import Completed, Failed, Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, people_of
from ostiary.lifecycle.tasks.port import Step

Pairs = set[tuple[str, str]]
"""Groups with members."""


class NamedGroupsTask(JudgedTask):
    """A task on groups that it names: one that cannot be changed keeps it from changing any."""

    nothing_to_do: str

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        groups = await store.groups(conn, set().union(*(_wanted(t.arguments) for t in turns)))
        held = await store.groups_of(conn, people)
        judged: dict[str, Judgement] = {}
        for turn in turns:
            ids = _wanted(turn.arguments)
            refusal = _refusal(ids, groups) if turn.subject_id in people else GONE
            judged[turn.task.id] = refusal or self._judge(ids, held[turn.subject_id], groups)
        return judged

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``JudgedTask``: a group that is not there is missing for everybody."""
        wanted = {step.task_id: _wanted(step.arguments) for step in steps}
        groups = await store.groups(conn, set().union(*wanted.values()))
        refusals = {id: _refusal(ids, groups) for id, ids in wanted.items()}
        return {id: refusal.reason for id, refusal in refusals.items() if refusal is not None}

    def _judge(
        self, ids: Collection[str], held: Collection[str], groups: Mapping[str, Group]
    ) -> Judgement:
        changing = [groups[id].display_name or id for id in self._changing(ids, held)]
        if not changing:
            return Completed(self.nothing_to_do)
        listed = ", ".join(f"'{name}'" for name in changing)
        return ToDo(self._would(listed))

    @abstractmethod
    def _changing(self, ids: Collection[str], held: Collection[str]) -> list[str]:
        """Give the groups whose members would change for somebody who is in ``held``."""

    @abstractmethod
    def _would(self, listed: str) -> str:
        """Say what would happen with these groups."""


def named_pairs(turns: Sequence[Turn]) -> Pairs:
    """Give what tasks name as pairs of groups and members."""
    return {(id, turn.subject_id) for turn in turns for id in _wanted(turn.arguments)}


def _wanted(arguments: Mapping[str, str]) -> frozenset[str]:
    """Read the ids of groups: a list with commas, in any case."""
    return frozenset(id.lower() for id in split(arguments.get(GROUPS_PARAMETER, "")))


def _refusal(ids: Collection[str], groups: Mapping[str, Group]) -> Failed | None:
    for id in sorted(ids):
        group = groups.get(id)
        if group is None:
            return Failed(f"The group {id} does not exist.")
        if group.refusal is not None:
            name = group.display_name or group.id
            return Failed(f"The members of the group '{name}' cannot be changed: {group.refusal}.")
    return None

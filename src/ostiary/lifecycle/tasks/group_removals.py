"""Remove a person from groups: from those that the task names, or from all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Outcome, Turn
from ostiary.lifecycle.tasks.groups import Pairs, named_pairs
from ostiary.lifecycle.tasks.people import GONE, people_of

_NOTHING_TO_DO = "The user was a member of none of the groups."


class RemoveFromGroups:
    """End a person's membership of every group that the task names, or of none."""

    definition_id = catalogue.REMOVE_FROM_GROUPS

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        outcomes, pairs = await named_pairs(conn, turns)
        return outcomes | await _removed(conn, pairs, now=now)


class RemoveFromAllGroups:
    """End every membership of a person that workflows may end; the others are passed over."""

    definition_id = catalogue.REMOVE_FROM_ALL_GROUPS

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        people = await people_of(conn, turns)
        held = await store.groups_of(conn, people)
        groups = await store.groups(conn, set().union(*held.values()))
        free = {id for id, group in groups.items() if group.refusal is None}
        pairs = {
            turn.task.id: {(id, turn.subject_id) for id in held[turn.subject_id] & free}
            for turn in turns
            if turn.subject_id in people
        }
        gone = {turn.task.id: GONE for turn in turns if turn.subject_id not in people}
        return gone | await _removed(conn, pairs, now=now)


async def _removed(
    conn: AsyncConnection, pairs: Mapping[str, Pairs], *, now: datetime
) -> dict[str, Outcome]:
    everything: Pairs = set().union(*pairs.values())
    removed = await changes.remove_members(conn, everything, now=now, actor=names.ACTOR)
    return {id: Completed(None if own & removed else _NOTHING_TO_DO) for id, own in pairs.items()}

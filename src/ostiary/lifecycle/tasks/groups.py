"""What tasks on groups have in common: which groups are meant, and which may not be changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store
from ostiary.directory.groups import Group
from ostiary.lifecycle.catalogue import GROUPS_PARAMETER
from ostiary.lifecycle.results import Failed, Outcome, Turn
from ostiary.lifecycle.tasks.people import GONE, people_of

Pairs = set[tuple[str, str]]
"""Groups with members."""


async def named_pairs(
    conn: AsyncConnection, turns: Sequence[Turn]
) -> tuple[dict[str, Outcome], dict[str, Pairs]]:
    """Give what each task wants to change, and the outcomes of those that cannot.

    A task that names a group which cannot be changed changes none.
    """
    people = await people_of(conn, turns)
    wanted = {turn.task.id: _wanted_groups(turn) for turn in turns}
    groups = await store.groups(conn, frozenset().union(*wanted.values()))
    outcomes: dict[str, Outcome] = {}
    pairs: dict[str, Pairs] = {}
    for turn in turns:
        ids = wanted[turn.task.id]
        refusal = _refusal(ids, groups) if turn.subject_id in people else GONE
        if refusal is not None:
            outcomes[turn.task.id] = refusal
        else:
            pairs[turn.task.id] = {(id, turn.subject_id) for id in ids}
    return outcomes, pairs


def _wanted_groups(turn: Turn) -> frozenset[str]:
    """Read the ids of groups: a list with commas, in any case."""
    listed = turn.arguments.get(GROUPS_PARAMETER, "").split(",")
    return frozenset(id.strip().lower() for id in listed if id.strip())


def _refusal(ids: Collection[str], groups: Mapping[str, Group]) -> Failed | None:
    for id in sorted(ids):
        group = groups.get(id)
        if group is None:
            return Failed(f"The group {id} does not exist.")
        if group.refusal is not None:
            name = group.display_name or group.id
            return Failed(f"The members of the group '{name}' cannot be changed: {group.refusal}.")
    return None

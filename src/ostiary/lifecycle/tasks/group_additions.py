"""Add a person to groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Outcome, Turn
from ostiary.lifecycle.tasks.groups import Pairs, named_pairs

_NOTHING_TO_DO = "The user was a member of every group already."


class AddToGroups:
    """Make a person a member of every group that the task names, or of none."""

    definition_id = catalogue.ADD_TO_GROUPS

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        outcomes, pairs = await named_pairs(conn, turns)
        everything: Pairs = set().union(*pairs.values())
        added = await changes.add_members(conn, everything, now=now, actor=names.ACTOR)
        done = {id: Completed(None if own & added else _NOTHING_TO_DO) for id, own in pairs.items()}
        return outcomes | done

"""Add a person to groups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Turn
from ostiary.lifecycle.tasks.groups import NamedGroupsTask, named_pairs


class AddToGroups(NamedGroupsTask):
    """Make a person a member of every group that the task names, or of none."""

    definition_id = catalogue.ADD_TO_GROUPS
    nothing_to_do = "The user was a member of every group already."

    def _changing(self, ids: Collection[str], held: Collection[str]) -> list[str]:
        return sorted(set(ids).difference(held))

    def _would(self, listed: str) -> str:
        return f"add the user to {listed}"

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        await changes.add_members(conn, named_pairs(turns), now=now, actor=names.ACTOR)

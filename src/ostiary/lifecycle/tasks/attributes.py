"""Update attributes of a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, people, store
from ostiary.directory.errors import DirectoryError
from ostiary.directory.model import User
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.attribute_updates import Update, read_updates, updated
from ostiary.lifecycle.catalogue import UPDATES_PARAMETER
from ostiary.lifecycle.results import Completed, Failed, Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, NO_BRIDGE


class UpdateAttributes(JudgedTask):
    """Give a person's attributes new values, all of them or none."""

    definition_id = catalogue.UPDATE_ATTRIBUTES

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        users = await store.users(conn, {turn.subject_id for turn in turns}, lock=True)
        return {turn.task.id: _judge(turn, users.get(turn.subject_id)) for turn in turns}

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``; several turns of one person add up."""
        before = await store.users(conn, {turn.subject_id for turn in turns}, lock=True)
        after = dict(before)
        for turn in turns:
            after[turn.subject_id] = updated(after[turn.subject_id], _updates(turn))
        pairs = [(before[id], after[id]) for id in before]
        await changes.update_users(conn, pairs, now=now, actor=names.ACTOR)


def _updates(turn: Turn) -> list[Update]:
    return read_updates(turn.arguments[UPDATES_PARAMETER])


def _judge(turn: Turn, user: User | None) -> Judgement:
    if user is None:
        return GONE
    if user.on_premises_sync_enabled:
        return NO_BRIDGE
    wanted = _updates(turn)
    after = updated(user, wanted)
    try:
        people.checked(after)
    except DirectoryError as error:
        return Failed(str(error))
    if after == user:
        return Completed("The attributes had these values already.")
    told = ", ".join(
        f"{u.attribute} to {u.value!r}" if u.value else f"{u.attribute} to nothing" for u in wanted
    )
    return ToDo(f"set {told}")

"""Revoke a person's sign-in sessions, which are here a date that applications can ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, people_of


class RevokeSessions(JudgedTask):
    """Move ``signInSessionsValidFromDateTime`` to now."""

    definition_id = catalogue.REVOKE_SESSIONS

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        todo = ToDo("make every session that began before invalid")
        return {turn.task.id: todo if turn.subject_id in people else GONE for turn in turns}

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        ids = {turn.subject_id for turn in turns}
        await changes.revoke_sign_in_sessions(conn, ids, now=now, actor=names.ACTOR)

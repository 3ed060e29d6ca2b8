"""Enable, disable and delete user accounts.

People who hold privileges through role-assignable groups are left alone, so that no workflow can
lock an administrator out; so are accounts that are mastered on premises, which this server has no
bridge to.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes
from ostiary.directory.objects import Kind
from ostiary.directory.people import Person
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Outcome, Turn
from ostiary.lifecycle.tasks.judged import JudgedTask, Judgement, ToDo
from ostiary.lifecycle.tasks.people import GONE, NO_BRIDGE, PRIVILEGED, people_of, privileged


class _AccountTask(JudgedTask):
    """A task on accounts: who may not be touched is the same for all of them."""

    on_premises: str
    """The argument that asks for the account to be changed on premises as well."""
    would: str
    nothing_to_do: str
    gone: Outcome = GONE
    """What it means that there is no such person any more."""

    async def judge(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Judgement]:
        """See ``JudgedTask``."""
        people = await people_of(conn, turns)
        spared = await privileged(conn, people)
        return {t.task.id: self._judge(t, people.get(t.subject_id), spared) for t in turns}

    async def do(self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime) -> None:
        """See ``JudgedTask``."""
        await self._change(conn, {turn.subject_id for turn in turns}, now=now)

    def _judge(self, turn: Turn, person: Person | None, spared: Collection[str]) -> Judgement:
        if person is None:
            return self.gone
        if person.on_premises_sync_enabled or turn.arguments.get(self.on_premises) == "true":
            return NO_BRIDGE
        if person.id in spared:
            return PRIVILEGED
        return Completed(self.nothing_to_do) if self._is_done(person) else ToDo(self.would)

    @abstractmethod
    def _is_done(self, person: Person) -> bool:
        """Whether the person is as the task wants it."""

    @abstractmethod
    async def _change(self, conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> None:
        """Change these people."""


class EnableAccount(_AccountTask):
    """Let a person sign in."""

    definition_id = catalogue.ENABLE_ACCOUNT
    on_premises = "enableOnPremisesAccount"
    would = "enable the account"
    nothing_to_do = "The account was enabled already."

    def _is_done(self, person: Person) -> bool:
        return person.account_enabled

    async def _change(self, conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> None:
        await changes.set_account_enabled(conn, ids, True, now=now, actor=names.ACTOR)


class DisableAccount(_AccountTask):
    """Keep a person from signing in."""

    definition_id = catalogue.DISABLE_ACCOUNT
    on_premises = "disableOnPremisesAccount"
    would = "disable the account"
    nothing_to_do = "The account was disabled already."

    def _is_done(self, person: Person) -> bool:
        return not person.account_enabled

    async def _change(self, conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> None:
        await changes.set_account_enabled(conn, ids, False, now=now, actor=names.ACTOR)


class DeleteAccount(_AccountTask):
    """Delete a person, so that the account can still be restored."""

    definition_id = catalogue.DELETE_ACCOUNT
    on_premises = "deleteOnPremisesAccount"
    would = "delete the account"
    nothing_to_do = "The account was deleted already."
    gone = Completed(nothing_to_do)

    def _is_done(self, person: Person) -> bool:
        return False

    async def _change(self, conn: AsyncConnection, ids: Collection[str], *, now: datetime) -> None:
        await changes.delete_objects(conn, Kind.USER, ids, now=now, actor=names.ACTOR)

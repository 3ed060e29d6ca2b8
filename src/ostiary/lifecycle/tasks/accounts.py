"""Enable, disable and delete user accounts.

People who hold privileges through role-assignable groups are left alone, so that no workflow can
lock an administrator out; so are accounts that are mastered on premises, which this server has no
bridge to.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import changes, store
from ostiary.directory.objects import Kind
from ostiary.directory.people import Person
from ostiary.lifecycle import catalogue, names
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.tasks.people import GONE, people_of

NO_BRIDGE: Final = Failed(
    "The account is managed on premises, and this server has no bridge to an on-premises directory."
)
PRIVILEGED: Final = Failed(
    "The user is a member or an owner of a role-assignable group; such accounts are not changed "
    "by workflows."
)


class _AccountTask(ABC):
    """A task on accounts: who may not be touched is the same for all of them."""

    definition_id: str
    on_premises: str
    """The argument that asks for the account to be changed on premises as well."""
    nothing_to_do: str

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        people = await people_of(conn, turns)
        privileged = await _privileged(conn, people)
        outcomes: dict[str, Outcome] = {}
        for turn in turns:
            refusal = self._refusal(turn, people.get(turn.subject_id), privileged)
            if refusal is not None:
                outcomes[turn.task.id] = refusal
        allowed = [turn for turn in turns if turn.task.id not in outcomes]
        changed = await self._change(conn, {turn.subject_id for turn in allowed}, now=now)
        for turn in allowed:
            info = None if turn.subject_id in changed else self.nothing_to_do
            outcomes[turn.task.id] = Completed(info)
        return outcomes

    def _refusal(
        self, turn: Turn, person: Person | None, privileged: Collection[str]
    ) -> Failed | None:
        if person is None:
            return GONE
        if person.on_premises_sync_enabled or turn.arguments.get(self.on_premises) == "true":
            return NO_BRIDGE
        return PRIVILEGED if person.id in privileged else None

    @abstractmethod
    async def _change(
        self, conn: AsyncConnection, ids: Collection[str], *, now: datetime
    ) -> set[str]:
        """Change these people; give those for whom that was new."""


class EnableAccount(_AccountTask):
    """Let a person sign in."""

    definition_id = catalogue.ENABLE_ACCOUNT
    on_premises = "enableOnPremisesAccount"
    nothing_to_do = "The account was enabled already."

    async def _change(
        self, conn: AsyncConnection, ids: Collection[str], *, now: datetime
    ) -> set[str]:
        return await changes.set_account_enabled(conn, ids, True, now=now, actor=names.ACTOR)


class DisableAccount(_AccountTask):
    """Keep a person from signing in."""

    definition_id = catalogue.DISABLE_ACCOUNT
    on_premises = "disableOnPremisesAccount"
    nothing_to_do = "The account was disabled already."

    async def _change(
        self, conn: AsyncConnection, ids: Collection[str], *, now: datetime
    ) -> set[str]:
        return await changes.set_account_enabled(conn, ids, False, now=now, actor=names.ACTOR)


class DeleteAccount(_AccountTask):
    """Delete a person, so that the account can still be restored."""

    definition_id = catalogue.DELETE_ACCOUNT
    on_premises = "deleteOnPremisesAccount"
    nothing_to_do = "The account was deleted already."

    async def _change(
        self, conn: AsyncConnection, ids: Collection[str], *, now: datetime
    ) -> set[str]:
        return await changes.delete_objects(conn, Kind.USER, ids, now=now, actor=names.ACTOR)


async def _privileged(conn: AsyncConnection, people: Collection[str]) -> set[str]:
    """Give those who are members or owners of role-assignable groups."""
    related = await store.groups_of(conn, people)
    for person_id, owned in (await store.owned_by(conn, people)).items():
        related[person_id] = related[person_id] | owned
    groups = await store.groups(conn, set().union(*related.values()))
    assignable = {id for id, group in groups.items() if group.is_assignable_to_role}
    return {person_id for person_id, ids in related.items() if ids & assignable}

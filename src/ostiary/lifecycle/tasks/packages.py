"""Ask for access packages and give them up, through whatever looks after access.

Nothing here knows entitlement management: ``Access`` is what these tasks need of it, and the
composition of the server brings both together.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.lifecycle import catalogue
from ostiary.lifecycle.catalogue import DAYS, PACKAGE, POLICY
from ostiary.lifecycle.results import Completed, Failed, Outcome, Turn
from ostiary.lifecycle.tasks.people import GONE, people_of
from ostiary.lifecycle.tasks.port import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a task wants of somebody's access; the key is its result."""

    key: str
    person_id: str
    package_id: str = ""
    policy_id: str = ""
    days: int = 0


class Reply(Protocol):
    """What became of a wish, or would."""

    @property
    def text(self) -> str | None:
        """Why it was refused, or needless."""

    @property
    def is_refused(self) -> bool:
        """Whether it is not granted, or not as a whole."""

    @property
    def is_needless(self) -> bool:
        """Whether there is nothing to do."""


class Verb(Protocol):
    """Grants wishes of one kind, or says in a dry run what would become of them."""

    def __call__(
        self, conn: AsyncConnection, wishes: Sequence[Wish], /, *, is_dry: bool, now: datetime
    ) -> Awaitable[Mapping[str, Reply]]:
        """Give the replies by key."""


class Access(Protocol):
    """Whatever looks after access packages."""

    @property
    def assign(self) -> Verb:
        """Ask for a package under a policy."""

    @property
    def remove(self) -> Verb:
        """Take a package away."""

    @property
    def remove_all(self) -> Verb:
        """Take every package away, or let them end after some days."""

    @property
    def cancel_all(self) -> Verb:
        """Cancel what is asked for and not given yet."""

    async def problems(
        self, conn: AsyncConnection, pairs: Collection[tuple[str, str]], /
    ) -> Mapping[tuple[str, str], str]:
        """Say what is wrong with pairs of package and policy; the policy may be empty."""


class AccessTask:
    """A task that has a wish of somebody's access."""

    def __init__(self, definition_id: str, access: Access, verb: Verb, would: str) -> None:
        self.definition_id = definition_id
        self._access = access
        self._verb = verb
        self._would = would

    async def run(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.run``."""
        return await self._ask(conn, turns, done=Completed(), is_dry=False, now=now)

    async def foresee(
        self, conn: AsyncConnection, turns: Sequence[Turn], *, now: datetime
    ) -> Mapping[str, Outcome]:
        """See ``port.Task.foresee``."""
        done = Completed(f"Would {self._would}.")
        return await self._ask(conn, turns, done=done, is_dry=True, now=now)

    async def faults(self, conn: AsyncConnection, steps: Sequence[Step]) -> Mapping[str, str]:
        """See ``port.Task.faults``."""
        pairs = {step.task_id: (_id(step, PACKAGE), _id(step, POLICY)) for step in steps}
        named = {pair for pair in pairs.values() if pair[0]}
        problems = await self._access.problems(conn, named) if named else {}
        return {id: problems[pair] for id, pair in pairs.items() if pair in problems}

    async def _ask(
        self,
        conn: AsyncConnection,
        turns: Sequence[Turn],
        *,
        done: Completed,
        is_dry: bool,
        now: datetime,
    ) -> dict[str, Outcome]:
        people = await people_of(conn, turns)
        wishes = [_wish(turn) for turn in turns if turn.subject_id in people]
        replies = await self._verb(conn, wishes, is_dry=is_dry, now=now) if wishes else {}
        gone = {turn.task.id: GONE for turn in turns if turn.subject_id not in people}
        return gone | {key: _outcome(reply, done) for key, reply in replies.items()}


def access_tasks(access: Access) -> list[AccessTask]:
    """Give the tasks that ask for access and give it up."""
    return [
        AccessTask(catalogue.REQUEST_PACKAGE, access, access.assign, "ask for the access package"),
        AccessTask(catalogue.REMOVE_PACKAGE, access, access.remove, "take the access package away"),
        AccessTask(
            catalogue.REMOVE_ALL_PACKAGES,
            access,
            access.remove_all,
            "take every access package away, or let it end",
        ),
        AccessTask(
            catalogue.CANCEL_PACKAGE_REQUESTS,
            access,
            access.cancel_all,
            "cancel the pending requests for access packages",
        ),
    ]


def _wish(turn: Turn) -> Wish:
    return Wish(
        key=turn.task.id,
        person_id=turn.subject_id,
        package_id=_id(turn, PACKAGE),
        policy_id=_id(turn, POLICY),
        days=int(turn.arguments.get(DAYS, "").strip() or 0),
    )


def _outcome(reply: Reply, done: Completed) -> Outcome:
    if reply.is_refused:
        return Failed(reply.text or "It was refused.")
    return Completed(reply.text) if reply.is_needless else done


def _id(one: Turn | Step, argument: str) -> str:
    return one.arguments.get(argument, "").strip().lower()

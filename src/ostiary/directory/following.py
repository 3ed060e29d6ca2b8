"""Following the directory: whoever is to act on changes is told of them in the background.

A change puts ``directory.changed`` on the queue in its own transaction. That item fixes a place in
the journal before which nothing will appear any more, and puts one ``directory.follow`` for each
follower that is not there yet, which reads the journal page by page. The follower's effects and its
place are committed together, so that each change is told once, whichever node does it. The work
grows with what has changed and not with the directory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.objects import Kind
from ostiary.directory.store import followers, journal
from ostiary.directory.store.followers import CHANGED, FOLLOW, Noted
from ostiary.durable import queue
from ostiary.durable.handlers import InTransaction
from ostiary.durable.queue import NewWork, WorkItem

PAGE: Final = 1_000
"""Entries of the journal that are told in one transaction."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Who and what is no longer what it was. What it is now is read where it stands."""

    users: frozenset[str] = frozenset()
    """People who were added, changed, deleted or restored; another manager is a change."""
    groups: frozenset[str] = frozenset()
    """Groups themselves: added, changed, deleted or restored."""
    members: frozenset[tuple[str, str]] = frozenset()
    """Members who came to a group or left it, as (group, member)."""

    @property
    def people(self) -> frozenset[str]:
        """Everybody who was changed, or came to a group or left one."""
        return self.users | {member for _, member in self.members}


class Follower(Protocol):
    """Somebody who acts on changes of the directory, in the transaction that tells of them."""

    @property
    def name(self) -> str:
        """The name by which the place in the journal is kept."""

    async def changed(self, conn: AsyncConnection, changed: Changed, *, now: datetime) -> None:
        """Act on a page of changes."""

    async def lost(self, conn: AsyncConnection, *, now: datetime) -> None:
        """Act on changes that were forgotten before they were told: anything may have changed."""


async def begin(conn: AsyncConnection, name: str) -> None:
    """Have a follower told of everything that is committed after this transaction.

    Call it in a transaction that does little else: on PostgreSQL it waits for those who change the
    directory, and they wait for it.
    """
    await followers.begin(conn, name, await journal.mark(conn))


class Following:
    """Tells the followers; those who are not among them any more are passed over."""

    def __init__(self, told: Sequence[Follower], *, page: int = PAGE) -> None:
        self._told = {one.name: one for one in told}
        self._page = page

    def handlers(self) -> list[InTransaction]:
        """Give the handlers for the worker."""
        return [InTransaction(CHANGED, self.mark), InTransaction(FOLLOW, self.follow)]

    async def mark(self, conn: AsyncConnection, _: Sequence[WorkItem], now: datetime) -> None:
        """``directory.changed``: see up to which place the journal can be told."""
        await followers.put_behind(conn, await journal.mark(conn), now=now)

    async def follow(self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        """``directory.follow``: tell the next page, and come again for the rest."""
        marks: dict[str, int] = defaultdict(int)
        for item in items:
            marks[item.key] = max(marks[item.key], int(item.payload["until"]))
        for name in sorted(marks.keys() & self._told.keys()):
            if await self._tell(conn, self._told[name], marks[name], now):
                more = NewWork(kind=FOLLOW, key=name, due_at=now, payload={"until": marks[name]})
                await queue.put(conn, [more])

    async def _tell(
        self, conn: AsyncConnection, follower: Follower, until: int, now: datetime
    ) -> bool:
        """Tell one page; say whether there is more before the mark."""
        position = await followers.lock(conn, follower.name)
        if position is None or position >= until:
            return False
        if position < await journal.forgotten(conn):
            _log.warning("directory.changes_lost", follower=follower.name, position=position)
            await followers.move(conn, follower.name, until)
            await follower.lost(conn, now=now)
            return False
        page = await followers.entries(conn, since=position, until=until, limit=self._page)
        end = page[-1].sequence if len(page) == self._page else until
        await followers.move(conn, follower.name, end)
        await follower.changed(conn, _changed(page), now=now)
        return end < until


def _changed(page: Iterable[Noted]) -> Changed:
    users, groups, members = set(), set(), set()
    for entry in page:
        if entry.target_id is not None:
            members.add((entry.object_id, entry.target_id))
        elif entry.kind == Kind.USER.value:
            users.add(entry.object_id)
        else:
            groups.add(entry.object_id)
    return Changed(users=frozenset(users), groups=frozenset(groups), members=frozenset(members))

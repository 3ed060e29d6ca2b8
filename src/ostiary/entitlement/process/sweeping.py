"""When automatic policies act: as people change, as time passes, and when they are edited.

The policies follow the directory, which tells of those who have changed; only these are looked at.
A sweep looks for everybody whom a policy has missed, when it is made or edited, or when a rule that
asks about the time comes to be true or false by itself. The database finds them, page by page, and
a sweep ends where the policy has been edited meanwhile: the edit has brought one of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import following
from ostiary.directory.following import Changed
from ostiary.directory.rules import next_turn
from ostiary.durable import queue
from ostiary.durable.handlers import InTransaction
from ostiary.durable.queue import NewWork, WorkItem
from ostiary.entitlement.automatic import Automatic
from ostiary.entitlement.process import automating, kinds
from ostiary.entitlement.store import automatic as store

PAGE: Final = 1_000
"""People whom a sweep looks at in one transaction."""

_MISSING: Final = "missing"
_LEAVING: Final = "leaving"


async def sweep(conn: AsyncConnection, policy_ids: Collection[str], *, now: datetime) -> None:
    """Have a sweep made for policies that were made, edited, or have to be looked at as a whole."""
    items = [NewWork(kind=kinds.AUTOMATIC_SWEEP, key=key, due_at=now) for key in sorted(policy_ids)]
    await queue.put(conn, items)


@dataclass(frozen=True, slots=True)
class Automation:
    """The follower of the directory that lets automatic policies act, and its work.

    ``is_told_first`` is how the operator has the granted stage.
    """

    is_told_first: bool = False
    page: int = PAGE
    name: str = "entitlement.automatic"

    def handlers(self) -> list[InTransaction]:
        """Give the handlers for the worker."""
        return [
            InTransaction(kinds.ASSIGNMENT_LEAVES, self.end_grace),
            InTransaction(kinds.AUTOMATIC_PERSON, self.look_again),
            InTransaction(kinds.AUTOMATIC_TURN, self.turn),
            InTransaction(kinds.AUTOMATIC_SWEEP, self.sweep, batch=1, is_bulk=True),
        ]

    async def changed(self, conn: AsyncConnection, changed: Changed, *, now: datetime) -> None:
        """Look at the people who have changed, and set out to look at groups that have."""
        policies = await store.all_policies(conn)
        await self._look_at(conn, policies, changed.people, now)
        concerned = [p.policy_id for p in policies if not changed.groups.isdisjoint(_groups(p))]
        await sweep(conn, concerned, now=now)
        for policy in policies:
            await _set_turn(conn, policy, ids=changed.users, now=now)

    async def lost(self, conn: AsyncConnection, *, now: datetime) -> None:
        """Look at everybody, since nobody knows who has changed."""
        await sweep(conn, [policy.policy_id for policy in await store.all_policies(conn)], now=now)

    async def look_again(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> None:
        """``automatic.person``: look at people for whom a place has become free."""
        policies = await store.all_policies(conn)
        await self._look_at(conn, policies, {item.key for item in items}, now)

    async def end_grace(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> None:
        """``assignment.leave``: take what is to be taken when the time of grace is up."""
        places = await store.places(conn, {item.key for item in items})
        policies = await store.policies(conn, {policy for policy, _ in places})
        await self._look_at(conn, policies, {person for _, person in places}, now)

    async def turn(self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        """``automatic.turn``: sweep, since the time has made a rule true or false of somebody."""
        await sweep(conn, {item.key for item in items}, now=now)

    async def sweep(self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        """``automatic.sweep``: follow the directory first, then look for who was missed."""
        for item in items:
            if "terms" not in item.payload:
                await self._begin(conn, item.key, now)
                continue
            for policy in await store.policies(conn, [item.key]):
                if policy.terms_id == item.payload["terms"]:
                    await self._sweep_page(conn, policy, item, now)

    async def _begin(self, conn: AsyncConnection, key: str, now: datetime) -> None:
        await following.begin(conn, self.name)
        for policy in await store.policies(conn, [key]):
            await self._go_on(conn, policy, _MISSING, "", now)

    async def _sweep_page(
        self, conn: AsyncConnection, policy: Automatic, item: WorkItem, now: datetime
    ) -> None:
        part, after = item.payload["part"], item.payload["after"]
        find = store.missing if part == _MISSING else store.leaving
        found = await find(conn, policy, after=after, limit=self.page, now=now)
        await self._look_at(conn, [policy], found, now)
        if len(found) == self.page:
            await self._go_on(conn, policy, part, found[-1], now)
        elif part == _MISSING:
            await self._go_on(conn, policy, _LEAVING, "", now)
        else:
            await queue.withdraw(conn, kinds.AUTOMATIC_TURN, [policy.policy_id])
            await _set_turn(conn, policy, ids=None, now=now)

    async def _go_on(
        self, conn: AsyncConnection, policy: Automatic, part: str, after: str, now: datetime
    ) -> None:
        where = {"terms": policy.terms_id, "part": part, "after": after}
        item = NewWork(kind=kinds.AUTOMATIC_SWEEP, key=policy.policy_id, due_at=now, payload=where)
        await queue.put(conn, [item])

    async def _look_at(
        self,
        conn: AsyncConnection,
        policies: Sequence[Automatic],
        people: Collection[str],
        now: datetime,
    ) -> None:
        told_first = self.is_told_first
        await automating.look_at(conn, policies, people, is_told_first=told_first, now=now)


def _groups(policy: Automatic) -> set[str]:
    return {group for rule in policy.rules for group in rule.groups()}


async def _set_turn(
    conn: AsyncConnection, policy: Automatic, *, ids: Collection[str] | None, now: datetime
) -> None:
    """Come back when the time makes a rule true or false of somebody, of ``ids`` or of anybody."""
    if ids is not None and not ids:
        return
    for rule in policy.rules:
        at = await next_turn(conn, rule, now=now, ids=ids)
        if at is not None:
            item = NewWork(kind=kinds.AUTOMATIC_TURN, key=policy.policy_id, due_at=at)
            await queue.put(conn, [item])

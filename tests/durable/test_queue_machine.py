"""The queue against a model of it: any order of puts, claims, outcomes, crashes and hours.

The model keeps what is open, who holds it until when, and what is dead. After each step the
database must hold the same; a claim must take exactly what the model says is due and free.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.deadletters import replay
from ostiary.durable.queue import WorkItem
from ostiary.durable.tables import work
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock
from tests.support.databases import PostgreSQL, opened, opened_in_memory
from tests.support.work import rows

LEASE = timedelta(minutes=4)
KEYS = st.sampled_from("abc")
NODES = st.sampled_from(["x", "y"])


@dataclass(kw_only=True)
class Entry:
    """What the model knows of an item."""

    key: str
    due_at: datetime
    attempts: int = 0
    leased_by: str | None = None
    lease_until: datetime | None = None
    is_dead: bool = False

    def is_due(self, now: datetime) -> bool:
        free = self.lease_until is None or self.lease_until <= now
        return not self.is_dead and self.due_at <= now and free

    def free(self) -> None:
        self.leased_by = self.lease_until = None


class QueueMachine(RuleBasedStateMachine):
    """Drives the queue and the model alike."""

    open_database: ClassVar[Callable[[], Any]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = FixedClock()
        self.model: dict[str, Entry] = {}
        self.held: list[WorkItem] = []
        """Every claim ever made and not given up, lost ones included."""
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.database: Database = self.run(
            self.stack.enter_async_context(type(self).open_database())
        )

    def run(self, step: Any) -> Any:
        return self.runner.run(step)

    def change(self, step: Callable[[AsyncConnection], Any]) -> Any:
        async def transact() -> Any:
            async with self.database.transaction() as conn:
                return await step(conn)

        return self.run(transact())

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.runner.close()

    def still_holds(self, item: WorkItem) -> bool:
        return any(other.lease_id == item.lease_id for other in self.latest(item.id))

    def latest(self, id_: str) -> list[WorkItem]:
        """The last claim of an item, if the model says that it is leased."""
        entry = self.model.get(id_)
        claims = [item for item in self.held if item.id == id_]
        return claims[-1:] if entry is not None and entry.leased_by else []

    @rule(keys=st.lists(KEYS, min_size=1, max_size=4), minutes=st.integers(-5, 8))
    def put(self, keys: list[str], minutes: int) -> None:
        due_at = self.clock.now() + timedelta(minutes=minutes)
        new = [queue.NewWork(kind="mail", key=key, due_at=due_at) for key in keys]
        known = set(self.model)
        self.change(lambda conn: queue.put(conn, new))
        fresh = [row for row in self.run(rows(self.database)) if row.id not in known]
        assert [row.key for row in fresh] == keys  # in the order in which they were put
        self.model |= {row.id: Entry(key=row.key, due_at=due_at) for row in fresh}

    @rule(minutes=st.integers(1, 15))
    def let_time_pass(self, minutes: int) -> None:
        self.clock.advance(minutes=minutes)

    @rule(node=NODES, limit=st.integers(1, 4))
    def claim(self, node: str, limit: int) -> None:
        now = self.clock.now()
        claimed = self.change(
            lambda conn: queue.claim(
                conn, kinds=["mail"], limit=limit, now=now, lease=LEASE, node=node
            )
        )
        due = sorted((entry.due_at, id_) for id_, entry in self.model.items() if entry.is_due(now))
        assert [(item.due_at, item.id) for item in claimed] == due[:limit]
        for item in claimed:
            entry = self.model[item.id]
            entry.attempts += 1
            entry.leased_by, entry.lease_until = node, now + LEASE
            assert item.attempts == entry.attempts
        self.held += claimed

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.held))
        finished = self.change(lambda conn: queue.done(conn, [item]))
        assert finished == self.still_holds(item)
        if finished:
            del self.model[item.id]

    @precondition(lambda self: self.held)
    @rule(data=st.data(), minutes=st.integers(0, 6), error=st.sampled_from(["", "failed"]))
    def give_back(self, data: st.DataObject, minutes: int, error: str) -> None:
        item = data.draw(st.sampled_from(self.held))
        at = self.clock.now() + timedelta(minutes=minutes)
        self.change(lambda conn: queue.again(conn, [(item, at, error)]))
        if self.still_holds(item):
            entry = self.model[item.id]
            entry.due_at, entry.attempts = at, entry.attempts if error else 0
            entry.free()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def bury(self, data: st.DataObject) -> None:
        item = data.draw(st.sampled_from(self.held))
        self.change(lambda conn: queue.bury(conn, [(item, "failed", self.clock.now())]))
        if self.still_holds(item):
            self.model[item.id].is_dead = True
            self.model[item.id].free()

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def renew(self, data: st.DataObject) -> None:
        item, until = data.draw(st.sampled_from(self.held)), self.clock.now() + LEASE
        renewed = self.change(lambda conn: queue.renew(conn, [item], until=until))
        assert renewed == self.still_holds(item)
        if renewed:
            self.model[item.id].lease_until = until

    @rule(node=NODES)
    def crash_and_restart(self, node: str) -> None:
        leased = [entry for entry in self.model.values() if entry.leased_by == node]
        taken = self.change(lambda conn: queue.take_back(conn, kinds=["mail"], node=node))
        assert taken == len(leased)
        for entry in leased:
            entry.free()

    @rule(key=KEYS)
    def withdraw(self, key: str) -> None:
        wanted = [
            id_ for id_, entry in self.model.items() if entry.key == key and not entry.is_dead
        ]
        assert self.change(lambda conn: queue.withdraw(conn, "mail", [key])) == len(wanted)
        for id_ in wanted:
            del self.model[id_]

    @rule()
    def replay(self) -> None:
        now = self.clock.now()
        dead = [id_ for id_, entry in self.model.items() if entry.is_dead]
        assert self.change(lambda conn: replay(conn, dead, now=now)) == len(dead)
        for id_ in dead:
            self.model[id_] = Entry(key=self.model[id_].key, due_at=now)

    @invariant()
    def the_database_holds_what_the_model_holds(self) -> None:
        stored = {
            row.id: Entry(
                key=row.key,
                due_at=row.due_at,
                attempts=row.attempts,
                leased_by=row.leased_by,
                lease_until=row.lease_until,
                is_dead=row.dead_at is not None,
            )
            for row in self.run(rows(self.database))
        }
        assert stored == self.model


def check(opening: Callable[[], Any], *, examples: int) -> None:
    class Machine(QueueMachine):
        open_database = staticmethod(opening)

    run_machine(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_queue_keeps_to_its_model_on_sqlite() -> None:
    check(opened_in_memory, examples=30)


def test_the_queue_keeps_to_its_model_on_postgresql(postgresql: PostgreSQL) -> None:
    with asyncio.Runner() as runner:
        fresh = postgresql.fresh()
        url = runner.run(fresh.__aenter__())

        @asynccontextmanager
        async def emptied() -> AsyncIterator[Database]:
            async with opened(url) as database:
                async with database.transaction() as conn:
                    await conn.execute(delete(work))
                yield database

        try:
            check(emptied, examples=15)
        finally:
            runner.run(fresh.__aexit__(None, None, None))

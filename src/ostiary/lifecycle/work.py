"""Handlers of the work items of lifecycle workflows.

Each decides by the rows that it finds, so that an item done twice, or late, does nothing the second
time. What is left of a portion is put on the queue again, so that no transaction grows with a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable.handlers import InTransaction
from ostiary.durable.queue import WorkItem
from ostiary.extensions import service as extensions
from ostiary.lifecycle import forgetting, names
from ostiary.lifecycle.purges import Purge
from ostiary.lifecycle.results import Move, due_move
from ostiary.lifecycle.service import scheduling
from ostiary.lifecycle.service.settling import PORTION, Batch, put_first, put_runs
from ostiary.lifecycle.store import portions
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store import runs as run_store
from ostiary.lifecycle.store import scheduling as scheduling_store
from ostiary.lifecycle.store.runs import RunFacts
from ostiary.lifecycle.tallies import Status
from ostiary.lifecycle.tasks.registry import Registry
from ostiary.storage.archive import Archive

_UNDER_WAY = frozenset({Status.QUEUED, Status.IN_PROGRESS})


def handlers(
    registry: Registry, *, keep: timedelta = forgetting.RETENTION, archive: Archive | None = None
) -> list[InTransaction]:
    """Give the handlers for the worker; runs go to the ``archive`` after ``keep``."""
    runner = TaskRunner(registry)
    return [
        InTransaction(names.TASK_NEXT, runner.run),
        InTransaction(names.RUN_CANCEL, cancel_runs),
        InTransaction(names.RUN_START, start_runs, is_bulk=True),
        InTransaction(names.TASK_RUN, runner.run, is_bulk=True),
        InTransaction(names.WORKFLOW_EVALUATE, scheduling.evaluate, batch=1, is_bulk=True),
        InTransaction(names.WORKFLOW_PURGE, Purge(archive).run, batch=1, is_bulk=True),
        forgetting.handler(keep, archive),
    ]


async def start_runs(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
    """``run.start``: lay out the next portion of people, and put their first tasks on the queue.

    The version of a run is settled when it starts. People are canceled instead where
    the workflow was disabled meanwhile, or has no enabled task, and where the conditions of its
    schedule no longer hold for them; should they hold again, it is their turn again.
    """
    facts = await run_store.run_facts(conn, {item.key for item in items})
    starting = {id: f for id, f in facts.items() if not f.stopping and f.run.status in _UNDER_WAY}
    await _follow_versions(conn, starting.values(), now=now)
    people = await portions.lock_not_laid_out(conn, starting, PORTION)
    await portions.lay_out(conn, people, now=now)
    unmet = await scheduling.unmet(conn, starting.values(), people, now=now)
    batch = Batch(now=now)
    going_on = []
    for id, person in (await store.lock_people(conn, people)).items():
        is_enabled = starting[person.run_id].workflow_enabled
        if person.tasks.total and is_enabled and id not in unmet:
            going_on.append(id)
        else:
            batch.halt(person)
    await batch.save(conn)
    await scheduling_store.put_back(conn, unmet)
    await put_first(conn, going_on, now=now)
    if len(people) == PORTION:
        await put_runs(conn, names.RUN_START, starting, now=now)


async def cancel_runs(conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
    """``run.cancel``: cancel the next portion of people, with the callouts they wait for.

    Callouts are locked before people, as everywhere. A task that called out between the two looks
    is met by the next portion.
    """
    run_ids = sorted({item.key for item in items})
    waiting = await portions.waiting_tasks(conn, run_ids, PORTION)
    await extensions.cancel(conn, names.OWNER_KIND, waiting, now=now)
    people = await portions.lock_open_people(conn, run_ids, PORTION)
    await portions.lay_out(conn, people, now=now)
    missed = {
        task.person_id
        for task in await store.open_tasks(conn, people)
        if task.status is Status.IN_PROGRESS and task.id not in waiting
    }
    batch = Batch(now=now)
    for id, person in (await store.lock_people(conn, people)).items():
        if id not in missed:
            batch.halt(person)
    await batch.save(conn)
    if missed or len(people) == PORTION:
        await put_runs(conn, names.RUN_CANCEL, run_ids, now=now)


class TaskRunner:
    """Runs tasks whose turn has come, for a batch of people at once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def run(self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime) -> None:
        """Begin the tasks, do them, and settle; what waits for something else stays in progress."""
        turns = await store.lock_turns(conn, {item.key for item in items})
        batch = Batch(now=now)
        begun = []
        for turn in turns:
            match due_move(turn):
                case Move.BEGIN:
                    batch.begin(turn.person, turn.task)
                    begun.append(turn)
                case Move.HALT:
                    batch.halt(turn.person)
                case Move.LEAVE:
                    pass
        real = [turn for turn in begun if not turn.is_preview]
        outcomes = await self._registry.run(conn, real, now=now)
        shown = [turn for turn in begun if turn.is_preview]
        outcomes |= await self._registry.foresee(conn, shown, now=now)
        for turn in begun:
            if turn.task.id in outcomes:
                batch.finish(turn.person, turn.task, outcomes[turn.task.id])
        await batch.save(conn)


async def _follow_versions(
    conn: AsyncConnection, starting: Iterable[RunFacts], *, now: datetime
) -> None:
    """Put runs that nobody has started onto the current version of their workflow."""
    for facts in starting:
        behind = facts.version_id != facts.current_version_id and facts.only_task_id is None
        if (
            behind
            and facts.run.status is Status.QUEUED
            and not await portions.is_begun(conn, facts.run.id)
        ):
            await run_store.rebase(
                conn,
                facts.run.id,
                version_id=facts.current_version_id,
                version=facts.current_version,
                now=now,
            )

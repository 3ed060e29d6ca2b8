"""What follows when tasks move: the person, the reports, the run, and the next task.

The one place that turns moves into statements, whoever made them: the worker, an extension that
answered, a deadline, or somebody who cancels. A ``Batch`` collects the moves of one transaction, in
memory and by the rules alone; ``save`` stores them with a number of statements that does not depend
on how many people moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import AuditEvent, Target
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.durable.queue import NewWork
from ostiary.lifecycle import names
from ostiary.lifecycle.results import (
    Outcome,
    Person,
    TaskResult,
    Then,
    begin,
    finish,
    halt,
    progress,
    stop,
)
from ostiary.lifecycle.runs import Run, settle_report, settle_run
from ostiary.lifecycle.store import portions
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store import runs as run_store
from ostiary.lifecycle.tallies import ENDED, Tally

PORTION = 500
"""People that one transaction lays out or cancels."""

NO_DIFFERENCE = Tally()


class Batch:
    """The moves of one transaction. The people in it are locked."""

    def __init__(self, *, now: datetime) -> None:
        self.now = now
        self._people: dict[str, tuple[Person, Person]] = {}
        self._tasks: dict[str, tuple[TaskResult, TaskResult]] = {}
        self._then: dict[str, Then] = {}

    def begin(self, person: Person, task: TaskResult) -> None:
        """Start a task of a person."""
        self._account(person, task, begin(task, now=self.now))

    def finish(self, person: Person, task: TaskResult, outcome: Outcome) -> None:
        """End a task that is in progress, perhaps since a moment ago."""
        current = self._tasks.get(task.id, (task, task))[1]
        self._account(person, current, finish(current, outcome, now=self.now))

    def halt(self, person: Person) -> None:
        """Cancel a person; what is open of the tasks follows when the batch is saved."""
        self._people[person.id] = (person, halt(person, now=self.now))
        self._then[person.id] = Then.HALT

    def _account(self, person: Person, before: TaskResult, after: TaskResult) -> None:
        old, current = self._people.get(person.id, (person, person))
        moved, self._then[person.id] = progress(current, before, after, now=self.now)
        self._people[person.id] = (old, moved)
        self._move(before, after)

    def _move(self, before: TaskResult, after: TaskResult) -> None:
        first = self._tasks.get(before.id, (before, before))[0]
        self._tasks[before.id] = (first, after)

    async def save(self, conn: AsyncConnection) -> None:
        """Store the moves and what follows from them."""
        if not self._people:
            return
        await self._stop_halted(conn)
        await store.save_tasks(conn, (after for _, after in self._tasks.values()))
        await store.save_people(conn, (after for _, after in self._people.values()))
        await _add_up(conn, self._people.values(), self._tasks.values(), now=self.now)
        going_on = [id for id, then in self._then.items() if then is Then.NEXT]
        await _put_tasks(conn, names.TASK_NEXT, going_on, now=self.now)

    async def _stop_halted(self, conn: AsyncConnection) -> None:
        """Cancel what is open of people who have ended before their tasks did."""
        halted = [id for id, then in self._then.items() if then is Then.HALT]
        if not halted:
            return
        for task in await store.open_tasks(conn, halted):
            if task.id not in self._tasks:
                self._move(task, stop(task, now=self.now))


async def put_first(conn: AsyncConnection, person_ids: Collection[str], *, now: datetime) -> None:
    """Put the first task of each of these people on the queue."""
    await _put_tasks(conn, names.TASK_RUN, person_ids, now=now)


async def _put_tasks(
    conn: AsyncConnection, kind: str, person_ids: Collection[str], *, now: datetime
) -> None:
    """Put the task of each of these people on the queue whose turn it is."""
    if not person_ids:
        return
    due = await portions.next_tasks(conn, person_ids)
    await queue.put(conn, [NewWork(kind=kind, key=id, due_at=now) for id in due])


async def put_runs(
    conn: AsyncConnection, kind: str, run_ids: Collection[str], *, now: datetime
) -> None:
    """Put work about whole runs on the queue."""
    await queue.put(conn, [NewWork(kind=kind, key=id, due_at=now) for id in run_ids])


async def stop_runs(conn: AsyncConnection, run_ids: Collection[str], *, now: datetime) -> None:
    """Let nothing new begin in these runs, and have their people canceled."""
    if run_ids:
        await run_store.stop_runs(conn, run_ids)
        await put_runs(conn, names.RUN_CANCEL, run_ids, now=now)


async def _add_up(
    conn: AsyncConnection,
    people: Iterable[tuple[Person, Person]],
    tasks: Iterable[tuple[TaskResult, TaskResult]],
    *,
    now: datetime,
) -> None:
    """Add what has changed to the sums of reports and runs, and settle what they mean."""
    of_runs: dict[str, tuple[Tally, Tally]] = defaultdict(lambda: (NO_DIFFERENCE, NO_DIFFERENCE))
    for before, after in people:
        persons, counts = of_runs[before.run_id]
        of_runs[before.run_id] = (
            persons.moved(before.status, after.status),
            counts + after.tasks - before.tasks,
        )
    of_reports: dict[str, Tally] = defaultdict(Tally)
    for task, moved in tasks:
        of_reports[task.report_id] = of_reports[task.report_id].moved(task.status, moved.status)
    await store.lock_runs(conn, of_runs)
    reports = await store.add_to_reports(conn, of_reports, now=now)
    settled = [(report, settle_report(report)) for report in reports]
    await store.save_reports(conn, [after for before, after in settled if after != before])
    await _settle_runs(conn, await store.add_to_runs(conn, of_runs, now=now), now=now)


async def _settle_runs(conn: AsyncConnection, runs: Iterable[Run], *, now: datetime) -> None:
    settled = [(run, settle_run(run, now=now)) for run in runs]
    moved = [after for before, after in settled if after != before]
    await store.save_runs(conn, moved)
    ended = [run for run in moved if run.status in ENDED]
    await record(conn, await _completions(conn, ended), now=now)


async def _completions(conn: AsyncConnection, ended: list[Run]) -> list[AuditEvent]:
    """Tell of runs that have ended."""
    told = await run_store.titles(conn, [run.id for run in ended])
    return [
        AuditEvent(
            activity=f"{title.kind} workflow execution completed",
            category="WorkflowManagement",
            service=names.AUDIT_SERVICE,
            actor=names.ACTOR,
            targets=(Target(id=title.workflow_id, type="Workflow", display_name=title.workflow),),
            details={"runId": run.id, "processingStatus": run.status.value},
        )
        for run in ended
        if (title := told.get(run.id)) is not None
    ]

"""What a run does for one person, task after task.

A person has one result per enabled task, worked off one after the other. Whatever happens, happens
to a task; the person only adds up. ``progress`` accounts for one moved task and says what comes
next, so that a restart in the middle needs no memory but the rows.

Nothing here reads a clock or a database, and no other module assigns a status of these two levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

import msgspec
from msgspec.structs import replace

from ostiary.lifecycle.tallies import ENDED, Status, Tally, check_move

TASK_ALLOWED: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.IN_PROGRESS, Status.CANCELED}),
    # A task that waits while its run is canceled is canceled as well.
    Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELED}),
}
PERSON_ALLOWED: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.IN_PROGRESS, Status.CANCELED}),
    Status.IN_PROGRESS: ENDED,
}


@dataclass(frozen=True, slots=True)
class Completed:
    """A task succeeded. ``info`` explains a success that changed nothing (``processingInfo``)."""

    info: str | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A task failed, and why, in words for an administrator (``failureReason``)."""

    reason: str


Outcome = Completed | Failed


class TaskResult(msgspec.Struct, frozen=True, kw_only=True):
    """One task of one person in one run (``taskProcessingResult``)."""

    id: str
    run_id: str
    person_id: str
    report_id: str
    continue_on_error: bool
    status: Status
    started_at: datetime | None = None
    completed_at: datetime | None = None
    failure_reason: str | None = None
    processing_info: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What one run does for one person (``userProcessingResult``)."""

    id: str
    run_id: str
    status: Status
    tasks: Tally
    started_at: datetime | None = None
    completed_at: datetime | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A task of a person, with all that decides about it: whose turn has come, or who waits."""

    task: TaskResult
    person: Person
    workflow_id: str
    subject_id: str
    task_id: str
    definition_id: str
    arguments: Mapping[str, str]
    extension_id: str | None
    workflow_enabled: bool
    """Whether the workflow is there, and enabled."""
    stopping: bool
    """Whether the run is being stopped."""
    is_preview: bool = False
    """Whether the run only shows what would happen."""


class Then(Enum):
    """What comes next for a person after one of the tasks moved."""

    WAIT = auto()
    """A task is under way."""

    NEXT = auto()
    """The next task is due."""

    HALT = auto()
    """The person has ended, and the tasks that are left must be canceled."""

    END = auto()
    """The person has ended, and no task is left."""


class Move(Enum):
    """What is to be done with a task whose turn it is."""

    BEGIN = auto()
    HALT = auto()
    """The person is canceled instead."""

    LEAVE = auto()
    """It is no longer queued, or the run is being stopped: whoever stops it sees to the person."""


def due_move(turn: Turn) -> Move:
    """Decide about a task whose turn has come.

    Disabling a workflow cancels people who have not started; those who have, finish.
    """
    if turn.stopping or turn.task.status is not Status.QUEUED:
        return Move.LEAVE
    if turn.person.status is Status.QUEUED and not turn.workflow_enabled:
        return Move.HALT
    return Move.BEGIN


def begin(task: TaskResult, *, now: datetime) -> TaskResult:
    """Start a queued task.

    :raises IllegalMove: it is not queued.
    """
    return _move_task(task, Status.IN_PROGRESS, started_at=now)


def finish(task: TaskResult, outcome: Outcome, *, now: datetime) -> TaskResult:
    """End a task that is in progress as its outcome says.

    :raises IllegalMove: it is not in progress.
    """
    match outcome:
        case Completed(info):
            return _move_task(task, Status.COMPLETED, completed_at=now, processing_info=info)
        case Failed(reason):
            return _move_task(task, Status.FAILED, completed_at=now, failure_reason=reason)


def stop(task: TaskResult, *, now: datetime) -> TaskResult:
    """Cancel a task that has not ended.

    :raises IllegalMove: it has.
    """
    return _move_task(task, Status.CANCELED, completed_at=now)


def progress(
    person: Person, before: TaskResult, after: TaskResult, *, now: datetime
) -> tuple[Person, Then]:
    """Account for one moved task of a person, and say what comes next.

    A failure of a task that must not fail ends the person: what is left is canceled, and counts as
    unprocessed.
    """
    tasks = person.tasks.moved(before.status, after.status)
    fatal = after.status is Status.FAILED and not after.continue_on_error
    left = tasks.queued
    if fatal:
        tasks = tasks.halted()
    moved = _settle_person(replace(person, tasks=tasks), fatal=fatal, now=now)
    if moved.status in ENDED:
        return moved, Then.HALT if fatal and left else Then.END
    return moved, Then.WAIT if tasks.in_progress else Then.NEXT


def halt(person: Person, *, now: datetime) -> Person:
    """Cancel a person who has not ended, with every task that has not.

    :raises IllegalMove: the person has ended.
    """
    moved = replace(person, tasks=person.tasks.halted())
    return replace(_move_person(moved, Status.CANCELED), completed_at=now)


def person_status(tasks: Tally, *, fatal: bool) -> Status:
    """Say what the tasks of a person mean.

    ``fatal``: a task failed that must not. Somebody without tasks has not been processed, and is
    canceled (every task of the new version is disabled).
    """
    if fatal:
        return Status.FAILED
    if tasks.open:
        return Status.QUEUED if tasks.queued == tasks.total else Status.IN_PROGRESS
    if tasks.canceled or not tasks.total:
        return Status.CANCELED
    return Status.COMPLETED_WITH_ERRORS if tasks.failed else Status.COMPLETED


def _settle_person(person: Person, *, fatal: bool, now: datetime) -> Person:
    status = person_status(person.tasks, fatal=fatal)
    if person.status is Status.QUEUED and status is not Status.QUEUED:
        person = replace(_move_person(person, Status.IN_PROGRESS), started_at=now)
    if status is person.status:
        return person
    return replace(_move_person(person, status), completed_at=now)


def _move_task(task: TaskResult, after: Status, **changes: Any) -> TaskResult:
    check_move(task.id, task.status, after, TASK_ALLOWED)
    return replace(task, status=after, **changes)


def _move_person(person: Person, after: Status) -> Person:
    check_move(person.id, person.status, after, PERSON_ALLOWED)
    return replace(person, status=after)

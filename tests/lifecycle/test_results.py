"""The rules of one person's tasks."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from ostiary.lifecycle.results import (
    Completed,
    Failed,
    Move,
    Person,
    TaskResult,
    Then,
    Turn,
    begin,
    due_move,
    finish,
    halt,
    person_status,
    progress,
    stop,
)
from ostiary.lifecycle.tallies import IllegalMove, Status, Tally

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
QUEUED = TaskResult(
    id="result",
    run_id="run",
    person_id="person",
    report_id="report",
    continue_on_error=False,
    status=Status.QUEUED,
)


def a_person(queued: int) -> Person:
    return Person(id="person", run_id="run", status=Status.QUEUED, tasks=Tally(queued=queued))


def a_turn(person: Person) -> Turn:
    return Turn(
        task=QUEUED,
        person=person,
        workflow_id="workflow",
        subject_id="subject",
        task_id="task",
        definition_id="definition",
        arguments={},
        extension_id=None,
        workflow_enabled=True,
        stopping=False,
    )


def test_a_task_that_ended_stays_as_it_is() -> None:
    ended = finish(begin(QUEUED, now=NOW), Completed(), now=NOW)

    with pytest.raises(IllegalMove):
        finish(ended, Failed("late"), now=NOW)
    with pytest.raises(IllegalMove):
        stop(ended, now=NOW)


def test_a_task_cannot_end_before_it_began() -> None:
    with pytest.raises(IllegalMove):
        finish(QUEUED, Completed(), now=NOW)


def test_the_first_task_of_a_person_puts_the_person_in_progress() -> None:
    person, then = progress(a_person(2), QUEUED, begin(QUEUED, now=NOW), now=NOW)

    assert (person.status, person.started_at) == (Status.IN_PROGRESS, NOW)
    assert then is Then.WAIT


def test_a_failure_that_may_happen_lets_the_next_task_run() -> None:
    task = replace(QUEUED, continue_on_error=True)
    running = begin(task, now=NOW)
    person, _ = progress(a_person(2), task, running, now=NOW)

    person, then = progress(person, running, finish(running, Failed("no"), now=NOW), now=NOW)

    assert then is Then.NEXT
    assert person.tasks == Tally(queued=1, failed=1)


def test_a_failure_that_must_not_happen_cancels_what_is_left() -> None:
    """The documented sample: three tasks, one failed, two unprocessed."""
    running = begin(QUEUED, now=NOW)
    person, _ = progress(a_person(3), QUEUED, running, now=NOW)

    person, then = progress(person, running, finish(running, Failed("no"), now=NOW), now=NOW)

    assert (person.status, then) == (Status.FAILED, Then.HALT)
    assert (person.tasks.total, person.tasks.failed, person.tasks.unprocessed) == (3, 1, 2)
    assert person.completed_at == NOW


def test_the_last_task_ends_the_person() -> None:
    running = begin(QUEUED, now=NOW)
    person, _ = progress(a_person(1), QUEUED, running, now=NOW)

    person, then = progress(person, running, finish(running, Completed(), now=NOW), now=NOW)

    assert (person.status, then) == (Status.COMPLETED, Then.END)


def test_halting_a_person_cancels_queued_and_waiting_tasks_alike() -> None:
    running = begin(QUEUED, now=NOW)
    person, _ = progress(a_person(3), QUEUED, running, now=NOW)

    halted = halt(person, now=NOW)

    assert halted.status is Status.CANCELED
    assert halted.tasks == Tally(canceled=3)
    with pytest.raises(IllegalMove):
        halt(halted, now=NOW)


@pytest.mark.parametrize(
    ("tasks", "fatal", "status"),
    [
        (Tally(queued=2), False, Status.QUEUED),
        (Tally(queued=1, completed=1), False, Status.IN_PROGRESS),
        (Tally(in_progress=1), False, Status.IN_PROGRESS),
        (Tally(completed=2), False, Status.COMPLETED),
        (Tally(completed=1, failed=1), False, Status.COMPLETED_WITH_ERRORS),
        (Tally(failed=1, canceled=1), True, Status.FAILED),
        (Tally(completed=1, canceled=1), False, Status.CANCELED),
        (Tally(), False, Status.CANCELED),
    ],
)
def test_what_tasks_mean_for_a_person(tasks: Tally, fatal: bool, status: Status) -> None:
    assert person_status(tasks, fatal=fatal) is status


def test_disabling_a_workflow_cancels_those_who_have_not_started() -> None:
    waiting = a_turn(a_person(1))
    under_way = a_turn(replace(a_person(1), status=Status.IN_PROGRESS))

    assert due_move(replace(waiting, workflow_enabled=False)) is Move.HALT
    assert due_move(replace(under_way, workflow_enabled=False)) is Move.BEGIN
    assert due_move(replace(under_way, stopping=True)) is Move.LEAVE


def test_a_task_that_has_begun_is_not_begun_again() -> None:
    """The same work may be done twice; the second time there is nothing to do."""
    begun = replace(a_turn(a_person(1)), task=begin(QUEUED, now=NOW))

    assert due_move(begun) is Move.LEAVE

"""The rules of a run and its reports, alone and under every order of events."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ostiary.lifecycle.results import (
    Completed,
    Failed,
    Person,
    TaskResult,
    Then,
    begin,
    finish,
    halt,
    person_status,
    progress,
    stop,
)
from ostiary.lifecycle.runs import (
    Report,
    Run,
    cancel_run,
    report_status,
    run_status,
    settle_report,
    settle_run,
)
from ostiary.lifecycle.tallies import ENDED, IllegalMove, Status, Tally

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("people", "started", "status"),
    [
        (Tally(queued=2), False, Status.QUEUED),
        (Tally(queued=1, canceled=1), False, Status.QUEUED),
        (Tally(queued=1, completed=1), True, Status.IN_PROGRESS),
        (Tally(completed=2), True, Status.COMPLETED),
        (Tally(completed=1, canceled=1), True, Status.COMPLETED),
        (Tally(failed=2), True, Status.FAILED),
        (Tally(failed=1, canceled=4), True, Status.FAILED),
        (Tally(failed=1, completed=1), True, Status.COMPLETED_WITH_ERRORS),
        (Tally(completed_with_errors=2), True, Status.COMPLETED_WITH_ERRORS),
        (Tally(canceled=2), True, Status.CANCELED),
        (Tally(canceled=2), False, Status.COMPLETED_WITH_ERRORS),
    ],
)
def test_what_people_mean_for_a_run(people: Tally, started: bool, status: Status) -> None:
    assert run_status(people, started=started) is status


@pytest.mark.parametrize(
    ("people", "status"),
    [
        (Tally(queued=1, completed=1), Status.IN_PROGRESS),
        (Tally(completed=2), Status.COMPLETED),
        (Tally(failed=2), Status.FAILED),
        (Tally(failed=1, completed=1), Status.COMPLETED_WITH_ERRORS),
        (Tally(canceled=2), Status.CANCELED),
    ],
)
def test_what_people_mean_for_a_task_report(people: Tally, status: Status) -> None:
    assert report_status(people, started=True) is status


def test_a_run_that_is_being_canceled_ends_as_canceled_whatever_its_people_did() -> None:
    run = Run(
        id="run",
        workflow_id="workflow",
        status=Status.IN_PROGRESS,
        people=Tally(in_progress=1),
        tasks=Tally(in_progress=1),
        started_at=NOW,
    )
    canceling = cancel_run(run)

    assert settle_run(canceling, now=NOW).status is Status.CANCELING
    ended = settle_run(replace(canceling, people=Tally(completed=1)), now=NOW)
    assert (ended.status, ended.completed_at) == (Status.CANCELED, NOW)
    with pytest.raises(IllegalMove):
        cancel_run(ended)


@dataclass
class Story:
    """A run as the database keeps it: rows of results, and sums kept by differences."""

    people: dict[str, Person]
    tasks: dict[str, list[TaskResult]]
    run: Run
    reports: list[Report]
    stopping: bool = False
    seen: list[Status] = field(default_factory=list)

    @classmethod
    def of(cls, people: int, continue_on_error: list[bool]) -> "Story":
        length = len(continue_on_error)
        names = [f"p{i}" for i in range(people)]
        return cls(
            people={
                n: Person(id=n, run_id="run", status=Status.QUEUED, tasks=Tally(queued=length))
                for n in names
            },
            tasks={
                n: [
                    TaskResult(
                        id=f"{n}-{i}",
                        run_id="run",
                        person_id=n,
                        report_id=str(i),
                        continue_on_error=go_on,
                        status=Status.QUEUED,
                    )
                    for i, go_on in enumerate(continue_on_error)
                ]
                for n in names
            },
            run=Run(
                id="run",
                workflow_id="workflow",
                status=Status.QUEUED,
                people=Tally(queued=people),
                tasks=Tally(queued=people * length),
            ),
            reports=[
                Report(id=str(i), status=Status.QUEUED, people=Tally(queued=people))
                for i in range(length)
            ],
        )

    def step(self, name: str, *, succeeds: bool) -> None:
        """Begin the person's next task, or end the one under way."""
        person, tasks = self.people[name], self.tasks[name]
        if person.status in ENDED:
            return
        index = next(i for i, t in enumerate(tasks) if t.status not in ENDED)
        before = tasks[index]
        if before.status is Status.QUEUED:
            if self.stopping:
                return
            after = begin(before, now=NOW)
        else:
            outcome = Completed() if succeeds else Failed("no")
            after = finish(before, outcome, now=NOW)
        moved, then = progress(person, before, after, now=NOW)
        changed = [after]
        if then is Then.HALT:
            changed += [stop(t, now=NOW) for t in tasks[index + 1 :]]
        self.save(moved, changed)

    def cancel(self) -> None:
        if self.run.status in ENDED | {Status.CANCELING}:
            return
        self.run, self.stopping = cancel_run(self.run), True

    def halt(self, name: str) -> None:
        person = self.people[name]
        if person.status in ENDED:
            return
        left = [stop(t, now=NOW) for t in self.tasks[name] if t.status not in ENDED]
        self.save(halt(person, now=NOW), left)

    def save(self, person: Person, changed: list[TaskResult]) -> None:
        """Keep the rows, and add differences to the sums, as the store does."""
        old = self.people[person.id]
        people = self.run.people.moved(old.status, person.status)
        tasks = self.run.tasks + person.tasks - old.tasks
        self.people[person.id] = person
        for task in changed:
            index = int(task.report_id)
            before = self.tasks[person.id][index]
            self.tasks[person.id][index] = task
            report = self.reports[index]
            counted = replace(report, people=report.people.moved(before.status, task.status))
            self.reports[index] = settle_report(counted)
        self.run = settle_run(replace(self.run, people=people, tasks=tasks), now=NOW)
        self.seen.append(self.run.status)


events = st.one_of(
    st.tuples(st.just("step"), st.integers(0, 3), st.booleans()),
    st.tuples(st.just("step"), st.integers(0, 3), st.just(True)),
    st.tuples(st.just("halt"), st.integers(0, 3), st.just(True)),
    st.tuples(st.just("cancel"), st.just(0), st.just(True)),
)


def play(story: Story, script: list[tuple[str, int, bool]]) -> None:
    names = list(story.people)
    for kind, who, succeeds in script:
        name = names[who % len(names)]
        if kind == "step":
            story.step(name, succeeds=succeeds)
        elif kind == "halt":
            story.halt(name)
        else:
            story.cancel()
        check(story)


def check(story: Story) -> None:
    """Every number is the sum of the level below, and every status what the rows mean."""
    for name, person in story.people.items():
        rows = story.tasks[name]
        tally = sum((Tally.of(t.status) for t in rows), Tally())
        fatal = any(t.status is Status.FAILED and not t.continue_on_error for t in rows)
        assert person.tasks == tally
        assert person.status is person_status(tally, fatal=fatal)
        assert tally.in_progress <= 1
    run = story.run
    assert run.people == sum((Tally.of(p.status) for p in story.people.values()), Tally())
    assert run.tasks == sum((p.tasks for p in story.people.values()), Tally())
    for index, report in enumerate(story.reports):
        column = [rows[index].status for rows in story.tasks.values()]
        assert report.people == sum((Tally.of(s) for s in column), Tally())
    assert (run.status in ENDED) == (run.people.open == 0)


@given(
    people=st.integers(1, 4),
    continue_on_error=st.lists(st.booleans(), min_size=1, max_size=4),
    script=st.lists(events, max_size=60),
)
def test_sums_are_right_after_every_order_of_events(
    people: int, continue_on_error: list[bool], script: list[tuple[str, int, bool]]
) -> None:
    story = Story.of(people, continue_on_error)

    play(story, script)

    ends = [s for s in story.seen if s in ENDED]
    assert len(set(ends)) <= 1, "a run that ended moved again"


@given(
    people=st.integers(1, 4),
    continue_on_error=st.lists(st.booleans(), min_size=1, max_size=4),
    script=st.lists(events, max_size=30),
)
def test_whatever_happened_a_run_can_be_brought_to_an_end(
    people: int, continue_on_error: list[bool], script: list[tuple[str, int, bool]]
) -> None:
    story = Story.of(people, continue_on_error)
    play(story, script)

    for name in story.people:
        if story.stopping:
            story.halt(name)
        while story.people[name].status not in ENDED:
            story.step(name, succeeds=True)

    check(story)
    assert story.run.status in ENDED
    assert all(r.status in ENDED for r in story.reports)
    assert story.run.completed_at is not None

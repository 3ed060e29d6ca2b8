"""Runs and task reports: what their people add up to.

The database adds differences of tallies, so that a step costs the same in a run of ten people and
in one of a hundred thousand; the functions here say what the sums mean.

Nothing here reads a clock or a database, and no other module assigns a status of these two levels.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace

from ostiary.lifecycle.tallies import ENDED, Status, Tally, check_move

REPORT_ALLOWED: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.IN_PROGRESS, Status.CANCELED}),
    Status.IN_PROGRESS: ENDED,
}
RUN_ALLOWED: dict[Status, frozenset[Status]] = {
    # A queued run all of whose people were canceled is completed with errors.
    Status.QUEUED: frozenset({Status.IN_PROGRESS, Status.CANCELING, Status.COMPLETED_WITH_ERRORS}),
    Status.IN_PROGRESS: ENDED | {Status.CANCELING},
    Status.CANCELING: frozenset({Status.CANCELED}),
}


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One task of one run over all its people (``taskReport``)."""

    id: str
    status: Status
    people: Tally


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution of a workflow (``run``); ``tasks`` is the sum over its people."""

    id: str
    workflow_id: str
    status: Status
    people: Tally
    tasks: Tally
    started_at: datetime | None = None
    completed_at: datetime | None = None
    is_being_forgotten: bool = False
    """Whether the first of its results are gone, because it is old: it cannot be repeated."""


def report_status(people: Tally, *, started: bool) -> Status:
    """Say what the results of one task over all people mean."""
    if people.open:
        return Status.IN_PROGRESS if started else Status.QUEUED
    if not people.judged:
        return Status.CANCELED
    return _common(people)


def run_status(people: Tally, *, started: bool) -> Status:
    """Say what the people of a run mean: the rule of aggregation.

    Canceled people do not count, unless nobody else is left.
    """
    if people.open:
        return Status.IN_PROGRESS if started else Status.QUEUED
    if not people.judged:
        return Status.CANCELED if started else Status.COMPLETED_WITH_ERRORS
    return _common(people)


def cancel_run(run: Run) -> Run:
    """Accept that a run is to be stopped; it is canceled once nobody is under way.

    :raises IllegalMove: it has ended, or is being stopped already.
    """
    return _move_run(run, Status.CANCELING)


def settle_run(run: Run, *, now: datetime) -> Run:
    """Give a run the status that its people mean, and its times."""
    if run.status not in RUN_ALLOWED:
        return run
    started = run.started_at is not None or _has_started(run.people)
    if run.status is Status.CANCELING:
        return run if run.people.open else _ended_run(run, Status.CANCELED, now)
    if started and run.status is Status.QUEUED:
        run = replace(_move_run(run, Status.IN_PROGRESS), started_at=now)
    status = run_status(run.people, started=started)
    return _ended_run(run, status, now) if status in ENDED else run


def settle_report(report: Report) -> Report:
    """Give a report the status that its people mean."""
    if report.status not in REPORT_ALLOWED:
        return report
    started = report.status is Status.IN_PROGRESS or _has_started(report.people)
    if started and report.status is Status.QUEUED:
        report = _move_report(report, Status.IN_PROGRESS)
    status = report_status(report.people, started=started)
    return report if status is report.status else _move_report(report, status)


def _common(people: Tally) -> Status:
    if people.completed == people.judged:
        return Status.COMPLETED
    return Status.FAILED if people.failed == people.judged else Status.COMPLETED_WITH_ERRORS


def _has_started(people: Tally) -> bool:
    return bool(people.in_progress or people.judged)


def _ended_run(run: Run, status: Status, now: datetime) -> Run:
    return replace(_move_run(run, status), completed_at=now)


def _move_report(report: Report, after: Status) -> Report:
    check_move(report.id, report.status, after, REPORT_ALLOWED)
    return replace(report, status=after)


def _move_run(run: Run, after: Status) -> Run:
    check_move(run.id, run.status, after, RUN_ALLOWED)
    return replace(run, status=after)

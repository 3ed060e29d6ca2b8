"""Counts every row of a deployment again, from the bottom up, and compares with what is kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import RowMapping, Table, select

from ostiary.durable.tables import work
from ostiary.extensions.tables import callouts
from ostiary.lifecycle import tables
from ostiary.lifecycle.results import person_status
from ostiary.lifecycle.store.rows import tally_of
from ostiary.lifecycle.tallies import ENDED, Status, Tally
from ostiary.storage.database import Database


async def rows_of(database: Database, table: Table) -> list[RowMapping]:
    """Read a whole table."""
    async with database.reading() as conn:
        query = select(table).order_by(table.c.id)
        return list((await conn.execute(query)).mappings())


async def check_everything(database: Database) -> None:
    """Make sure that every number is the sum of the level below, and that nobody is stuck."""
    people = await rows_of(database, tables.user_processing_results)
    tasks = {row["id"]: row for row in await rows_of(database, tables.workflow_tasks)}
    of_person: dict[str, list[RowMapping]] = defaultdict(list)
    of_report: dict[str, list[RowMapping]] = defaultdict(list)
    for row in await rows_of(database, tables.task_processing_results):
        of_person[row["user_processing_result_id"]].append(row)
        of_report[row["task_report_id"]].append(row)
    waiting = [person for person in people if not person["laid_out"]]
    runs = {run["id"]: run for run in await rows_of(database, tables.runs)}
    for person in people:
        check_person(person, of_person[person["id"]], tasks)
    for report in await rows_of(database, tables.task_reports):
        tally = tally_of(report, "people")
        mine = [p for p in waiting if p["run_id"] == report["run_id"]]
        if runs[report["run_id"]]["failed_tasks_only"]:
            mine = [p for p in mine if repeats(p, tasks[report["task_id"]], of_person, tasks)]
        queued = Tally.of(Status.QUEUED, len(mine))
        assert tally == _count(of_report[report["id"]]) + queued
        assert (Status(report["processing_status"]) in ENDED) == (tally.open == 0)
    for run in runs.values():
        check_run(run, [p for p in people if p["run_id"] == run["id"]])
    await check_that_nothing_waits_on_nothing(database, people, of_person)


def repeats(
    person: RowMapping,
    task: RowMapping,
    of_person: Mapping[str, list[RowMapping]],
    tasks: Mapping[str, RowMapping],
) -> bool:
    """Whether a task failed, or was never reached, in the result that somebody repeats."""
    return any(
        row["processing_status"] in ("failed", "canceled")
        and tasks[row["task_id"]]["display_name"].lower() == task["display_name"].lower()
        for row in of_person[person["origin_id"]]
    )


async def check_that_nothing_waits_on_nothing(
    database: Database, people: list[RowMapping], of_person: Mapping[str, list[RowMapping]]
) -> None:
    """Whoever has not ended has work, or a callout, that will move them on."""
    keys = {row["key"] for row in await rows_of(database, work) if row["dead_at"] is None}
    parked = {c["owner_id"] for c in await rows_of(database, callouts) if c["outcome"] is None}
    for person in people:
        if Status(person["processing_status"]) not in ENDED:
            movers = {row["id"] for row in of_person[person["id"]]}
            assert person["run_id"] in keys or movers & (keys | parked)


def check_person(
    person: RowMapping, rows: list[RowMapping], tasks: Mapping[str, RowMapping]
) -> None:
    """A person's numbers are those of the tasks, once these have been laid out."""
    tally, status = tally_of(person, "tasks"), Status(person["processing_status"])
    if not person["laid_out"]:
        assert (status, rows) == (Status.QUEUED, [])
        assert tally == Tally(queued=tally.total)
        return
    fatal = any(
        row["processing_status"] == "failed" and not tasks[row["task_id"]]["continue_on_error"]
        for row in rows
    )
    assert tally == _count(rows)
    assert status is person_status(tally, fatal=fatal)


def check_run(run: RowMapping, people: list[RowMapping]) -> None:
    """A run's numbers are those of its people."""
    tally, status = tally_of(run, "people"), Status(run["processing_status"])
    assert tally == _count(people)
    assert tally_of(run, "tasks") == sum((tally_of(p, "tasks") for p in people), Tally())
    has_ended = status in ENDED or status is Status.QUARANTINED
    assert has_ended == (tally.open == 0)
    assert (run["completed_date_time"] is not None) == has_ended


def _count(rows: list[RowMapping]) -> Tally:
    return sum((Tally.of(Status(row["processing_status"])) for row in rows), Tally())

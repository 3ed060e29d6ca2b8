"""Summaries of one workflow, and insights into all of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from msgspec.structs import fields
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.graph.errors import InvalidModel, NotFound
from ostiary.graph.types import Complex
from ostiary.lifecycle.catalogue import definition_of
from ostiary.lifecycle.model import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model import reports as wire
from ostiary.lifecycle.store import results, sums
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.rows import Row
from ostiary.storage.database import Database

ShapeT = TypeVar("ShapeT", bound=Complex)


class Summary(Enum):
    """What a summary is about, and what it looks like."""

    RUNS = wire.RunSummary
    PEOPLE = wire.UserSummary
    SUBJECTS = wire.SubjectSummary
    REPORTS = wire.TaskReportSummary

    @property
    def returns(self) -> type[Complex]:
        """The wire type."""
        found: type[Complex] = self.value
        return found


@dataclass(frozen=True, slots=True)
class Reporting:
    """Adds up what happened."""

    database: Database

    async def summary(
        self,
        of: Summary,
        workflow_id: str,
        *,
        run_id: str | None,
        is_deleted: bool,
        window: wire.Window,
    ) -> Complex:
        """Sum up a workflow, or a run of it.

        :raises NotFound: there is no such workflow or run.
        :raises InvalidModel: the window ends before it begins.
        """
        between = _between(window)
        async with self.database.reading() as conn:
            await _require(conn, workflow_id, run_id, is_deleted=is_deleted)
            match of:
                case Summary.RUNS:
                    row = await sums.of_runs(conn, workflow_id, between)
                case Summary.PEOPLE:
                    row = await sums.of_people(conn, workflow_id, between, run_id=run_id)
                case Summary.SUBJECTS:
                    row = await sums.of_people(
                        conn, workflow_id, between, run_id=run_id, called="subjects"
                    )
                case Summary.REPORTS:
                    row = await sums.of_reports(conn, workflow_id, between)
        return _shaped(of.returns, row)

    async def everything(self, window: wire.Window) -> wire.WorkflowsInsightsSummary:
        """Sum up all workflows."""
        async with self.database.reading() as conn:
            row = await sums.of_everything(conn, _between(window))
        return _shaped(wire.WorkflowsInsightsSummary, row)

    async def by_category(self, window: wire.Window) -> wire.WorkflowsInsightsByCategory:
        """Sum up the runs of all workflows by what the workflows are for."""
        async with self.database.reading() as conn:
            found = await sums.by_category(conn, _between(window))
        numbers = {
            f"{kind}_{category}_runs": int(found[category][f"{kind}_runs"])
            if category in found
            else 0
            for category in ("joiner", "leaver", "mover")
            for kind in ("failed", "successful", "total")
        }
        return wire.WorkflowsInsightsByCategory(**numbers)

    async def top_workflows(self, window: wire.Window) -> list[wire.TopWorkflowsInsightsSummary]:
        """Sum up the workflows that ran most often."""
        async with self.database.reading() as conn:
            rows = await sums.top_workflows(conn, _between(window))
        return [
            _shaped(
                wire.TopWorkflowsInsightsSummary,
                row,
                workflow_id=row["id"],
                workflow_category=Category(row["category"]),
                workflow_display_name=row["display_name"],
                workflow_version=row["version"],
            )
            for row in rows
        ]

    async def top_tasks(self, window: wire.Window) -> list[wire.TopTasksInsightsSummary]:
        """Sum up the task definitions that were processed most often."""
        between = _between(window)
        async with self.database.reading() as conn:
            rows = await sums.top_tasks(conn, between)
            ids = [row["task_definition_id"] for row in rows]
            people = await sums.people_of_tasks(conn, between, ids)
        return [_top_task(row, people.get(row["task_definition_id"], {})) for row in rows]


def _top_task(row: Row, people: Row) -> wire.TopTasksInsightsSummary:
    id = row["task_definition_id"]
    definition = definition_of(id)
    users = {
        name: int(people.get(name, 0))
        for name in ("total_users", "successful_users", "failed_users")
    }
    return _shaped(
        wire.TopTasksInsightsSummary,
        {**row, **users},
        task_definition_id=id,
        task_definition_display_name=definition.display_name if definition else id,
    )


def _shaped(type_: type[ShapeT], row: Row, **more: Any) -> ShapeT:
    """Give a wire type its numbers from the columns of the same names."""
    names = {field.name for field in fields(type_)} - more.keys()
    return type_(**{name: int(row[name]) for name in names}, **more)


def _between(window: wire.Window) -> sums.Between:
    if window.end_date_time < window.start_date_time:
        raise InvalidModel(
            "'endDateTime' must not lie before 'startDateTime'.", target="endDateTime"
        )
    return window.start_date_time, window.end_date_time


async def _require(
    conn: AsyncConnection, workflow_id: str, run_id: str | None, *, is_deleted: bool
) -> None:
    row = (await store.workflow_rows(conn, [workflow_id])).get(workflow_id)
    gone = row is None or row["purged_date_time"] is not None
    if row is None or gone or (row["deleted_date_time"] is not None) != is_deleted:
        raise NotFound(f"The workflow '{workflow_id}' could not be found.", target="workflows")
    if run_id is None:
        return
    run = (await results.read_runs(conn, [run_id])).get(run_id)
    if run is None or run.workflow_id != workflow_id:
        raise NotFound(f"The run '{run_id}' could not be found.", target="runs")

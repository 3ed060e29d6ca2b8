"""Use cases of the API about runs: start one on demand, cancel one, resume a task of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.graph.errors import NotFound
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.errors import InvalidOperation, RunNotCancelable, WorkflowDisabled
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.runs import cancel_run
from ostiary.lifecycle.service import finding
from ostiary.lifecycle.service.settling import put_runs, stop_runs
from ostiary.lifecycle.store import results as results
from ostiary.lifecycle.store import runs as store
from ostiary.lifecycle.tallies import IllegalMove
from ostiary.storage.database import Database
from ostiary.storage.tables import new_id

ON_DEMAND_LIMIT = 10
"""People that one activation may name."""


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of workflows."""

    database: Database

    async def activate(
        self, workflow_id: str, subjects: Sequence[str], *, now: datetime, actor: Actor
    ) -> str:
        """Run a workflow for some people now, whatever its conditions say; give the run's id.

        :raises NotFound: there is no such workflow, or a person does not exist.
        :raises InvalidOperation: nobody, or too many people, are named.
        :raises WorkflowDisabled: the workflow is disabled.
        """
        people = list(dict.fromkeys(id.lower() for id in subjects))
        if not 1 <= len(people) <= ON_DEMAND_LIMIT:
            raise InvalidOperation(
                f"'subjects' must name between 1 and {ON_DEMAND_LIMIT} users; it names "
                f"{len(people)}.",
                target="subjects",
            )
        async with self.database.transaction() as conn:
            workflow = await finding.workflow(conn, workflow_id, lock=True)
            if not workflow["is_enabled"]:
                raise WorkflowDisabled(target="isEnabled")
            await _require_people(conn, people)
            tasks = await store.enabled_tasks(conn, workflow["version_id"])
            run_id = new_id()
            await store.insert_run(
                conn,
                id=run_id,
                workflow_id=workflow_id,
                version_id=workflow["version_id"],
                execution_type=ExecutionType.ON_DEMAND,
                people=len(people),
                tasks=tasks,
                now=now,
            )
            await store.insert_people(
                conn, run_id, people, version=workflow["version"], tasks=tasks
            )
            await store.insert_reports(conn, [run_id], now=now)
            await put_runs(conn, names.RUN_START, [run_id], now=now)
            name = workflow["display_name"]
            activity = "Set workflow for on-demand execution"
            event = audits.workflow_event(activity, actor, workflow_id, name)
            await record(conn, [event], now=now)
        return run_id

    async def cancel(
        self, workflow_id: str, run_ids: Sequence[str], *, now: datetime, actor: Actor
    ) -> None:
        """Stop a run: nothing new begins, what waits is canceled, what is done stays.

        :raises NotFound: there is no such run of this workflow.
        :raises InvalidOperation: not exactly one run is named.
        :raises RunNotCancelable: it is neither queued nor in progress.
        """
        if len(run_ids) != 1:
            raise InvalidOperation(
                f"'scope/runs' must name exactly one run; it names {len(run_ids)}.",
                target="scope/runs",
            )
        run_id = run_ids[0].lower()
        async with self.database.transaction() as conn:
            workflow = await finding.workflow(conn, workflow_id)
            held = await results.lock_runs(conn, [run_id])
            if run_id not in held or held[run_id].workflow_id != workflow_id:
                raise NotFound(f"The run '{run_id}' could not be found.", target="scope/runs")
            try:
                canceling = cancel_run(held[run_id])
            except IllegalMove:
                raise RunNotCancelable(
                    f"The run is '{held[run_id].status.value}'; only a run that is queued or in "
                    "progress can be canceled.",
                    target="scope/runs",
                ) from None
            await results.save_runs(conn, [canceling])
            await stop_runs(conn, [run_id], now=now)
            name = workflow["display_name"]
            event = audits.workflow_event("Cancel workflow run", actor, workflow_id, name)
            await record(conn, [event], now=now)


async def _require_people(conn: AsyncConnection, ids: Sequence[str]) -> None:
    known = await directory.people(conn, ids)
    for id in ids:
        if id not in known:
            raise NotFound(f"The user '{id}' could not be found.", target="subjects")

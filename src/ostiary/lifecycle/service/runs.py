"""Use cases of the API about runs that there are; ``activating`` starts them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.graph.errors import NotFound
from ostiary.lifecycle import audits
from ostiary.lifecycle.errors import InvalidOperation, RunNotCancelable
from ostiary.lifecycle.runs import cancel_run
from ostiary.lifecycle.service import finding
from ostiary.lifecycle.service.settling import stop_runs
from ostiary.lifecycle.store import results as results
from ostiary.lifecycle.store import runs as store
from ostiary.lifecycle.tallies import IllegalMove
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of workflows."""

    database: Database

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

    async def unlink(
        self, workflow_id: str, run_id: str, reprocessed_id: str, *, now: datetime, actor: Actor
    ) -> None:
        """Forget that one run repeats another; both stay as they are.

        :raises NotFound: the workflow, or the link, does not exist.
        """
        async with self.database.transaction() as conn:
            workflow = await finding.workflow(conn, workflow_id)
            held = await results.lock_runs(conn, [run_id])
            known = run_id in held and held[run_id].workflow_id == workflow_id
            if not known or not await store.unlink_reprocessing(conn, run_id, reprocessed_id):
                raise NotFound(
                    f"The run '{reprocessed_id}' does not repeat '{run_id}'.",
                    target="reprocessedRuns",
                )
            name = workflow["display_name"]
            event = audits.workflow_event("Remove reprocessed run", actor, workflow_id, name)
            await record(conn, [event], now=now)

"""Runs that somebody asks for: on demand, with a scope, as a preview, of a single task."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.graph.errors import NotFound
from ostiary.lifecycle import audits, scopes
from ostiary.lifecycle.errors import InvalidOperation, WorkflowDisabled, WorkflowQuarantined
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.enums import LifecycleWorkflowCategory, QuarantineType
from ostiary.lifecycle.model.workflows import ActivateRunScope, ActivationScope
from ostiary.lifecycle.service import finding
from ostiary.lifecycle.service.scoping import Chosen, choose
from ostiary.lifecycle.service.settling import Batch
from ostiary.lifecycle.service.starting import Start, Started, start
from ostiary.lifecycle.store import choices, scheduling
from ostiary.lifecycle.store import results as results
from ostiary.lifecycle.store import runs as store
from ostiary.lifecycle.store.rows import Row
from ostiary.lifecycle.tasks.registry import Registry
from ostiary.storage.database import Database

ON_DEMAND_LIMIT = 10
"""People that one activation, or one preview, may name."""


@dataclass(frozen=True, slots=True)
class Activating:
    """Starts runs at somebody's request."""

    database: Database
    registry: Registry

    async def activate(
        self, workflow_id: str, subjects: Sequence[str], *, now: datetime, actor: Actor
    ) -> str:
        """Run a workflow for some people now, whatever its conditions say; give the run's id.

        :raises NotFound: there is no such workflow, or a person does not exist.
        :raises InvalidOperation: nobody, or too many people, are named.
        :raises WorkflowDisabled: the workflow is disabled.
        :raises WorkflowQuarantined: an execution limit holds it back.
        """
        people = _few(subjects)
        async with self.database.transaction() as conn:
            workflow = await _startable(conn, workflow_id)
            check_free(workflow)
            await require_people(conn, people)
            wanted = Start(
                workflow=workflow,
                people=choices.named(people),
                execution_type=ExecutionType.ON_DEMAND,
            )
            activity = "Set workflow for on-demand execution"
            started = await self._start(conn, wanted, activity, now=now, actor=actor)
        return run_of(started)

    async def activate_with_scope(
        self, workflow_id: str, scope: ActivationScope, *, now: datetime, actor: Actor
    ) -> str:
        """Run a workflow for the people of a scope, perhaps once more; give the run's id.

        :raises NotFound: the workflow, or what the scope names, does not exist.
        :raises UnknownPeople: the scope names people who do not exist.
        :raises InvalidOperation: nobody is left to run it for, or the earlier run goes on still.
        :raises WorkflowDisabled, WorkflowQuarantined: as ``activate``; a quarantined workflow
            still takes a whole run.
        """
        kept = scopes.checked(scope)
        async with self.database.transaction() as conn:
            workflow = await _startable(conn, workflow_id)
            if not isinstance(kept, ActivateRunScope):
                check_free(workflow)
            chosen = await choose(conn, workflow_id, kept)
            wanted = _repeating(workflow, kept, chosen)
            activity = "Set workflow for on-demand execution"
            started = await self._start(conn, wanted, activity, now=now, actor=actor)
            if started.run_id is None:
                raise InvalidOperation(
                    "The scope holds nobody to run the workflow for.", target="scope"
                )
            if chosen.runs and started.held is None:
                await store.link_reprocessing(conn, chosen.runs, started.run_id)
            if chosen.is_released:
                await scheduling.release(conn, chosen.runs, started.run_id)
        return run_of(started)

    async def preview(
        self, workflow_id: str, subjects: Sequence[str], *, now: datetime, actor: Actor
    ) -> str:
        """Show what a workflow would do for some people, without doing it; give the run's id.

        :raises NotFound, InvalidOperation, WorkflowDisabled: as ``activate``.
        """
        people = _few(subjects)
        async with self.database.transaction() as conn:
            workflow = await _startable(conn, workflow_id)
            await require_people(conn, people)
            wanted = Start(
                workflow=workflow,
                people=choices.named(people),
                execution_type=ExecutionType.PREVIEW,
            )
            started = await self._start(conn, wanted, "Preview workflow", now=now, actor=actor)
        return run_of(started)

    async def run_task(
        self,
        workflow_id: str,
        task_id: str,
        subject_id: str,
        *,
        is_preview: bool,
        now: datetime,
        actor: Actor,
    ) -> str:
        """Run a single task of a workflow for one person, enabled or not; give its result's id.

        A preview has ended when this returns.

        :raises NotFound: the workflow, the task or the person does not exist.
        :raises WorkflowQuarantined: an execution limit holds the workflow back.
        """
        person = subject_id.strip().lower()
        async with self.database.transaction() as conn:
            workflow = await _startable(conn, workflow_id)
            if not is_preview:
                check_free(workflow)
            task = await finding.current_task(conn, workflow_id, task_id)
            await require_people(conn, [person], target="subject")
            kind = ExecutionType.PREVIEW if is_preview else ExecutionType.ON_DEMAND
            wanted = Start(
                workflow=workflow,
                people=choices.named([person]),
                execution_type=kind,
                only_task_id=task["id"],
                at_once=True,
            )
            activity = "Preview task" if is_preview else "Run task for one person"
            started = await self._start(conn, wanted, activity, now=now, actor=actor)
            found = await results.results_of_run(conn, started.run_id or "")
            if is_preview:
                await self._foresee(conn, found, now=now)
        run_of(started)
        return found[0]

    async def _foresee(
        self, conn: AsyncConnection, result_ids: Sequence[str], *, now: datetime
    ) -> None:
        """Do a preview here and now."""
        turns = await results.lock_turns(conn, result_ids)
        batch = Batch(now=now)
        for turn in turns:
            batch.begin(turn.person, turn.task)
        outcomes = await self.registry.foresee(conn, turns, now=now)
        for turn in turns:
            batch.finish(turn.person, turn.task, outcomes[turn.task.id])
        await batch.save(conn)

    async def _start(
        self, conn: AsyncConnection, wanted: Start, activity: str, *, now: datetime, actor: Actor
    ) -> Started:
        started = await start(conn, wanted, now=now)
        workflow = wanted.workflow
        event = audits.workflow_event(activity, actor, workflow["id"], workflow["display_name"])
        await record(conn, [event], now=now)
        return started


def _few(subjects: Sequence[str]) -> list[str]:
    people = list(dict.fromkeys(id.strip().lower() for id in subjects))
    if not 1 <= len(people) <= ON_DEMAND_LIMIT:
        raise InvalidOperation(
            f"'subjects' must name between 1 and {ON_DEMAND_LIMIT} users; it names {len(people)}.",
            target="subjects",
        )
    return people


def _repeating(workflow: Row, scope: ActivationScope, chosen: Chosen) -> Start:
    return Start(
        workflow=workflow,
        people=chosen.people,
        execution_type=ExecutionType.ACTIVATED_WITH_SCOPE,
        scope=scope,
        failures_only=scopes.repeats_failures(scope),
        is_released=chosen.is_released,
    )


def run_of(started: Started) -> str:
    """Give the run; what is stored of one that is held back is stored before this is said.

    :raises WorkflowQuarantined: it is held back.
    """
    if started.held is not None:
        raise WorkflowQuarantined(
            f"{started.held.reason} The workflow is quarantined and nobody was processed; use "
            "clearQuarantine, or activateWithScope with the run that is held back.",
            target="quarantineDetails",
            run=started.run_id,
        )
    assert started.run_id is not None
    return started.run_id


async def startable(conn: AsyncConnection, workflow_id: str) -> Row:
    """Read a workflow that may be run, locked.

    :raises NotFound: there is no such workflow.
    :raises WorkflowDisabled: it is disabled.
    """
    workflow = await finding.workflow(conn, workflow_id, lock=True)
    if not workflow["is_enabled"]:
        raise WorkflowDisabled(target="isEnabled")
    return workflow


async def _startable(conn: AsyncConnection, workflow_id: str) -> Row:
    """Read one that may be run for people."""
    workflow = await startable(conn, workflow_id)
    if workflow["category"] == LifecycleWorkflowCategory.EXTENSIBILITY.value:
        raise InvalidOperation(
            "A workflow of the category 'extensibility' is not for people of the directory: use "
            "activateAndWait.",
            target="category",
        )
    return workflow


def check_free(workflow: Row) -> None:
    """Let nobody into a quarantined workflow; a whole run may be repeated all the same.

    :raises WorkflowQuarantined: it is.
    """
    if workflow["quarantine_type"] != QuarantineType.NOT_QUARANTINED.value:
        raise WorkflowQuarantined(
            f"The workflow is quarantined: {workflow['quarantine_reason']} Look at it, then use "
            "clearQuarantine.",
            target="quarantineDetails",
        )


async def require_people(
    conn: AsyncConnection, ids: Collection[str], *, target: str = "subjects"
) -> None:
    """Make sure that people exist.

    :raises NotFound: one does not.
    """
    known = await directory.people(conn, ids)
    for id in ids:
        if id not in known:
            raise NotFound(f"The user '{id}' could not be found.", target=target)

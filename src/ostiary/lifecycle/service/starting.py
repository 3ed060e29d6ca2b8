"""Start a run: the one way in, whoever asks for it, so that no limit can be gone around.

What is started is laid out portion by portion afterwards; here a run is made with its people and
reports, each level by one statement, in the caller's transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.store import record
from ostiary.directory import store as directory
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.letters import QUARANTINED
from ostiary.lifecycle.limits import Held, exceeded
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.workflows import ActivationScope
from ostiary.lifecycle.service.settling import PORTION, put_first, put_runs
from ostiary.lifecycle.store import choices, portions
from ostiary.lifecycle.store import runs as store
from ostiary.lifecycle.store import settings as settings_store
from ostiary.lifecycle.store import workflows as workflow_store
from ostiary.lifecycle.store.choices import People
from ostiary.lifecycle.store.rows import Row, limit_of
from ostiary.mail.mails import About, NewMail
from ostiary.mail.service import send
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run that is wanted. ``workflow`` is its locked row, ``people`` a choice of them."""

    workflow: Row
    people: People
    execution_type: ExecutionType
    scope: ActivationScope | None = None
    failures_only: bool = False
    only_task_id: str | None = None
    at_once: bool = False
    """Whether its people are laid out now, and not by the worker: there are few of them."""
    is_released: bool = False
    """Whether somebody has looked at the people and wants it in spite of the limits."""

    @property
    def is_braked(self) -> bool:
        """Whether the limits apply: a preview harms nobody."""
        return not self.is_released and self.execution_type is not ExecutionType.PREVIEW


@dataclass(frozen=True, slots=True)
class Started:
    """What became of it: the run, how many people are in it, and what holds it back."""

    run_id: str | None
    people: int
    held: Held | None = None


async def start(conn: AsyncConnection, wanted: Start, *, now: datetime) -> Started:
    """Start a run for the people of a choice; with nobody in it there is none.

    One that exceeds a limit is stored as held back, and its workflow is quarantined.
    """
    number = await choices.count(conn, wanted.people)
    if not number:
        return Started(None, 0)
    held = await _held(conn, wanted, number) if wanted.is_braked else None
    run_id = new_id()
    made = store.NewRun(
        id=run_id,
        workflow_id=wanted.workflow["id"],
        version_id=wanted.workflow["version_id"],
        version=wanted.workflow["version"],
        execution_type=wanted.execution_type,
        scheduled_at=now,
        scope=wanted.scope,
        failures_only=wanted.failures_only,
        only_task_id=wanted.only_task_id,
    )
    if held is not None:
        await store.insert_held(conn, made, wanted.people)
        await _quarantine(conn, wanted.workflow, held, run_id=run_id, now=now)
        return Started(run_id, number, held)
    await store.insert_run(conn, made)
    await store.insert_people(conn, made, wanted.people)
    await store.insert_reports(conn, [run_id], now=now)
    if wanted.at_once:
        await _lay_out(conn, run_id, wanted, now=now)
    else:
        await put_runs(conn, names.RUN_START, [run_id], now=now)
    return Started(run_id, number)


async def _lay_out(conn: AsyncConnection, run_id: str, wanted: Start, *, now: datetime) -> None:
    """Lay out everybody; of a preview the caller sees to the tasks."""
    people = await portions.lock_not_laid_out(conn, [run_id], PORTION)
    await portions.lay_out(conn, people, now=now)
    if wanted.execution_type is not ExecutionType.PREVIEW:
        await put_first(conn, people, now=now)


async def _held(conn: AsyncConnection, wanted: Start, number: int) -> Held | None:
    """Compare with the workflow's own limit, or else with the tenant's."""
    limit = limit_of(wanted.workflow["quarantine_configuration"])
    if limit is None:
        settings = await settings_store.read_settings(conn)
        limit = settings.quarantine_configuration if settings is not None else None
    if limit is None:
        return None
    return exceeded(limit, people=number, population=await choices.population(conn))


async def _quarantine(
    conn: AsyncConnection, workflow: Row, held: Held, *, run_id: str, now: datetime
) -> None:
    values = {
        "quarantined_date_time": now,
        "quarantine_reason": held.reason,
        "quarantine_type": held.type.value,
    }
    await workflow_store.set_quarantine(conn, workflow["id"], values)
    event = audits.quarantine_event(workflow["id"], workflow["display_name"], held, run_id)
    await record(conn, [event], now=now)
    await _tell(conn, workflow, held, now=now)


async def _tell(conn: AsyncConnection, workflow: Row, held: Held, *, now: datetime) -> None:
    """Write to whoever made the workflow and whoever changed it last, if they are people."""
    values = {"workflow": workflow["display_name"], "reason": held.reason}
    about = About("workflow", workflow["id"])
    people = dict.fromkeys((workflow["created_by"], workflow["last_modified_by"]))
    known = await directory.people(conn, people)
    mails = [
        NewMail(template=QUARANTINED, to=id, values=values, about=about)
        for id in people
        if id in known
    ]
    await send(conn, mails, now=now)

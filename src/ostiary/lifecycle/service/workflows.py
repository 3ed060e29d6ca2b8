"""Use cases of the API about one workflow, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.durable import queue
from ostiary.lifecycle import audits
from ostiary.lifecycle.errors import InvalidOperation, LimitExceeded, NameTaken
from ostiary.lifecycle.model.enums import QuarantineType
from ostiary.lifecycle.model.workflows import Task, Workflow
from ostiary.lifecycle.purges import RETENTION, purge_at
from ostiary.lifecycle.service import finding, scheduling
from ostiary.lifecycle.service.references import check_references
from ostiary.lifecycle.service.settling import stop_runs
from ostiary.lifecycle.store import runs as run_store
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.rows import conditions_of, limit_json
from ostiary.lifecycle.store.shown import complete, wire_task, wire_workflow
from ostiary.lifecycle.store.versions import task_rows, version_row, workflow_row
from ostiary.lifecycle.texts import name_key
from ostiary.lifecycle.workflow_tasks import check_task_patch
from ostiary.lifecycle.workflows import NewWorkflow, admitted, check_patch
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

WorkflowChange = Callable[[Workflow], Workflow]
TaskChange = Callable[[Task], Task]


@dataclass(frozen=True, slots=True)
class Workflows:
    """Workflows, their versions and tasks. ``limit`` is the most that may live at a time."""

    database: Database
    limit: int = 100

    async def create(self, draft: Workflow, *, now: datetime, actor: Actor) -> Workflow:
        """Create a workflow.

        :raises BadRequest: a property, a task or the conditions are not valid.
        :raises NameTaken: another workflow has the displayName.
        :raises LimitExceeded: there are as many workflows as there may be.
        """
        new = admitted(draft)
        id = new_id()
        async with self.writing() as conn:
            await self.check_room(conn)
            await check_name(conn, new.display_name, besides=None)
            await check_references(conn, new)
            await self._store(conn, id, 1, new, now=now, actor=actor)
            await scheduling.arm(conn, id, now=now)
            event = audits.workflow_event("Create workflow", actor, id, new.display_name, "Add")
            await record(conn, [event], now=now)
            return await read_workflow(conn, id)

    async def update(
        self, id: str, change: WorkflowChange, *, now: datetime, actor: Actor
    ) -> Workflow:
        """Change what PATCH may change of a workflow.

        :raises NotFound: there is no such workflow.
        :raises InvalidOperation: the change needs a new version, or the switches contradict.
        :raises NameTaken: another workflow has the displayName.
        """
        async with self.writing() as conn:
            row = await finding.workflow(conn, id, lock=True)
            before = await read_workflow(conn, id)
            after = change(before)
            check_patch(before, after)
            await check_name(conn, after.display_name, besides=id)
            values = {
                "display_name": after.display_name,
                "name_key": name_key(after.display_name),
                "description": after.description,
                "is_enabled": after.is_enabled,
                "is_scheduling_enabled": after.is_scheduling_enabled,
                "quarantine_configuration": limit_json(after.settings.quarantine_configuration),
                "last_modified_date_time": now,
                "last_modified_by": actor.id,
            }
            await store.update_workflow(conn, id, row["version_id"], values)
            if _switches(before) != _switches(after):
                await scheduling.arm(conn, id, now=now)
            await record(conn, audits.changes_of_workflow(before, after, actor), now=now)
            return await read_workflow(conn, id)

    async def update_task(
        self, workflow_id: str, task_id: str, change: TaskChange, *, now: datetime, actor: Actor
    ) -> Task:
        """Change the name or the description of a task of the current version.

        :raises NotFound: there is no such task in this workflow.
        :raises InvalidOperation: the change needs a new version.
        :raises NameTaken: another task of the workflow has the displayName.
        """
        async with self.writing() as conn:
            workflow = await finding.workflow(conn, workflow_id, lock=True)
            row = await finding.current_task(conn, workflow_id, task_id)
            before = wire_task(row)
            after = change(before)
            check_task_patch(before, after)
            for other in (await store.version_tasks(conn, [workflow["version_id"]])).popitem()[1]:
                same = name_key(other.display_name) == name_key(after.display_name)
                if same and other.id != task_id:
                    raise NameTaken(
                        f"Another task of the workflow is called '{after.display_name}'.",
                        target="displayName",
                    )
            values = {"display_name": after.display_name, "description": after.description}
            await store.update_task(conn, task_id, values)
            event = audits.task_event("Update task", actor, task_id, after.display_name)
            await record(conn, [event], now=now)
            return after

    async def create_version(
        self, id: str, draft: Workflow, *, path: str, now: datetime, actor: Actor
    ) -> Workflow:
        """Give a workflow a new version, with tasks of its own.

        People who are being processed finish on the version that they started with. ``path`` leads
        to the draft in the body.

        :raises NotFound: there is no such workflow.
        :raises BadRequest: as ``create``; also when the category would change.
        :raises NameTaken: another workflow has the displayName.
        """
        new = admitted(draft, path=path)
        async with self.writing() as conn:
            row = await finding.workflow(conn, id, lock=True)
            if new.category.value != row["category"]:
                raise InvalidOperation(
                    f"The category of the workflow is '{row['category']}' in every version.",
                    target=f"{path}category",
                )
            await check_name(conn, new.display_name, besides=id)
            await check_references(conn, new, path=path)
            before = await read_workflow(conn, id)
            await store.close_version(conn, row["version_id"], now=now, by=actor.id)
            await self._store(conn, id, row["version"] + 1, new, now=now, actor=actor)
            if conditions_of(row["execution_conditions"]) != new.conditions:
                is_on = new.is_enabled and new.is_scheduling_enabled
                conditions = new.conditions if is_on else None
                await scheduling.reconsider(conn, row, conditions, now=now)
            await scheduling.arm(conn, id, now=now)
            after = await read_workflow(conn, id)
            await record(conn, audits.changes_by_version(before, after, actor), now=now)
            return after

    async def clear_quarantine(self, id: str, *, now: datetime, actor: Actor) -> Workflow:
        """Let a quarantined workflow run again; nothing is started by that.

        :raises NotFound: there is no such workflow.
        """
        async with self.writing() as conn:
            row = await finding.workflow(conn, id, lock=True)
            if row["quarantine_type"] != QuarantineType.NOT_QUARANTINED.value:
                await store.set_quarantine(conn, id, dict(store.NOT_QUARANTINED))
                name = row["display_name"]
                event = audits.workflow_event("Clear workflow quarantine", actor, id, name)
                await record(conn, [event], now=now)
            return await read_workflow(conn, id)

    async def delete(self, id: str, *, now: datetime, actor: Actor) -> None:
        """Put a workflow among the deleted items; its runs are stopped.

        :raises NotFound: there is no such workflow.
        """
        async with self.writing() as conn:
            row = await finding.workflow(conn, id, lock=True)
            gone = {
                "deleted_date_time": now,
                "is_scheduling_enabled": False,
                "last_modified_date_time": now,
                "last_modified_by": actor.id,
            }
            await store.mark_deleted(conn, id, gone)
            await scheduling.arm(conn, id, now=now)
            await stop_runs(conn, await run_store.open_runs(conn, id), now=now)
            await queue.put(conn, [purge_at(id, now + RETENTION)])
            name = row["display_name"]
            event = audits.workflow_event("Delete workflow", actor, id, name, "Delete")
            await record(conn, [event], now=now)

    async def check_room(self, conn: AsyncConnection) -> None:
        """Make sure that there may be one workflow more.

        :raises LimitExceeded: there may not.
        """
        if await store.count_workflows(conn) >= self.limit:
            raise LimitExceeded(f"There are {self.limit} workflows already; delete one first.")

    async def _store(
        self,
        conn: AsyncConnection,
        id: str,
        number: int,
        new: NewWorkflow,
        *,
        now: datetime,
        actor: Actor,
    ) -> None:
        version = version_row(new, workflow_id=id, number=number, now=now, by=actor.id)
        values = workflow_row(new, version)
        if number == 1:
            created = {"id": id, "created_date_time": now, "created_by": actor.id}
            await store.insert_workflow(conn, values | created)
        else:
            await store.move_to_version(conn, id, values)
        await store.insert_version(conn, version, task_rows(new, version))

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction in which two that take the same name at once cannot both succeed."""
        try:
            async with self.database.transaction() as conn:
                yield conn
        except IntegrityError as error:
            if "name_key" not in str(error.orig):
                raise
            raise NameTaken(target="displayName") from error


def _switches(workflow: Workflow) -> tuple[bool, bool]:
    return workflow.is_enabled, workflow.is_scheduling_enabled


async def check_name(conn: AsyncConnection, display_name: str, *, besides: str | None) -> None:
    """Make sure that a displayName is free, or belongs to the workflow ``besides``.

    :raises NameTaken: it is not.
    """
    owner = await store.name_owner(conn, name_key(display_name))
    if owner not in (None, besides):
        raise NameTaken(
            f"Another workflow is called '{display_name}': choose another displayName.",
            target="displayName",
        )


async def read_workflow(conn: AsyncConnection, id: str) -> Workflow:
    """Read a live workflow as it is shown alone.

    :raises NotFound: there is none.
    """
    row = await finding.workflow(conn, id)
    workflow = wire_workflow(row)
    tasks = await store.version_tasks(conn, [row["version_id"]])
    complete(workflow, row, tasks[row["version_id"]])
    return workflow

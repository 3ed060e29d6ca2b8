"""What would happen, without a run: tasks that would fail for everybody, and what one is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ostiary.extensions import store as callouts
from ostiary.graph.errors import NotFound
from ostiary.graph.types import Complex
from ostiary.lifecycle import names
from ostiary.lifecycle.model.actions import PreviewFailedTask
from ostiary.lifecycle.payloads import payload_of
from ostiary.lifecycle.service import finding
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store import workflows as workflow_store
from ostiary.lifecycle.tasks.port import Step
from ostiary.lifecycle.tasks.provided import SYSTEMS
from ostiary.lifecycle.tasks.registry import Registry
from ostiary.storage.database import Database

NAMESPACE = "ostiary"


class Trial(Complex, kw_only=True):
    """One task of one person: where it stands, what its endpoint is told, and what it said."""

    run_id: str
    task_processing_result_id: str
    processing_status: str
    failure_reason: str | None = None
    processing_info: str | None = None
    payload: Any = None  # whatever the endpoint is sent
    callout_status: str | None = None
    answer: Any = None  # whatever the endpoint said


@dataclass(frozen=True, slots=True)
class Previewing:
    """Looks ahead."""

    database: Database
    registry: Registry

    async def failures(self, workflow_id: str) -> list[PreviewFailedTask]:
        """Give the enabled tasks of a workflow that would fail for everybody, with the reasons.

        :raises NotFound: there is no such workflow.
        """
        async with self.database.reading() as conn:
            row = await finding.workflow(conn, workflow_id)
            tasks = (await workflow_store.version_tasks(conn, [row["version_id"]])).popitem()[1]
            enabled = {task.id: task for task in tasks if task.is_enabled}
            extensions = await workflow_store.extensions_of(conn, enabled)
            steps = [
                Step(
                    task_id=task.id,
                    definition_id=task.task_definition_id,
                    arguments={a.name: a.value or "" for a in task.arguments},
                    extension_id=extensions[task.id],
                )
                for task in enabled.values()
            ]
            faults = await self.registry.faults(conn, steps)
        return [
            PreviewFailedTask(
                name=task.display_name,
                task_id=id,
                definition_id=task.task_definition_id,
                failure_reason=faults[id],
            )
            for id, task in enabled.items()
            if id in faults
        ]

    async def trial(self, result_id: str, *, workflow_id: str, base_url: str) -> Trial:
        """Tell of one task of one person, with the conversation that it has had.

        :raises NotFound: there is no such result.
        """
        async with self.database.reading() as conn:
            row = (await store.told(conn, [result_id])).get(result_id)
            if row is None or row["workflow_id"] != workflow_id:
                raise NotFound(f"The task processing result '{result_id}' could not be found.")
            calls = row["extension_id"] is not None or row["task_definition_id"] in SYSTEMS
            payload = await payload_of(conn, row, base_url=base_url) if calls else None
            found = await callouts.of_owners(conn, names.OWNER_KIND, [result_id])
        last = found[result_id][-1] if found else None
        return Trial(
            run_id=row["run_id"],
            task_processing_result_id=result_id,
            processing_status=row["processing_status"],
            failure_reason=row["failure_reason"],
            processing_info=row["processing_info"],
            payload=payload,
            callout_status=last.status.value if last else None,
            answer=dict(last.answer) if last and last.answer else None,
        )

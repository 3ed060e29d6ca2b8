"""``activateAndWait``: run a workflow for one subject, and answer when it has ended.

The run is like any other, and goes on by itself when whoever asked has gone.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.directory.model import DirectoryObject
from ostiary.graph.errors import GatewayTimeout, InvalidModel
from ostiary.lifecycle import audits
from ostiary.lifecycle.model import LifecycleWorkflowProcessingStatus
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.enums import LifecycleWorkflowCategory, SubjectType
from ostiary.lifecycle.model.subjects import (
    AwaitedWorkflowProcessingResult,
    DirectoryObjectWorkflowSubject,
    ProvisioningObjectWorkflowSubject,
    WorkflowSubject,
)
from ostiary.lifecycle.service.activating import check_free, require_people, run_of, startable
from ostiary.lifecycle.service.starting import Start, start
from ostiary.lifecycle.store import choices
from ostiary.lifecycle.store import subjects as store
from ostiary.lifecycle.store.rows import Row, subject_json
from ostiary.lifecycle.store.shown import someone
from ostiary.lifecycle.workflows import subjects_of
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

PATIENCE: Final = timedelta(seconds=30)
"""How long a call waits."""

_PAUSES: Final = (0.02, 0.05, 0.1, 0.2)
"""Between two looks; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Awaiting:
    """Runs that somebody waits for. The worker does them, here or on another node."""

    database: Database
    patience: timedelta = PATIENCE

    async def activate(
        self, workflow_id: str, subject: WorkflowSubject, *, now: datetime, actor: Actor
    ) -> AwaitedWorkflowProcessingResult:
        """Run a workflow for one subject; give how that ended, and what became of the subject.

        :raises NotFound: the workflow, or somebody of the directory, does not exist.
        :raises InvalidModel: the workflow is not for subjects of this type.
        :raises WorkflowDisabled, WorkflowQuarantined: as ``Activating.activate``.
        :raises GatewayTimeout: it takes too long, and goes on.
        """
        async with self.database.transaction() as conn:
            workflow = await startable(conn, workflow_id)
            check_free(workflow)
            wanted = await _wanted(conn, workflow, subject)
            started = await start(conn, wanted, now=now)
            if started.held is None and isinstance(subject, ProvisioningObjectWorkflowSubject):
                await store.add_subject(conn, started.run_id or "", subject_json(subject))
            activity = "Set workflow for on-demand execution"
            name = workflow["display_name"]
            event = audits.workflow_event(activity, actor, workflow["id"], name)
            await record(conn, [event], now=now)
        ended = await self._ended(run_of(started))
        return AwaitedWorkflowProcessingResult(
            processing_status=LifecycleWorkflowProcessingStatus(ended.status.value),
            status_reasons=ended.reasons,
            subject=ended.subject or _echoed(subject),
        )

    async def _ended(self, run_id: str) -> store.Ended:
        end = time.monotonic() + self.patience.total_seconds()
        pauses = iter(_PAUSES)
        while True:
            async with self.database.reading() as conn:
                found = await store.ended(conn, run_id)
            if found is not None:
                return found
            if time.monotonic() >= end:
                raise GatewayTimeout(
                    f"The run '{run_id}' has not ended within {self.patience.total_seconds():.0f} "
                    "seconds. It goes on: read 'subjectProcessingResults' of the run later.",
                    run=run_id,
                )
            await asyncio.sleep(next(pauses, _PAUSES[-1]))


async def _wanted(conn: AsyncConnection, workflow: Row, subject: WorkflowSubject) -> Start:
    """Say which run is wanted for a subject, which must be of the workflow's type."""
    category = LifecycleWorkflowCategory(workflow["category"])
    for_others = subjects_of(category) is SubjectType.PROVISIONING_OBJECT
    if isinstance(subject, ProvisioningObjectWorkflowSubject) is not for_others:
        right = "provisioningObject" if for_others else "directoryObject"
        raise InvalidModel(
            f"'subject/@odata.type' must be '#microsoft.graph.identityGovernance.{right}Workflow"
            f"Subject' for a workflow of the category '{category.value}'.",
            target="subject/@odata.type",
        )
    if for_others:
        people, kind = choices.somebody(new_id()), ExecutionType.EXTENSIBILITY_ON_DEMAND
    else:
        person = _person_of(cast(DirectoryObjectWorkflowSubject, subject))
        await require_people(conn, [person], target="subject")
        people, kind = choices.named([person]), ExecutionType.ON_DEMAND
    return Start(workflow=workflow, people=people, execution_type=kind)


def _person_of(subject: DirectoryObjectWorkflowSubject) -> str:
    named = subject.directory_object
    ids = {subject.id, named.id if isinstance(named, DirectoryObject) else None} - {None, ""}
    if len(ids) != 1:
        raise InvalidModel(
            "The property 'subject' must name one user, by 'id' or by 'directoryObject'.",
            target="subject/id",
        )
    return cast(str, ids.pop()).strip().lower()


def _echoed(subject: WorkflowSubject) -> WorkflowSubject:
    if isinstance(subject, DirectoryObjectWorkflowSubject):
        return someone(_person_of(subject))
    return subject

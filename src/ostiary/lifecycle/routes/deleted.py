"""``…/deletedItems/workflows``: restore one, delete it for good, read what it did."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.graph.resources import Call, Endpoint, EntitySet, Operation, Singleton
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.lifecycle.model.workflows import Workflow
from ostiary.lifecycle.routes import unserved
from ostiary.lifecycle.routes.results import (
    Below,
    people,
    runs,
    subjects,
    task_reports,
    task_results,
)
from ostiary.lifecycle.routes.workflows import NAMESPACE, execution_scope, versions
from ostiary.lifecycle.service import DeletedWorkflows, Lifecycle
from ostiary.lifecycle.sources import configured
from ostiary.lifecycle.sources.results import TASKS
from ostiary.lifecycle.tables import task_processing_results

_DETAILS = requires(matrix.LW_DETAILS_READ)
_WRITE = requires(matrix.LW_WRITE)


@dataclass(frozen=True, slots=True)
class _Handlers:
    deleted: DeletedWorkflows

    async def restore(self, call: Call) -> Workflow:
        """POST …/deletedItems/workflows/{id}/restore"""
        id, actor = call.key("workflows").lower(), principal(call).actor()
        return await self.deleted.restore(id, now=call.now, actor=actor)

    async def purge(self, call: Call) -> None:
        """DELETE …/deletedItems/workflows/{id}"""
        id, actor = call.key("workflows").lower(), principal(call).actor()
        await self.deleted.purge(id, now=call.now, actor=actor)


def deleted_items(lifecycle: Lifecycle) -> Singleton:
    """Declare ``deletedItems``, where workflows are kept that can still be restored."""
    handlers = _Handlers(lifecycle.deleted)
    below = Below(lifecycle, is_deleted=True)
    results = task_results(below, within=task_processing_results.c.task_id)
    deleted = EntitySet(
        name="workflows",
        source=configured.DELETED_WORKFLOWS,
        read=_DETAILS,
        unserved=unserved.WORKFLOWS,
        delete=Endpoint(_WRITE, handlers.purge),
        children=(
            EntitySet(name="tasks", source=TASKS, link="tasks", read=_DETAILS, children=(results,)),
            execution_scope(),
            versions(below),
            runs(below),
            people(below),
            subjects(below),
            task_reports(below),
        ),
        operations=(
            Operation(
                name="restore",
                kind="action",
                namespace=NAMESPACE,
                needs=_WRITE,
                handle=handlers.restore,
                returns=Workflow,
            ),
        ),
    )
    return Singleton(
        name="deletedItems", container="microsoft.graph.deletedItemContainer", children=(deleted,)
    )

"""``…/workflows`` with their versions and tasks."""

from __future__ import annotations

from dataclasses import dataclass

from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Call, Endpoint, EntitySet, Operation
from ostiary.graph.types import UNSET
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.lifecycle.model.actions import (
    CancelProcessing,
    CancelRunsScope,
    CreateNewVersion,
)
from ostiary.lifecycle.model.workflows import Task, Workflow
from ostiary.lifecycle.routes import unserved
from ostiary.lifecycle.routes.activation import activations, task_trial
from ostiary.lifecycle.routes.results import (
    Below,
    people,
    runs,
    subjects,
    task_reports,
    task_results,
)
from ostiary.lifecycle.service import Lifecycle, Runs, Workflows
from ostiary.lifecycle.sources import configured
from ostiary.lifecycle.sources.execution_scope import EXECUTION_SCOPE
from ostiary.lifecycle.sources.results import TASKS
from ostiary.lifecycle.tables import task_processing_results, workflow_versions

NAMESPACE = "microsoft.graph.identityGovernance"

_READ = requires(matrix.LW_WORKFLOWS_READ)
_DETAILS = requires(matrix.LW_DETAILS_READ)
_WRITE = requires(matrix.LW_WRITE)


@dataclass(frozen=True, slots=True)
class _Handlers:
    workflows: Workflows
    runs: Runs

    async def create(self, call: Call) -> Workflow:
        """POST …/workflows"""
        actor = principal(call).actor()
        return await self.workflows.create(call.create(Workflow), now=call.now, actor=actor)

    async def update(self, call: Call) -> Workflow:
        """PATCH …/workflows/{id}"""
        actor = principal(call).actor()
        return await self.workflows.update(_id(call), call.merge, now=call.now, actor=actor)

    async def delete(self, call: Call) -> None:
        """DELETE …/workflows/{id}"""
        await self.workflows.delete(_id(call), now=call.now, actor=principal(call).actor())

    async def update_task(self, call: Call) -> Task:
        """PATCH …/workflows/{id}/tasks/{id}"""
        return await self.workflows.update_task(
            _id(call),
            call.key("tasks").lower(),
            call.merge,
            now=call.now,
            actor=principal(call).actor(),
        )

    async def create_version(self, call: Call) -> Workflow:
        """POST …/workflows/{id}/createNewVersion, wrapped or bare"""
        draft, path = _drafted_version(call)
        actor = principal(call).actor()
        return await self.workflows.create_version(
            _id(call), draft, path=path, now=call.now, actor=actor
        )

    async def clear_quarantine(self, call: Call) -> Workflow:
        """POST …/workflows/{id}/clearQuarantine"""
        actor = principal(call).actor()
        return await self.workflows.clear_quarantine(_id(call), now=call.now, actor=actor)

    async def cancel(self, call: Call) -> None:
        """POST …/workflows/{id}/cancelProcessing"""
        scope = call.parameters(CancelProcessing).scope
        named = scope.runs if isinstance(scope, CancelRunsScope) else UNSET
        ids = [run.id for run in named or []]
        await self.runs.cancel(_id(call), ids, now=call.now, actor=principal(call).actor())


def workflows(lifecycle: Lifecycle) -> EntitySet:
    """Declare ``workflows``."""
    handlers = _Handlers(lifecycle.workflows, lifecycle.runs)
    below = Below(lifecycle)
    return EntitySet(
        name="workflows",
        unserved=unserved.WORKFLOWS,
        source=configured.WORKFLOWS,
        read=_READ,
        create=Endpoint(_WRITE, handlers.create),
        update=Endpoint(_WRITE, handlers.update),
        delete=Endpoint(_WRITE, handlers.delete),
        children=(
            _tasks(lifecycle, handlers),
            execution_scope(),
            versions(below),
            runs(below),
            people(below),
            subjects(below),
            task_reports(below),
        ),
        operations=(*_operations(handlers), *activations(lifecycle)),
    )


def _tasks(lifecycle: Lifecycle, handlers: _Handlers) -> EntitySet:
    """The tasks of the current version; they change by new versions only."""
    results = task_results(Below(lifecycle), within=task_processing_results.c.task_id)
    return EntitySet(
        name="tasks",
        source=TASKS,
        link="tasks",
        read=_DETAILS,
        update=Endpoint(_WRITE, handlers.update_task),
        children=(results,),
        operations=(task_trial(lifecycle),),
    )


def execution_scope() -> EntitySet:
    """Declare ``executionScope`` below a workflow."""
    return EntitySet(
        name="executionScope", source=EXECUTION_SCOPE, link="execution_scope", read=_DETAILS
    )


def versions(below: Below) -> EntitySet:
    """Declare ``versions`` below a workflow; see ``task_results``."""
    results = task_results(below, within=task_processing_results.c.task_id)
    tasks = EntitySet(name="tasks", source=TASKS, link="tasks", read=_DETAILS, children=(results,))
    return EntitySet(
        name="versions",
        source=configured.VERSIONS,
        within=workflow_versions.c.workflow_id,
        read=_DETAILS,
        children=(tasks,),
    )


def _operations(handlers: _Handlers) -> tuple[Operation, ...]:
    return (
        Operation(
            name="cancelProcessing",
            kind="action",
            namespace=NAMESPACE,
            needs=_WRITE,
            handle=handlers.cancel,
            parameters=CancelProcessing,
        ),
        Operation(
            name="createNewVersion",
            kind="action",
            namespace=NAMESPACE,
            needs=_WRITE,
            handle=handlers.create_version,
            parameters=CreateNewVersion,
            returns=Workflow,
        ),
        Operation(
            name="clearQuarantine",
            kind="action",
            namespace=NAMESPACE,
            needs=_WRITE,
            handle=handlers.clear_quarantine,
            returns=Workflow,
        ),
    )


def _id(call: Call) -> str:
    return call.key("workflows").lower()


def _drafted_version(call: Call) -> tuple[Workflow, str]:
    try:
        return call.parameters(CreateNewVersion).workflow, "workflow/"
    except InvalidModel as error:
        if (error.target or "").startswith("workflow"):
            raise
    return call.create(Workflow), ""

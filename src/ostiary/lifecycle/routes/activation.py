"""Actions that start a workflow, for real or to show what it would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from ostiary.directory.model import User
from ostiary.graph.errors import InvalidModel
from ostiary.graph.resources import Call, Operation
from ostiary.graph.types import UNSET, Complex, Nav, UnsetType
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.lifecycle.model.actions import (
    Activate,
    ActivateWithScope,
    PreviewFailedTask,
    PreviewWorkflow,
)
from ostiary.lifecycle.model.subjects import ActivateAndWait, AwaitedWorkflowProcessingResult
from ostiary.lifecycle.model.workflows import ActivateUserScope, ActivationScope
from ostiary.lifecycle.service import Activating, Awaiting, Lifecycle, Previewing
from ostiary.lifecycle.service.previewing import Trial

NAMESPACE = "microsoft.graph.identityGovernance"

_DETAILS = requires(matrix.LW_DETAILS_READ)
_WRITE = requires(matrix.LW_WRITE)
_ACTIVATE = requires(matrix.LW_ACTIVATE)


class RunForSubject(Complex, kw_only=True):
    """``task/runForSubject``, which is ours: one person, for real or as a preview."""

    subject: Annotated[User | UnsetType, Nav()] = UNSET
    preview: bool = False


@dataclass(frozen=True, slots=True)
class _Handlers:
    activating: Activating
    awaiting: Awaiting
    previewing: Previewing

    async def activate(self, call: Call) -> None:
        """POST …/workflows/{id}/activate"""
        subjects = call.parameters(Activate).subjects or []
        ids = [subject.id for subject in subjects]
        await self.activating.activate(_id(call), ids, now=call.now, actor=principal(call).actor())

    async def activate_and_wait(self, call: Call) -> AwaitedWorkflowProcessingResult:
        """POST …/workflows/{id}/activateAndWait"""
        subject, actor = call.parameters(ActivateAndWait).subject, principal(call).actor()
        return await self.awaiting.activate(_id(call), subject, now=call.now, actor=actor)

    async def activate_with_scope(self, call: Call) -> None:
        """POST …/workflows/{id}/activateWithScope"""
        scope, actor = _scope(call), principal(call).actor()
        await self.activating.activate_with_scope(_id(call), scope, now=call.now, actor=actor)

    async def preview(self, call: Call) -> None:
        """POST …/workflows/{id}/previewWorkflow"""
        subjects = call.parameters(PreviewWorkflow).subjects or []
        ids, actor = [subject.id for subject in subjects], principal(call).actor()
        await self.activating.preview(_id(call), ids, now=call.now, actor=actor)

    async def preview_failures(self, call: Call) -> list[PreviewFailedTask]:
        """POST …/workflows/{id}/previewTaskFailures"""
        return await self.previewing.failures(_id(call))

    async def run_task(self, call: Call) -> Trial:
        """POST …/workflows/{id}/tasks/{id}/runForSubject"""
        body, task_id = call.parameters(RunForSubject), call.key("tasks").lower()
        if body.subject is UNSET or not body.subject.id:
            raise InvalidModel("The property 'subject' must name a user by 'id'.", target="subject")
        result_id = await self.activating.run_task(
            _id(call),
            task_id,
            body.subject.id,
            is_preview=body.preview,
            now=call.now,
            actor=principal(call).actor(),
        )
        return await self.previewing.trial(result_id, workflow_id=_id(call), base_url=call.base_url)


def activations(lifecycle: Lifecycle) -> tuple[Operation, ...]:
    """Declare the actions of a workflow."""
    handlers = _Handlers(lifecycle.activating, lifecycle.awaiting, lifecycle.previewing)
    return (
        Operation(
            name="activate",
            kind="action",
            namespace=NAMESPACE,
            needs=_ACTIVATE,
            handle=handlers.activate,
            parameters=Activate,
        ),
        Operation(
            name="activateAndWait",
            kind="action",
            namespace=NAMESPACE,
            needs=_ACTIVATE,
            handle=handlers.activate_and_wait,
            parameters=ActivateAndWait,
            returns=AwaitedWorkflowProcessingResult,
        ),
        Operation(
            name="activateWithScope",
            kind="action",
            namespace=NAMESPACE,
            needs=_ACTIVATE,
            handle=handlers.activate_with_scope,
            parameters=ActivateWithScope,
        ),
        Operation(
            name="previewWorkflow",
            kind="action",
            namespace=NAMESPACE,
            needs=_WRITE,
            handle=handlers.preview,
            parameters=PreviewWorkflow,
        ),
        Operation(
            name="previewTaskFailures",
            kind="action",
            namespace=NAMESPACE,
            needs=_DETAILS,
            handle=handlers.preview_failures,
            returns=PreviewFailedTask,
            many=True,
            also_get=True,
        ),
    )


def task_trial(lifecycle: Lifecycle) -> Operation:
    """Declare the action that runs a single task for one person."""
    handlers = _Handlers(lifecycle.activating, lifecycle.awaiting, lifecycle.previewing)
    return Operation(
        name="runForSubject",
        kind="action",
        namespace="ostiary",
        needs=_ACTIVATE,
        handle=handlers.run_task,
        parameters=RunForSubject,
        returns=Trial,
        in_schema=False,
    )


def _id(call: Call) -> str:
    return call.key("workflows").lower()


def _scope(call: Call) -> ActivationScope:
    """Read the scope; a body with ``subjects`` in its place means those people."""
    try:
        return call.parameters(ActivateWithScope).scope
    except InvalidModel as error:
        if error.target != "subjects":
            raise
    return ActivateUserScope(users=call.parameters(Activate).subjects or [])

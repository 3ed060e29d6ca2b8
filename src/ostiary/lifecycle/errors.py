"""Refusals of lifecycle workflows, with their codes."""

from __future__ import annotations

from ostiary.graph.errors import BadRequest, Conflict, NotAcceptable


class InvalidRule(BadRequest):
    """The rule of a scope does not parse, or asks for what no rule may ask for."""

    code = "invalidRule"
    message = "The rule is not valid."


class InvalidTrigger(BadRequest):
    """Trigger, scope and category of a workflow do not fit together."""

    code = "invalidTrigger"
    message = "The trigger is not valid."


class InvalidTask(BadRequest):
    """A task names what does not exist, or says what its definition does not allow."""

    code = "invalidTask"
    message = "The task is not valid."


class InvalidOperation(BadRequest):
    """The operation is not offered on this object in this way."""

    code = "invalidOperation"
    message = "The operation is not allowed."


class WorkflowDisabled(BadRequest):
    """A disabled workflow is not run for anybody."""

    code = "workflowDisabled"
    message = "The workflow is disabled: set 'isEnabled' to true before it is activated."


class WorkflowQuarantined(BadRequest):
    """An execution limit holds the workflow back."""

    code = "workflowQuarantined"
    message = "The workflow is quarantined: look at it, then use clearQuarantine."


class UnknownPeople(NotAcceptable):
    """A scope names people who do not exist."""

    code = "notAcceptable"
    message = "The scope names users who do not exist."


class RunNotCancelable(BadRequest):
    """Only a run that is queued or in progress can be canceled."""

    code = "runNotCancelable"
    message = "The run is neither queued nor in progress."


class TaskProcessingResultNotInProgress(BadRequest):
    """Only a task that waits can be resumed."""

    code = "taskProcessingResultNotInProgress"
    message = "The task processing result is not in progress, so it cannot be resumed."


class LimitExceeded(BadRequest):
    """There are as many of these as there may be."""

    code = "limitExceeded"
    message = "The limit is reached."


class NameTaken(Conflict):
    """Another object of this kind has the displayName."""

    code = "conflict"
    message = "The displayName is in use."


class ExtensionInUse(Conflict):
    """A task of some workflow runs the extension."""

    code = "conflict"
    message = "The custom task extension is in use."


def version_bound(name: str) -> InvalidOperation:
    """Make the refusal to change by PATCH what only a new version may change."""
    head, *rest = name.split("_")
    spelled = head + "".join(part.title() for part in rest)
    return InvalidOperation(
        f"The property '{spelled}' cannot be changed by PATCH: use createNewVersion.",
        target=spelled,
    )

"""Enumerations as published, with the numbers of the schema.

Members that stand after ``unknownFutureValue`` are sent as they are, but for those that a class
lists in ``GATED``: they need ``Prefer: include-unknown-enum-members``.
"""

from __future__ import annotations

from enum import nonmember

from ostiary.graph.types import EdmEnum

NAMESPACE = "microsoft.graph.identityGovernance"


class LifecycleWorkflowCategory(EdmEnum):
    """Which part of somebody's time in the organisation a workflow is for."""

    JOINER = "joiner", 0
    LEAVER = "leaver", 1
    UNKNOWN = "unknownFutureValue", 2
    MOVER = "mover", 3
    EXTENSIBILITY = "extensibility", 4
    """For subjects of other systems: see ``activateAndWait``."""

    GATED = nonmember(("extensibility",))


class LifecycleTaskCategory(EdmEnum):
    """The kinds of workflow that a task may stand in: flags, joined by commas in this order."""

    IS_FLAGS = nonmember(True)

    JOINER = "joiner", 1
    LEAVER = "leaver", 2
    UNKNOWN = "unknownFutureValue", 4
    MOVER = "mover", 8


class LifecycleWorkflowProcessingStatus(EdmEnum):
    """Where a run, a person of it, or one task of that person stands."""

    QUEUED = "queued", 0
    """Waits its turn; always the first state."""

    IN_PROGRESS = "inProgress", 1
    """Runs, or waits for a callback."""

    COMPLETED = "completed", 2
    """Everything below it succeeded."""

    COMPLETED_WITH_ERRORS = "completedWithErrors", 3
    """Something below it failed, and something else did not. Never the state of a single task."""

    CANCELED = "canceled", 4
    """Stopped before it could end by itself."""

    FAILED = "failed", 5
    """The task failed; the person's tasks were stopped by a failure; everybody's were."""

    UNKNOWN = "unknownFutureValue", 6

    CANCELING = "canceling", 7
    """A run that was asked to stop and still has people under way."""

    QUARANTINED = "quarantined", 8
    """A scheduled run that an execution limit holds back."""

    GATED = nonmember(("canceling", "quarantined"))


class WorkflowExecutionType(EdmEnum):
    """What started a run."""

    SCHEDULED = "scheduled", 0
    ON_DEMAND = "onDemand", 1
    UNKNOWN = "unknownFutureValue", 2
    ACTIVATED_WITH_SCOPE = "activatedWithScope", 3
    PREVIEW = "preview", 4
    EXTENSIBILITY_ON_DEMAND = "extensibilityOnDemand", 5

    GATED = nonmember(("extensibilityOnDemand",))
    ALSO = nonmember({"previewmode": "preview"})


class WorkflowTriggerTimeBasedAttribute(EdmEnum):
    """The date of a person that a time-based trigger counts from."""

    EMPLOYEE_HIRE_DATE = "employeeHireDate", 0
    EMPLOYEE_LEAVE_DATE_TIME = "employeeLeaveDateTime", 1
    UNKNOWN = "unknownFutureValue", 2
    CREATED_DATE_TIME = "createdDateTime", 3


class MembershipChangeType(EdmEnum):
    """Whether a person came into a group of the scope or left it."""

    ADD = "add", 1
    REMOVE = "remove", 2
    UNKNOWN = "unknownFutureValue", 3


class WorkflowExecutionTriggerEventTiming(EdmEnum):
    """On which side of the event an offset lies."""

    BEFORE = "before", 0
    AFTER = "after", 1
    ON = "on", 2
    UNKNOWN = "unknownFutureValue", 3


class SubjectType(EdmEnum):
    """What a workflow, or a result of one, is about."""

    IS_FLAGS = nonmember(True)

    USER = "user", 1
    UNKNOWN = "unknownFutureValue", 2
    PROVISIONING_OBJECT = "provisioningObject", 4

    GATED = nonmember(("provisioningObject",))


class ValueType(EdmEnum):
    """What kind of text a parameter of a task definition takes."""

    ENUM = "enum", 0
    STRING = "string", 1
    INT = "int", 2
    BOOL = "bool", 3
    UNKNOWN = "unknownFutureValue", 4


class ActivationTaskScopeType(EdmEnum):
    """Which tasks a reprocessing repeats."""

    ALL_TASKS = "allTasks", 0
    FAILED_TASKS = "failedTasks", 1
    UNKNOWN = "unknownFutureValue", 2


class ActivationUserScopeType(EdmEnum):
    """Which people a reprocessing repeats."""

    ALL_USERS = "allUsers", 0
    FAILED_USERS = "failedUsers", 1
    UNKNOWN = "unknownFutureValue", 2


class CustomTaskExtensionOperationStatus(EdmEnum):
    """How the work behind a custom task extension ended."""

    COMPLETED = "completed", 0
    FAILED = "failed", 1
    UNKNOWN = "unknownFutureValue", 2


class CustomTaskExtensionReplyMode(EdmEnum):
    """How a custom task extension says that its work is done."""

    NONE = "none", 0
    """Not at all: the task has ended when the endpoint has taken the call."""

    CALLBACK = "callback", 1
    """By a call of its own, later."""

    RESPONSE = "response", 2
    """By the body of its reply."""

    UNKNOWN = "unknownFutureValue", 3


class MatchMode(EdmEnum):
    """Whether one condition of an execution limit is enough."""

    ANY = "any", 0
    ALL = "all", 1
    UNKNOWN = "unknownFutureValue", 2


class QuarantineType(EdmEnum):
    """Why a workflow is held back."""

    NOT_QUARANTINED = "notQuarantined", 0
    COUNT_BASED_THRESHOLD_EXCEEDED = "countBasedThresholdExceeded", 1
    PERCENTAGE_BASED_THRESHOLD_EXCEEDED = "percentageBasedThresholdExceeded", 2
    MULTIPLE_CONDITIONS_EXCEEDED = "multipleConditionsExceeded", 3
    UNKNOWN = "unknownFutureValue", 4

"""Custom task extensions and what goes over the wire with them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import field

from ostiary.directory.model import Application, User
from ostiary.extensions.model import (
    CustomCalloutExtension,
    CustomExtensionCallbackConfiguration,
    CustomExtensionData,
)
from ostiary.graph.types import UNSET, Complex, Nav, ReadOnly, UnsetType
from ostiary.lifecycle.model.enums import (
    CustomTaskExtensionOperationStatus,
    CustomTaskExtensionReplyMode,
)
from ostiary.lifecycle.model.subjects import WorkflowSubject
from ostiary.lifecycle.model.workflows import Task, TaskProcessingResult, Workflow

NAMESPACE = "microsoft.graph.identityGovernance"


class CustomTaskExtensionCallbackConfiguration(CustomExtensionCallbackConfiguration, kw_only=True):
    """How long to wait, and which applications may resume without any permission."""

    authorized_apps: Annotated[list[Application] | UnsetType, Nav()] = UNSET


class CustomTaskExtension(CustomCalloutExtension, kw_only=True):
    """An endpoint that a task of a workflow calls. With a callback configuration the task waits."""

    callback_configuration: CustomExtensionCallbackConfiguration | None = None
    reply_mode: CustomTaskExtensionReplyMode | UnsetType = UNSET
    """Follows from the callback configuration where nobody says it."""
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    last_modified_date_time: Annotated[datetime | None, ReadOnly] = None
    created_by: Annotated[User | UnsetType | None, Nav(), ReadOnly] = UNSET
    last_modified_by: Annotated[User | UnsetType | None, Nav(), ReadOnly] = UNSET


class CustomTaskExtensionCalloutData(CustomExtensionData, kw_only=True):
    """What the endpoint is told, as the schema shapes it; the wire form differs."""

    subject: Annotated[User | UnsetType, Nav()] = UNSET
    task: Annotated[Task | UnsetType, Nav()] = UNSET
    task_processingresult: Annotated[TaskProcessingResult | UnsetType, Nav()] = UNSET
    workflow: Annotated[Workflow | UnsetType, Nav()] = UNSET
    target_subject: WorkflowSubject | None = None


class CustomTaskExtensionCallbackData(CustomExtensionData, kw_only=True):
    """How the endpoint's work ended."""

    operation_status: CustomTaskExtensionOperationStatus
    target_subject: WorkflowSubject | None = None
    """What the work has made of a subject that is in no directory."""


class CustomTaskExtensionResponseData(CustomExtensionData, kw_only=True):
    """How the endpoint's work ended, said in its reply."""

    operation_status: CustomTaskExtensionOperationStatus
    status_reasons: list[str] = field(default_factory=list)
    target_subject: WorkflowSubject | None = None


class Resume(Complex, kw_only=True):
    """``taskProcessingResult/resume``."""

    source: str | None = None
    type: str | None = None
    data: CustomTaskExtensionCallbackData

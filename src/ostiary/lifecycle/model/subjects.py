"""Whom or what a workflow is run for: people of the directory, or objects of other systems."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import field

from ostiary.directory.model import DirectoryObject
from ostiary.graph.types import UNSET, Complex, Nav, UnsetType
from ostiary.lifecycle.model.enums import LifecycleWorkflowProcessingStatus

NAMESPACE = "microsoft.graph.identityGovernance"


class WorkflowSubject(Complex, kw_only=True):
    """Somebody or something that a workflow is run for."""

    ABSTRACT: ClassVar[bool] = True


class AttributeSetEntry(Complex, kw_only=True):
    """One attribute of an object of another system."""

    name: str
    value: str | None = None


class ProvisioningObjectWorkflowSubject(WorkflowSubject, kw_only=True):
    """An object of another system, with its attributes."""

    id: str
    attribute_set_entries: list[AttributeSetEntry] = field(default_factory=list)


class DirectoryObjectWorkflowSubject(WorkflowSubject, kw_only=True):
    """Somebody of the directory, by either id; both are sent."""

    id: str | None = None
    directory_object: Annotated[DirectoryObject | UnsetType | None, Nav()] = UNSET


class ActivateAndWait(Complex, kw_only=True):
    """``workflow/activateAndWait``."""

    subject: WorkflowSubject


class AwaitedWorkflowProcessingResult(Complex, kw_only=True):
    """How the run ended, and what its tasks made of the subject."""

    processing_status: LifecycleWorkflowProcessingStatus
    status_reasons: list[str] = field(default_factory=list)
    subject: WorkflowSubject | None = None

"""Bodies of the actions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ostiary.directory.model import DirectoryObject, User
from ostiary.graph.types import UNSET, Complex, Nav, UnsetType
from ostiary.lifecycle.model.workflows import ActivationScope, Run, Workflow

NAMESPACE = "microsoft.graph.identityGovernance"


class Activate(Complex, kw_only=True):
    """``workflow/activate``: the people to run the workflow for, now."""

    subjects: Annotated[list[User] | UnsetType, Nav()] = UNSET


class ActivateWithScope(Complex, kw_only=True):
    """``workflow/activateWithScope``."""

    scope: ActivationScope


class PreviewWorkflow(Complex, kw_only=True):
    """``workflow/previewWorkflow``: the people to show the workflow's effect on."""

    subjects: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET


class PreviewFailedTask(Complex, kw_only=True):
    """A task that would fail for everybody, and why."""

    name: str
    task_id: str
    definition_id: str
    failure_reason: str


class CancelScope(Complex, kw_only=True):
    """What a cancellation is about."""

    ABSTRACT: ClassVar[bool] = True

    @classmethod
    def infer_type(cls, names: set[str]) -> type[CancelScope] | None:
        """Tell by its members what a scope without ``@odata.type`` is: there is one kind only."""
        return CancelRunsScope if "runs" in names else None


class CancelRunsScope(CancelScope, kw_only=True):
    """Runs, named by their ids: one in each request."""

    runs: Annotated[list[Run] | UnsetType, Nav()] = UNSET


class CancelProcessing(Complex, kw_only=True):
    """``workflow/cancelProcessing``."""

    scope: CancelScope


class CreateNewVersion(Complex, kw_only=True):
    """``workflow/createNewVersion`` in its documented, wrapped form."""

    workflow: Workflow

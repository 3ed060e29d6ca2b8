"""Bodies of the actions."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ostiary.directory.model import User
from ostiary.graph.types import UNSET, Complex, Nav, UnsetType
from ostiary.lifecycle.model.workflows import Run, Workflow

NAMESPACE = "microsoft.graph.identityGovernance"


class Activate(Complex, kw_only=True):
    """``workflow/activate``: the people to run the workflow for, now."""

    subjects: Annotated[list[User] | UnsetType, Nav()] = UNSET


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

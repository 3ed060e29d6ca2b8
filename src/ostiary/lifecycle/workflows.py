"""Workflows: what may be stored, and what PATCH may change."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec import UNSET

from ostiary.graph.errors import InvalidModel, NotSupported
from ostiary.lifecycle.conditions import check_conditions, check_known, check_schedule, pruned
from ostiary.lifecycle.errors import InvalidOperation, version_bound
from ostiary.lifecycle.limits import check_limit
from ostiary.lifecycle.model import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model import WorkflowExecutionConditions
from ostiary.lifecycle.model.definitions import QuarantineConfiguration
from ostiary.lifecycle.model.enums import SubjectType
from ostiary.lifecycle.model.workflows import Workflow
from ostiary.lifecycle.texts import check_texts
from ostiary.lifecycle.workflow_tasks import NewTask, admitted_tasks


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWorkflow:
    """A workflow, or a version of one, that may be stored."""

    category: Category
    display_name: str
    description: str | None
    is_enabled: bool
    is_scheduling_enabled: bool
    conditions: WorkflowExecutionConditions
    tasks: tuple[NewTask, ...]
    limit: QuarantineConfiguration | None = None


def admitted(draft: Workflow, *, path: str = "") -> NewWorkflow:
    """Check a whole workflow. ``path`` leads to it in the body, and ends with a slash.

    :raises InvalidModel, InvalidTrigger, InvalidRule: see ``conditions.check_conditions``.
    :raises InvalidTask: see ``admitted_tasks``.
    :raises InvalidOperation: the schedule is on where it cannot be.
    :raises NotSupported: it has limits or a scope that this server cannot keep.
    """
    check_known(draft.category, f"{path}category")
    check_texts(draft.display_name, draft.description, path=path)
    conditions = check_conditions(
        draft.execution_conditions, category=draft.category, path=f"{path}executionConditions"
    )
    check_schedule(
        conditions,
        is_enabled=draft.is_enabled,
        is_scheduling_enabled=draft.is_scheduling_enabled,
    )
    _check_subjects(draft, path)
    limit = draft.settings.quarantine_configuration
    check_limit(limit, path=f"{path}settings/quarantineConfiguration")
    _refuse_units(draft, path)
    return NewWorkflow(
        category=draft.category,
        display_name=draft.display_name,
        description=draft.description,
        is_enabled=draft.is_enabled,
        is_scheduling_enabled=draft.is_scheduling_enabled,
        conditions=conditions,
        limit=limit,
        tasks=admitted_tasks(draft.tasks, category=draft.category, path=f"{path}tasks"),
    )


def check_patch(before: Workflow, after: Workflow) -> None:
    """Check what PATCH would make of a workflow.

    :raises InvalidOperation: it changes what only a new version may change.
    :raises InvalidModel: a text is empty or too long.
    """
    conditions = after.execution_conditions
    if isinstance(conditions, WorkflowExecutionConditions):
        conditions = pruned(conditions)
    if conditions != before.execution_conditions:
        raise version_bound("execution_conditions")
    if before.category != after.category:
        raise InvalidOperation(
            f"The category of the workflow is '{before.category.value}' for ever.",
            target="category",
        )
    if after.tasks is not UNSET and after.tasks != before.tasks:
        raise version_bound("tasks")
    _check_subjects(after, "")
    _refuse_units(after, "")
    check_limit(after.settings.quarantine_configuration, path="settings/quarantineConfiguration")
    check_texts(after.display_name, after.description)
    if isinstance(conditions, WorkflowExecutionConditions):
        check_schedule(
            conditions,
            is_enabled=after.is_enabled,
            is_scheduling_enabled=after.is_scheduling_enabled,
        )


def subjects_of(category: Category) -> SubjectType:
    """Say what workflows of a category are run for."""
    for_others = category is Category.EXTENSIBILITY
    return SubjectType.PROVISIONING_OBJECT if for_others else SubjectType.USER


def _check_subjects(draft: Workflow, path: str) -> None:
    wanted = subjects_of(draft.category)
    if draft.target_subject_type not in (UNSET, wanted):
        here = f"{path}targetSubjectType"
        raise InvalidModel(
            f"The property '{here}' must be '{wanted.value}' for a workflow of the category "
            f"'{draft.category.value}'.",
            target=here,
        )


def _refuse_units(draft: Workflow, path: str) -> None:
    """A scope that would be kept and not applied is worse than none."""
    if draft.administration_scope_targets not in (UNSET, []):
        raise NotSupported(
            "There are no administrative units in this directory, so nobody can be limited to one: "
            f"leave '{path}administrationScopeTargets' out.",
            target=f"{path}administrationScopeTargets",
        )

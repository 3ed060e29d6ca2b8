"""Workflows with their versions and tasks, and what happened in their runs.

They stand together because they name each other: a task has results, and a result shows its task.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import field

from ostiary.directory.model import DirectoryObject, Group, User
from ostiary.graph.types import UNSET, Also, Complex, Entity, Nav, ReadOnly, UnsetType
from ostiary.lifecycle.model.conditions import WorkflowExecutionConditions
from ostiary.lifecycle.model.definitions import (
    QuarantineDetails,
    TaskDefinition,
    WorkflowSetting,
)
from ostiary.lifecycle.model.enums import (
    ActivationTaskScopeType,
    ActivationUserScopeType,
    LifecycleTaskCategory,
    LifecycleWorkflowCategory,
    LifecycleWorkflowProcessingStatus,
    SubjectType,
    WorkflowExecutionType,
)
from ostiary.lifecycle.model.shared import KeyValuePair
from ostiary.lifecycle.model.subjects import WorkflowSubject

NAMESPACE = "microsoft.graph.identityGovernance"


class Task(Entity, kw_only=True):
    """One step of one version of a workflow. Arguments are kept as the catalogue spells them."""

    task_definition_id: str
    display_name: str
    description: str | None = None
    is_enabled: bool = True
    continue_on_error: bool = False
    """True: go on with the next task after this one failed. False: stop for this person."""
    arguments: list[KeyValuePair] = field(default_factory=list)
    category: Annotated[LifecycleTaskCategory | UnsetType, ReadOnly] = UNSET
    execution_sequence: Annotated[int, ReadOnly] = 0
    task_processing_results: Annotated[
        list[TaskProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET


class WorkflowBase(Entity, kw_only=True):
    """What a workflow and each of its versions have in common."""

    ABSTRACT: ClassVar[bool] = True

    category: LifecycleWorkflowCategory
    display_name: str
    description: str | None = None
    is_enabled: bool = True
    is_scheduling_enabled: bool = False
    execution_conditions: WorkflowExecutionConditions | UnsetType | None = UNSET
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    last_modified_date_time: Annotated[datetime | None, ReadOnly] = None
    created_by: Annotated[User | UnsetType | None, Nav(), ReadOnly] = UNSET
    last_modified_by: Annotated[User | UnsetType | None, Nav(), ReadOnly] = UNSET
    administration_scope_targets: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    tasks: Annotated[list[Task] | UnsetType, Nav(contained=True)] = UNSET


class Workflow(WorkflowBase, kw_only=True):
    """Tasks that run in order for people, on conditions or on demand."""

    version: Annotated[int | None, ReadOnly] = None
    deleted_date_time: Annotated[datetime | None, ReadOnly] = None
    next_schedule_run_date_time: Annotated[datetime | None, ReadOnly] = None
    settings: WorkflowSetting = field(default_factory=WorkflowSetting)
    target_subject_type: SubjectType | UnsetType = UNSET
    """What it is run for: this follows from the category."""
    quarantine_details: Annotated[QuarantineDetails, ReadOnly] = field(
        default_factory=QuarantineDetails
    )
    execution_scope: Annotated[list[UserProcessingResult] | UnsetType, Nav()] = UNSET
    preview_scope: Annotated[list[DirectoryObject] | UnsetType, Nav()] = UNSET
    runs: Annotated[list[Run] | UnsetType, Nav(contained=True)] = UNSET
    task_reports: Annotated[list[TaskReport] | UnsetType, Nav(contained=True)] = UNSET
    user_processing_results: Annotated[
        list[UserProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET
    subject_processing_results: Annotated[
        list[SubjectProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET
    versions: Annotated[list[WorkflowVersion] | UnsetType, Nav(contained=True)] = UNSET


class WorkflowVersion(WorkflowBase, kw_only=True):
    """A workflow as it was while this was its version."""

    version_number: Annotated[int, ReadOnly] = 0
    settings: WorkflowSetting = field(default_factory=WorkflowSetting)


class WorkflowTemplate(Entity, kw_only=True):
    """A workflow to start from; the catalogue is fixed, and its tasks are always shown."""

    category: LifecycleWorkflowCategory
    display_name: str
    description: str | None = None
    execution_conditions: WorkflowExecutionConditions | None = None
    tasks: Annotated[list[Task] | UnsetType, Nav(contained=True)] = UNSET


class ActivationScope(Complex, kw_only=True):
    """Whom a workflow is run for, and which of its tasks."""

    ABSTRACT: ClassVar[bool] = True


class ActivateRunScope(ActivationScope, kw_only=True):
    """The people of an earlier run, all or those for whom something failed."""

    task_scope: ActivationTaskScopeType
    user_scope: ActivationUserScopeType
    run: Annotated[Run | UnsetType, Nav()] = UNSET


class ActivateProcessingResultScope(ActivationScope, kw_only=True):
    """The people behind results of earlier runs."""

    task_scope: ActivationTaskScopeType
    processing_results: Annotated[list[UserProcessingResult], Nav()] = field(default_factory=list)


class ActivateUserScope(ActivationScope, kw_only=True):
    """These people."""

    users: Annotated[list[User], Nav()] = field(default_factory=list)


class ActivateGroupScope(ActivationScope, kw_only=True):
    """The people who are direct members of a group."""

    group: Annotated[Group | UnsetType, Nav()] = UNSET


class Run(Entity, kw_only=True):
    """One execution of a workflow for some people."""

    processing_status: LifecycleWorkflowProcessingStatus
    workflow_execution_type: WorkflowExecutionType
    scheduled_date_time: datetime
    started_date_time: datetime | None = None
    completed_date_time: datetime | None = None
    last_updated_date_time: datetime | None = None
    total_users_count: int
    successful_users_count: int
    failed_users_count: int
    total_tasks_count: Annotated[int, Also("totalTasksCounts")]
    failed_tasks_count: int
    total_unprocessed_tasks_count: int
    activated_on_scope: ActivationScope | None = None
    reprocessed_runs: Annotated[list[Run] | UnsetType, Nav()] = UNSET
    user_processing_results: Annotated[
        list[UserProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET
    subject_processing_results: Annotated[
        list[SubjectProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET
    task_processing_results: Annotated[
        list[TaskProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET


class UserProcessingResult(Entity, kw_only=True):
    """What one run did for one person."""

    processing_status: LifecycleWorkflowProcessingStatus
    workflow_execution_type: WorkflowExecutionType
    workflow_version: int
    scheduled_date_time: datetime
    started_date_time: datetime | None = None
    completed_date_time: datetime | None = None
    total_tasks_count: int
    failed_tasks_count: int
    total_unprocessed_tasks_count: int
    subject: Annotated[User | UnsetType, Nav()] = UNSET
    reprocessed_runs: Annotated[list[Run] | UnsetType, Nav()] = UNSET
    task_processing_results: Annotated[
        list[TaskProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET


class SubjectProcessingResult(Entity, kw_only=True):
    """What one run did for one subject, whether it is in the directory or not."""

    processing_status: LifecycleWorkflowProcessingStatus
    workflow_execution_type: WorkflowExecutionType
    workflow_version: int
    scheduled_date_time: datetime
    started_date_time: datetime | None = None
    completed_date_time: datetime | None = None
    total_tasks_count: int
    failed_tasks_count: int
    total_unprocessed_tasks_count: int
    subject: WorkflowSubject
    subject_type: SubjectType
    reprocessed_runs: Annotated[list[Run] | UnsetType, Nav()] = UNSET
    task_processing_results: Annotated[
        list[TaskProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET


class TaskProcessingResult(Entity, kw_only=True):
    """One task of one person in one run: the thing that waits and is resumed."""

    created_date_time: datetime
    started_date_time: datetime | None = None
    completed_date_time: datetime | None = None
    processing_status: LifecycleWorkflowProcessingStatus
    failure_reason: str | None = None
    processing_info: str | None = None
    subject: Annotated[User | UnsetType, Nav()] = UNSET
    workflow_subject: WorkflowSubject | UnsetType | None = UNSET
    """What the task was for, where that is nobody of the directory."""
    task: Annotated[Task | UnsetType, Nav()] = UNSET


class TaskReport(Entity, kw_only=True):
    """One task of one run over all its people."""

    run_id: str | None = None
    processing_status: LifecycleWorkflowProcessingStatus
    started_date_time: datetime | None = None
    completed_date_time: datetime | None = None
    last_updated_date_time: datetime
    total_users_count: int
    successful_users_count: int
    failed_users_count: int
    unprocessed_users_count: int
    task: Annotated[Task | UnsetType, Nav()] = UNSET
    task_definition: Annotated[TaskDefinition | UnsetType, Nav()] = UNSET
    subject_processing_results: Annotated[list[SubjectProcessingResult] | UnsetType, Nav()] = UNSET
    task_processing_results: Annotated[
        list[TaskProcessingResult] | UnsetType, Nav(contained=True)
    ] = UNSET

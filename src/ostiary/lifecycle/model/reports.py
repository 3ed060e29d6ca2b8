"""Sums over many runs: summaries of one workflow, and insights into all of them."""

from __future__ import annotations

from datetime import datetime

from ostiary.graph.types import Complex, Entity
from ostiary.lifecycle.model.enums import LifecycleWorkflowCategory

NAMESPACE = "microsoft.graph.identityGovernance"


class Window(Complex, kw_only=True):
    """The arguments of every summary: from an instant on, and until another, exclusive."""

    start_date_time: datetime
    end_date_time: datetime


class RunSummary(Complex, kw_only=True):
    """Runs of a workflow. A run with errors counts as failed."""

    failed_runs: int
    failed_tasks: int
    successful_runs: int
    total_runs: int
    total_tasks: int
    total_users: int


class UserSummary(Complex, kw_only=True):
    """People in runs of a workflow; somebody in two runs counts twice."""

    failed_tasks: int
    failed_users: int
    successful_users: int
    total_tasks: int
    total_users: int


class SubjectSummary(Complex, kw_only=True):
    """People, and what is in no directory, in runs of a workflow, as the published SDKs know it."""

    failed_subjects: int
    failed_tasks: int
    successful_subjects: int
    total_subjects: int
    total_tasks: int


class TaskReportSummary(Complex, kw_only=True):
    """Tasks of people in runs of a workflow."""

    failed_tasks: int
    successful_tasks: int
    total_tasks: int
    unprocessed_tasks: int


class Insights(Entity, kw_only=True):
    """What holds the functions over all workflows."""


class TopTasksInsightsSummary(Complex, kw_only=True):
    """A task definition that was processed often."""

    failed_tasks: int
    failed_users: int
    successful_tasks: int
    successful_users: int
    task_definition_display_name: str
    task_definition_id: str
    total_tasks: int
    total_users: int


class TopWorkflowsInsightsSummary(Complex, kw_only=True):
    """A workflow that ran often."""

    failed_runs: int
    failed_users: int
    successful_runs: int
    successful_users: int
    total_runs: int
    total_users: int
    workflow_category: LifecycleWorkflowCategory
    workflow_display_name: str
    workflow_id: str
    workflow_version: int


class WorkflowsInsightsByCategory(Complex, kw_only=True):
    """Runs of all workflows, by what the workflows are for."""

    failed_joiner_runs: int
    failed_leaver_runs: int
    failed_mover_runs: int
    successful_joiner_runs: int
    successful_leaver_runs: int
    successful_mover_runs: int
    total_joiner_runs: int
    total_leaver_runs: int
    total_mover_runs: int


class WorkflowsInsightsSummary(Complex, kw_only=True):
    """Everything that workflows did."""

    failed_runs: int
    failed_tasks: int
    failed_users: int
    successful_runs: int
    successful_tasks: int
    successful_users: int
    total_runs: int
    total_tasks: int
    total_users: int

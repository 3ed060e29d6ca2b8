"""What rows show on the wire."""

from __future__ import annotations

from typing import Any, cast

from ostiary.directory.model import DirectoryObject, User
from ostiary.graph.types import UNSET
from ostiary.lifecycle.model import KeyValuePair, LifecycleTaskCategory, QuarantineType
from ostiary.lifecycle.model import LifecycleWorkflowCategory as Category
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model import workflows as wire
from ostiary.lifecycle.model.definitions import QuarantineDetails, WorkflowSetting
from ostiary.lifecycle.model.enums import SubjectType
from ostiary.lifecycle.model.references import only_id
from ostiary.lifecycle.model.subjects import DirectoryObjectWorkflowSubject
from ostiary.lifecycle.store.rows import (
    Row,
    conditions_of,
    limit_of,
    scope_of,
    subject_of,
    tally_of,
)
from ostiary.lifecycle.tallies import Status
from ostiary.lifecycle.workflows import subjects_of


def wire_workflow(row: Row) -> wire.Workflow:
    """Show a workflow as lists do: without tasks, conditions and authors."""
    return wire.Workflow(
        id=row["id"],
        category=Category(row["category"]),
        display_name=row["display_name"],
        description=row["description"],
        is_enabled=row["is_enabled"],
        is_scheduling_enabled=row["is_scheduling_enabled"],
        created_date_time=row["created_date_time"],
        last_modified_date_time=row["last_modified_date_time"],
        deleted_date_time=row["deleted_date_time"],
        next_schedule_run_date_time=row["next_schedule_run_date_time"],
        version=row["version"],
        target_subject_type=subjects_of(Category(row["category"])),
        settings=WorkflowSetting(
            quarantine_configuration=limit_of(row["quarantine_configuration"])
        ),
        quarantine_details=QuarantineDetails(
            quarantined_date_time=row["quarantined_date_time"],
            quarantine_reason=row["quarantine_reason"],
            quarantine_type=QuarantineType(row["quarantine_type"]),
        ),
    )


def wire_version(row: Row) -> wire.WorkflowVersion:
    """Show a version as lists do."""
    return wire.WorkflowVersion(
        id=cast(str, UNSET),  # a version has no id: its key is its number
        version_number=row["version_number"],
        category=Category(row["category"]),
        display_name=row["display_name"],
        description=row["description"],
        is_enabled=row["is_enabled"],
        is_scheduling_enabled=row["is_scheduling_enabled"],
        created_date_time=row["created_date_time"],
        last_modified_date_time=row["last_modified_date_time"],
        settings=WorkflowSetting(
            quarantine_configuration=limit_of(row["quarantine_configuration"])
        ),
    )


def complete(entity: wire.WorkflowBase, row: Row, tasks: list[wire.Task]) -> None:
    """Add what a workflow or version shows only when it is read alone."""
    entity.execution_conditions = conditions_of(row["execution_conditions"])
    entity.created_by = only_id(User, row["created_by"])
    entity.last_modified_by = only_id(User, row["last_modified_by"])
    if isinstance(entity, wire.Workflow):
        entity.tasks = tasks


def wire_task(row: Row) -> wire.Task:
    """Show a task."""
    return wire.Task(
        id=row["id"],
        task_definition_id=row["task_definition_id"],
        display_name=row["display_name"],
        description=row["description"],
        is_enabled=row["is_enabled"],
        continue_on_error=row["continue_on_error"],
        arguments=[KeyValuePair(name=n, value=v) for n, v in row["arguments"]],
        category=flags(row["category"]),
        execution_sequence=row["execution_sequence"],
    )


def flags(text: str) -> LifecycleTaskCategory:
    """Give the text of several flags the type of one, which the wire writes just the same."""
    return cast(LifecycleTaskCategory, text)


def wire_run(row: Row) -> wire.Run:
    """Show a run. People with errors count as failed: a task failed for them."""
    people, tasks = tally_of(row, "people"), tally_of(row, "tasks")
    return wire.Run(
        id=row["id"],
        processing_status=Status(row["processing_status"]),
        workflow_execution_type=ExecutionType(row["workflow_execution_type"]),
        scheduled_date_time=row["scheduled_date_time"],
        started_date_time=row["started_date_time"],
        completed_date_time=row["completed_date_time"],
        last_updated_date_time=row["last_updated_date_time"],
        total_users_count=people.total,
        successful_users_count=people.completed,
        failed_users_count=people.failed + people.completed_with_errors,
        total_tasks_count=tasks.total,
        failed_tasks_count=tasks.failed,
        total_unprocessed_tasks_count=tasks.unprocessed,
        activated_on_scope=scope_of(row["activated_on_scope"]),
    )


def wire_person(row: Row) -> wire.UserProcessingResult:
    """Show what a run did for one person."""
    return wire.UserProcessingResult(
        **_result(row),
        subject=only_id(User, row["subject_id"]),
    )


def wire_subject(row: Row) -> wire.SubjectProcessingResult:
    """Show what a run did for one subject, whatever it is."""
    kept = row["subject"]
    return wire.SubjectProcessingResult(
        **_result(row),
        subject=someone(row["subject_id"]) if kept is None else subject_of(kept),
        subject_type=SubjectType.USER if kept is None else SubjectType.PROVISIONING_OBJECT,
    )


def _result(row: Row) -> dict[str, Any]:  # values of the members that both types have
    tasks = tally_of(row, "tasks")
    return {
        "id": row["id"],
        "processing_status": Status(row["processing_status"]),
        "workflow_execution_type": ExecutionType(row["workflow_execution_type"]),
        "workflow_version": row["workflow_version"],
        "scheduled_date_time": row["scheduled_date_time"],
        "started_date_time": row["started_date_time"],
        "completed_date_time": row["completed_date_time"],
        "total_tasks_count": tasks.total,
        "failed_tasks_count": tasks.failed,
        "total_unprocessed_tasks_count": tasks.unprocessed,
    }


def someone(id: str) -> DirectoryObjectWorkflowSubject:
    """Name somebody of the directory as a subject."""
    return DirectoryObjectWorkflowSubject(id=id, directory_object=only_id(DirectoryObject, id))


def wire_task_result(row: Row) -> wire.TaskProcessingResult:
    """Show one task of one person; the task itself is added for a whole page at once."""
    return wire.TaskProcessingResult(
        id=row["id"],
        created_date_time=row["created_date_time"],
        started_date_time=row["started_date_time"],
        completed_date_time=row["completed_date_time"],
        processing_status=Status(row["processing_status"]),
        failure_reason=row["failure_reason"],
        processing_info=row["processing_info"],
        subject=only_id(User, row["subject_id"]),
        task=only_id(wire.Task, row["task_id"]),
    )


def wire_report(row: Row) -> wire.TaskReport:
    """Show one task of one run over all its people."""
    people = tally_of(row, "people")
    return wire.TaskReport(
        id=row["id"],
        run_id=row["run_id"],
        processing_status=Status(row["processing_status"]),
        started_date_time=row["started_date_time"],
        completed_date_time=row["completed_date_time"],
        last_updated_date_time=row["last_updated_date_time"],
        total_users_count=people.total,
        successful_users_count=people.completed,
        failed_users_count=people.failed,
        unprocessed_users_count=people.unprocessed,
    )

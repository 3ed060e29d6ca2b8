"""Between rows and values: what the rules read from a row, and what they may change of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, null

from ostiary.graph.reading import Reader
from ostiary.graph.types import Version
from ostiary.graph.writing import Writer
from ostiary.lifecycle import scopes
from ostiary.lifecycle.conditions import pruned
from ostiary.lifecycle.model import WorkflowExecutionConditions
from ostiary.lifecycle.model.definitions import QuarantineConfiguration
from ostiary.lifecycle.model.subjects import ProvisioningObjectWorkflowSubject, WorkflowSubject
from ostiary.lifecycle.model.workflows import ActivationScope
from ostiary.lifecycle.results import Person, TaskResult
from ostiary.lifecycle.runs import Report, Run
from ostiary.lifecycle.tallies import STATES, Status, Tally

Row = RowMapping | Mapping[str, Any]  # column values of several types

_WRITER = Writer(Version.V1)
_READER = Reader()


def conditions_json(conditions: WorkflowExecutionConditions) -> Any:
    """Give execution conditions as they are kept: spelled as on the wire."""
    return _WRITER.value(conditions, declared=WorkflowExecutionConditions)


def conditions_of(kept: Any) -> WorkflowExecutionConditions:
    """Read execution conditions that were kept."""
    return pruned(_READER.create(WorkflowExecutionConditions, kept))


def subject_json(subject: WorkflowSubject) -> Any:
    """Give a subject as it is kept: spelled as on the wire."""
    return _WRITER.value(subject, declared=WorkflowSubject)


def subject_of(kept: Any) -> ProvisioningObjectWorkflowSubject:
    """Read a subject of another system that was kept, or that an endpoint sent.

    :raises InvalidModel: it is none.
    """
    return _READER.create(ProvisioningObjectWorkflowSubject, kept)


def limit_json(limit: QuarantineConfiguration | None) -> Any:
    """Give an execution limit as it is kept: spelled as on the wire."""
    return null() if limit is None else _WRITER.value(limit, declared=QuarantineConfiguration)


def limit_of(kept: Any) -> QuarantineConfiguration | None:
    """Read an execution limit that was kept."""
    return None if kept is None else _READER.create(QuarantineConfiguration, kept)


def scope_json(scope: ActivationScope | None) -> Any:
    """Give an activation scope as it is kept: spelled as on the wire."""
    return null() if scope is None else _WRITER.value(scope, declared=ActivationScope)


def scope_of(kept: Any) -> ActivationScope | None:
    """Read an activation scope that was kept."""
    return None if kept is None else scopes.pruned(_READER.create(ActivationScope, kept))


def tally_of(row: Row, prefix: str) -> Tally:
    """Read a tally from its six columns."""
    return Tally(**{state: row[f"{prefix}_{state}"] for state in STATES})


def tally_columns(tally: Tally, prefix: str) -> dict[str, int]:
    """Give a tally as its six columns."""
    return {f"{prefix}_{state}": getattr(tally, state) for state in STATES}


def task_result_of(row: Row) -> TaskResult:
    """Read one task of one person for the rules."""
    return TaskResult(
        id=row["id"],
        run_id=row["run_id"],
        person_id=row["user_processing_result_id"],
        report_id=row["task_report_id"],
        continue_on_error=row["continue_on_error"],
        status=Status(row["processing_status"]),
        started_at=row["started_date_time"],
        completed_at=row["completed_date_time"],
        failure_reason=row["failure_reason"],
        processing_info=row["processing_info"],
    )


def task_result_columns(task: TaskResult) -> dict[str, Any]:
    """Give what the rules may change of a task's result."""
    return {
        "processing_status": task.status.value,
        "started_date_time": task.started_at,
        "completed_date_time": task.completed_at,
        "failure_reason": task.failure_reason,
        "processing_info": task.processing_info,
    }


def person_of(row: Row) -> Person:
    """Read what a run does for one person, for the rules."""
    return Person(
        id=row["id"],
        run_id=row["run_id"],
        status=Status(row["processing_status"]),
        tasks=tally_of(row, "tasks"),
        started_at=row["started_date_time"],
        completed_at=row["completed_date_time"],
    )


def person_columns(person: Person) -> dict[str, Any]:
    """Give what the rules may change of a person's result."""
    return {
        "processing_status": person.status.value,
        "started_date_time": person.started_at,
        "completed_date_time": person.completed_at,
        **tally_columns(person.tasks, "tasks"),
    }


def run_of(row: Row) -> Run:
    """Read a run for the rules."""
    return Run(
        id=row["id"],
        workflow_id=row["workflow_id"],
        status=Status(row["processing_status"]),
        people=tally_of(row, "people"),
        tasks=tally_of(row, "tasks"),
        started_at=row["started_date_time"],
        completed_at=row["completed_date_time"],
        is_being_forgotten=row["being_forgotten"],
    )


def report_of(row: Row) -> Report:
    """Read a task report for the rules."""
    return Report(
        id=row["id"],
        status=Status(row["processing_status"]),
        people=tally_of(row, "people"),
    )

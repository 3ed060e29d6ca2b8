"""``executionScope``: who meets the conditions of a scheduled workflow, as of its last tick.

People who were put into a run show what became of them there; who is to come shows ``queued``, and
who was due too long ago to be picked up, ``canceled``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, literal, select

from ostiary.graph.resources import Source
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.model import WorkflowExecutionType as ExecutionType
from ostiary.lifecycle.model.workflows import UserProcessingResult
from ostiary.lifecycle.sources.results import result_links, subject_of, task_counts
from ostiary.lifecycle.store.shown import wire_person
from ostiary.lifecycle.tables import execution_scopes, user_processing_results, workflows
from ostiary.lifecycle.tallies import STATES

_scopes = execution_scopes.c
_results = user_processing_results.c

_TALLY: Final = tuple(f"tasks_{state}" for state in STATES)

_COLUMNS: Final[dict[str, ColumnElement[Any]]] = {
    "id": _scopes.id,
    "result_id": _results.id,
    "workflow_id": _scopes.workflow_id,
    "subject_id": _scopes.subject_id,
    "processing_status": func.coalesce(_results.processing_status, _scopes.processing_status),
    "workflow_execution_type": literal(ExecutionType.SCHEDULED.value),
    "workflow_version": func.coalesce(_results.workflow_version, workflows.c.version),
    "scheduled_date_time": _scopes.due_date_time,
    "started_date_time": _results.started_date_time,
    "completed_date_time": _results.completed_date_time,
    **{name: func.coalesce(_results[name], 0) for name in _TALLY},
}

scope = (
    select(*(column.label(name) for name, column in _COLUMNS.items()))
    .select_from(execution_scopes)
    .join(workflows, workflows.c.id == _scopes.workflow_id)
    .outerjoin(
        user_processing_results,
        and_(_results.run_id == _scopes.run_id, _results.subject_id == _scopes.subject_id),
    )
    .where(workflows.c.next_schedule_run_date_time.is_not(None))
    .subquery("scope")
)
"""Rows like those of results; none of a workflow that has no schedule, or whose schedule is off."""

_SHOWN: Final = tuple(
    name for name in _COLUMNS if name not in (*_TALLY, "result_id", "workflow_id", "subject_id")
)

EXECUTION_SCOPE: Final[Source] = Source(
    type=UserProcessingResult,
    table=scope,
    key=scope.c.id,
    columns={
        **{name: scope.c[name] for name in _SHOWN},
        "subject/id": scope.c.subject_id,
        **task_counts(scope),
    },
    load=wire_person,
    links={
        "subject": subject_of(scope.c.subject_id),
        **result_links(scope.c.result_id, needs=requires(matrix.LW_REPORTS_READ)),
    },
    order=scope.c.scheduled_date_time,
    counted=True,
)
"""Who meets the conditions."""

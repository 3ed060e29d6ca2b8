"""The tables of lifecycle workflows: what is configured, and what happened.

A tally is kept as six columns, one per state (``people_queued`` …). Rows of results are made by the
thousand with statements over sets, from rows that exist; they carry no foreign keys, which would
be looked up again for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
)

from ostiary.lifecycle.tallies import STATES
from ostiary.storage.tables import MOVING, Instant, Json, index_where, metadata


def _tally(prefix: str) -> Iterator[Column[int]]:
    return (Column(f"{prefix}_{state}", Integer, nullable=False, default=0) for state in STATES)


workflows = Table(
    "workflows",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("category", String(32), nullable=False),
    Column("display_name", String, nullable=False),
    Column("name_key", String, nullable=False),
    Column("description", String),
    Column("is_enabled", Boolean, nullable=False),
    Column("is_scheduling_enabled", Boolean, nullable=False),
    Column("execution_conditions", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("version_id", String(36), nullable=False),
    Column("created_date_time", Instant, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("last_modified_date_time", Instant, nullable=False),
    Column("last_modified_by", String(36), nullable=False),
    Column("next_schedule_run_date_time", Instant),
    # how far into the journal of the directory a schedule has looked that acts on changes
    Column("changes_seen", BigInteger),
    Column("quarantine_configuration", Json),
    Column("quarantined_date_time", Instant),
    Column("quarantine_reason", Text),
    Column("quarantine_type", String(48), nullable=False, default="notQuarantined"),
    Column("deleted_date_time", Instant),
    # deleted for good: nobody sees it, and what belongs to it goes portion by portion
    Column("purged_date_time", Instant),
)

_live = workflows.c.deleted_date_time.is_(None)
index_where("uq_workflows_name_key", _live, workflows.c.name_key, unique=True)

workflow_versions = Table(
    "workflow_versions",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", String(36), ForeignKey("workflows.id"), nullable=False),
    Column("version_number", Integer, nullable=False),
    Column("category", String(32), nullable=False),
    Column("display_name", String, nullable=False),
    Column("description", String),
    Column("is_enabled", Boolean, nullable=False),
    Column("is_scheduling_enabled", Boolean, nullable=False),
    Column("execution_conditions", Json, nullable=False),
    Column("quarantine_configuration", Json),
    Column("created_date_time", Instant, nullable=False),
    Column("created_by", String(36), nullable=False),
    Column("last_modified_date_time", Instant, nullable=False),
    Column("last_modified_by", String(36), nullable=False),
    Index("uq_workflow_versions_number", "workflow_id", "version_number", unique=True),
)

workflow_tasks = Table(
    "workflow_tasks",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", String(36), ForeignKey("workflows.id"), nullable=False),
    Column("version_id", String(36), ForeignKey("workflow_versions.id"), nullable=False),
    Column("execution_sequence", Integer, nullable=False),
    Column("task_definition_id", String(36), nullable=False),
    Column("category", String, nullable=False),
    Column("display_name", String, nullable=False),
    Column("description", String),
    Column("is_enabled", Boolean, nullable=False),
    Column("continue_on_error", Boolean, nullable=False),
    Column("arguments", Json, nullable=False),
    Column("extension_id", String(36)),
    Index("uq_workflow_tasks_place", "version_id", "execution_sequence", unique=True),
    Index("ix_workflow_tasks_workflow_id", "workflow_id"),
    Index("ix_workflow_tasks_extension_id", "extension_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("workflow_id", String(36), ForeignKey("workflows.id"), nullable=False),
    Column("version_id", String(36), nullable=False),
    Column("workflow_execution_type", String(32), nullable=False),
    Column("processing_status", String(32), nullable=False),
    Column("activated_on_scope", Json),
    # people repeat what failed for them, and what was never reached because of it
    Column("failed_tasks_only", Boolean, nullable=False, default=False),
    # the one task that is run, where somebody tries out a single one
    Column("only_task_id", String(36)),
    # someone asked to stop: nothing new begins, and what waits is canceled
    Column("stopping", Boolean, nullable=False),
    # its results go portion by portion, because it is old: it cannot be repeated any more
    Column("being_forgotten", Boolean, nullable=False, default=False),
    Column("scheduled_date_time", Instant, nullable=False),
    Column("started_date_time", Instant),
    Column("completed_date_time", Instant),
    Column("last_updated_date_time", Instant, nullable=False),
    *_tally("people"),
    *_tally("tasks"),
    Index("ix_runs_workflow_id", "workflow_id", "scheduled_date_time"),
)

index_where(
    "ix_runs_completed_date_time",
    runs.c.completed_date_time.is_not(None),
    runs.c.completed_date_time,
    runs.c.id,
)

user_processing_results = Table(
    "user_processing_results",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("run_id", String(36), nullable=False),
    Column("workflow_id", String(36), nullable=False),
    Column("workflow_version", Integer, nullable=False),
    Column("workflow_execution_type", String(32), nullable=False),
    Column("subject_id", String(36), nullable=False),
    # the result that this one repeats
    Column("origin_id", String(36)),
    Column("processing_status", String(32), nullable=False),
    # whether the results of the person's tasks have been laid out
    Column("laid_out", Boolean, nullable=False),
    Column("scheduled_date_time", Instant, nullable=False),
    Column("started_date_time", Instant),
    Column("completed_date_time", Instant),
    *_tally("tasks"),
    Index("ix_user_processing_results_run_id", "run_id", "processing_status", "laid_out", "id"),
    Index("ix_user_processing_results_workflow_id", "workflow_id", "scheduled_date_time"),
    Index("ix_user_processing_results_subject_id", "subject_id"),
)

_origin = user_processing_results.c.origin_id
index_where("ix_user_processing_results_origin_id", _origin.is_not(None), _origin)

workflow_subjects = Table(
    "workflow_subjects",
    metadata,
    # the subject of a result that is in no directory, as its tasks have left it
    Column("result_id", String(36), primary_key=True),
    Column("subject", Json, nullable=False),
)

task_processing_results = Table(
    "task_processing_results",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("run_id", String(36), nullable=False),
    Column("workflow_id", String(36), nullable=False),
    Column("user_processing_result_id", String(36), nullable=False),
    Column("task_id", String(36), nullable=False),
    Column("task_report_id", String(36), nullable=False),
    Column("subject_id", String(36), nullable=False),
    Column("execution_sequence", Integer, nullable=False),
    Column("processing_status", String(32), nullable=False),
    Column("created_date_time", Instant, nullable=False),
    Column("started_date_time", Instant),
    Column("completed_date_time", Instant),
    Column("failure_reason", Text),
    Column("processing_info", Text),
    Index("ix_task_processing_results_person", "user_processing_result_id", "execution_sequence"),
    Index("ix_task_processing_results_run_id", "run_id"),
    Index("ix_task_processing_results_task_id", "task_id"),
    Index("ix_task_processing_results_task_report_id", "task_report_id"),
    postgresql_with=MOVING,
)

task_reports = Table(
    "task_reports",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("run_id", String(36), nullable=False),
    Column("workflow_id", String(36), nullable=False),
    Column("task_id", String(36), nullable=False),
    Column("task_definition_id", String(36), nullable=False),
    Column("processing_status", String(32), nullable=False),
    Column("last_updated_date_time", Instant, nullable=False),
    *_tally("people"),
    Index("uq_task_reports_task", "run_id", "task_id", unique=True),
    Index("ix_task_reports_workflow_id", "workflow_id"),
)

run_reprocessings = Table(
    "run_reprocessings",
    metadata,
    # a run, and one that was started to repeat it or a part of it
    Column("run_id", String(36), primary_key=True),
    Column("reprocessed_run_id", String(36), primary_key=True),
    Index("ix_run_reprocessings_reprocessed_run_id", "reprocessed_run_id"),
)

execution_scopes = Table(
    "execution_scopes",
    metadata,
    # somebody who meets the conditions of a workflow, as of its last evaluation
    Column("id", String(36), primary_key=True),
    Column("workflow_id", String(36), nullable=False),
    Column("subject_id", String(36), nullable=False),
    # the date of the trigger with its offset, so that a person whose date moves is somebody new;
    # or the instant of the change
    Column("due_date_time", Instant, nullable=False),
    # queued, or canceled where the instant was too long ago when it was first seen
    Column("processing_status", String(32), nullable=False),
    # the group that the person came to, or left
    Column("cause_id", String(36)),
    # the run that the person was put into
    Column("run_id", String(36)),
    Index("uq_execution_scopes_subject", "workflow_id", "subject_id", unique=True),
    Index("ix_execution_scopes_run_id", "run_id"),
)

lifecycle_settings = Table(
    "lifecycle_settings",
    metadata,
    # one row, made when a setting is first changed
    Column("id", String(16), primary_key=True),
    Column("workflow_schedule_interval_in_hours", Integer, nullable=False),
    Column("sender_domain", String, nullable=False),
    Column("use_company_branding", Boolean, nullable=False),
    Column("quarantine_configuration", Json),
)

temporary_access_passes = Table(
    "temporary_access_passes",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("user_id", String(36), nullable=False),
    Column("task_processing_result_id", String(36), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("start_date_time", Instant, nullable=False),
    Column("end_date_time", Instant, nullable=False),
    Column("is_usable_once", Boolean, nullable=False),
    Column("used_date_time", Instant),
    Column("created_date_time", Instant, nullable=False),
    Index("ix_temporary_access_passes_user_id", "user_id"),
)

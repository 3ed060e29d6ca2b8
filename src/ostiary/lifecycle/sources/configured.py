"""What is set up: workflows, deleted ones, versions, tasks and custom task extensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory.sources import DIRECTORY_OBJECTS
from ostiary.directory.tables import directory_objects
from ostiary.extensions import extension_store
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.resources import Authorize, Call, Link, Source
from ostiary.graph.types import UNSET
from ostiary.identity import matrix
from ostiary.identity.permissions import allows, requires
from ostiary.identity.principals import principal
from ostiary.lifecycle import names
from ostiary.lifecycle.model.extensions import CustomTaskExtension
from ostiary.lifecycle.model.workflows import Workflow, WorkflowVersion
from ostiary.lifecycle.sources import results
from ostiary.lifecycle.sources.execution_scope import EXECUTION_SCOPE, scope
from ostiary.lifecycle.sources.preview_scope import preview_scope
from ostiary.lifecycle.store import workflows as store
from ostiary.lifecycle.store.shown import complete, wire_version, wire_workflow
from ostiary.lifecycle.tables import (
    runs,
    user_processing_results,
    workflow_tasks,
    workflow_versions,
    workflows,
)
from ostiary.lifecycle.task_extensions import shown

_DETAILS = requires(matrix.LW_DETAILS_READ)
_REPORTS = requires(matrix.LW_REPORTS_READ)

_LEFT_OUT: Final = frozenset({"executionconditions", "tasks", "createdby", "lastmodifiedby"})

Columns = dict[str, ColumnElement[Any]]


def _columns(table: FromClause, *names: str) -> Columns:
    return {name: table.c[name] for name in names}


def _author(column: ColumnElement[Any]) -> Link:
    """Lead to whoever did it: a person, or the service principal of an application."""
    return Link(
        target=lambda: DIRECTORY_OBJECTS,
        local=column,
        remote=directory_objects.c.id,
        many=False,
    )


def _authors(table: FromClause) -> dict[str, Link]:
    return {
        "created_by": _author(table.c.created_by),
        "last_modified_by": _author(table.c.last_modified_by),
    }


def _many(
    target: Any, local: ColumnElement[Any], remote: ColumnElement[Any], needs: Authorize
) -> Link:
    return Link(target=target, local=local, remote=remote, many=True, needs=needs)


async def _complete(conn: AsyncConnection, call: Call, found: Sequence[Workflow]) -> None:
    """Show tasks, conditions and authors where one workflow is read alone, or they are asked for.

    Whoever may only read the basics never sees them, nor the settings.
    """
    if not allows(matrix.LW_DETAILS_READ, principal(call)):
        for workflow in found:
            workflow.settings = workflow.quarantine_details = UNSET  # type: ignore[assignment]  # not shown
        return
    if not (_is_read_alone(call, "workflows") or _asks_for_details(call)):
        return
    rows = await store.workflow_rows(conn, [workflow.id for workflow in found])
    tasks = await store.version_tasks(conn, {row["version_id"] for row in rows.values()})
    for workflow in found:
        row = rows[workflow.id]
        complete(workflow, row, tasks[row["version_id"]])


async def _complete_versions(
    conn: AsyncConnection, call: Call, found: Sequence[WorkflowVersion]
) -> None:
    if not (_is_read_alone(call, "versions") or _asks_for_details(call)):
        return
    numbers = [version.version_number for version in found]
    rows = await store.version_rows(conn, call.key("workflows"), numbers)
    for version in found:
        complete(version, rows[version.version_number], [])


def _is_read_alone(call: Call, name: str) -> bool:
    try:
        call.key(name)
    except KeyError:
        return False
    return True


def _asks_for_details(call: Call) -> bool:
    """Whether ``$select`` names what lists leave out."""
    texts = (value for name, value in call.query if name.lower().removeprefix("$") == "select")
    named = {name.strip().lower() for text in texts for name in text.split(",")}
    return not named.isdisjoint(_LEFT_OUT)


VERSIONS: Final[Source] = Source(
    type=WorkflowVersion,
    table=workflow_versions,
    key=workflow_versions.c.version_number,
    columns=_columns(
        workflow_versions,
        "version_number",
        "display_name",
        "description",
        "category",
        "is_enabled",
        "is_scheduling_enabled",
        "created_date_time",
        "last_modified_date_time",
    ),
    load=wire_version,
    links={
        "tasks": Link(
            target=lambda: results.TASKS,
            local=workflow_versions.c.id,
            remote=workflow_tasks.c.version_id,
            many=True,
            order=workflow_tasks.c.execution_sequence,
        ),
        **_authors(workflow_versions),
    },
    enrich=_complete_versions,
    order=-workflow_versions.c.version_number,
    search=(workflow_versions.c.display_name,),
)
"""Versions of workflows, the newest first."""

_WORKFLOW_COLUMNS = _columns(
    workflows,
    "id",
    "display_name",
    "description",
    "category",
    "is_enabled",
    "is_scheduling_enabled",
    "version",
    "created_date_time",
    "last_modified_date_time",
    "deleted_date_time",
    "next_schedule_run_date_time",
)

WORKFLOWS: Final[Source] = Source(
    type=Workflow,
    table=workflows,
    key=workflows.c.id,
    columns=_WORKFLOW_COLUMNS,
    load=wire_workflow,
    links={
        "tasks": Link(
            target=lambda: results.TASKS,
            local=workflows.c.version_id,
            remote=workflow_tasks.c.version_id,
            many=True,
            order=workflow_tasks.c.execution_sequence,
            needs=_DETAILS,
        ),
        "versions": _many(
            lambda: VERSIONS, workflows.c.id, workflow_versions.c.workflow_id, _DETAILS
        ),
        "runs": _many(lambda: results.RUNS, workflows.c.id, runs.c.workflow_id, _REPORTS),
        "user_processing_results": _many(
            lambda: results.PEOPLE, workflows.c.id, user_processing_results.c.workflow_id, _REPORTS
        ),
        "subject_processing_results": _many(
            lambda: results.SUBJECTS, workflows.c.id, results.subjects.c.workflow_id, _REPORTS
        ),
        "task_reports": _many(
            lambda: results.REPORTS, workflows.c.id, results.reports.c.workflow_id, _REPORTS
        ),
        "execution_scope": _many(
            lambda: EXECUTION_SCOPE, workflows.c.id, scope.c.workflow_id, _DETAILS
        ),
        "preview_scope": preview_scope(_DETAILS),
        **_authors(workflows),
    },
    where=workflows.c.deleted_date_time.is_(None),
    counted=True,
    enrich=_complete,
    search=(workflows.c.display_name, workflows.c.description),
)
"""Live workflows."""

DELETED_WORKFLOWS: Final[Source] = Source(
    type=Workflow,
    table=workflows,
    key=workflows.c.id,
    columns=_WORKFLOW_COLUMNS,
    load=wire_workflow,
    links=WORKFLOWS.links,
    where=workflows.c.deleted_date_time.is_not(None) & workflows.c.purged_date_time.is_(None),
    enrich=_complete,
    search=(workflows.c.display_name, workflows.c.description),
)
"""Workflows that were deleted and can be restored."""


def _load_extension(row: Any) -> CustomTaskExtension:
    return shown(extension_store.load(row))


CUSTOM_TASK_EXTENSIONS: Final[Source] = Source(
    type=CustomTaskExtension,
    table=custom_extensions,
    key=custom_extensions.c.id,
    columns={
        "id": custom_extensions.c.id,
        "display_name": custom_extensions.c.display_name,
        "description": custom_extensions.c.description,
        "created_date_time": custom_extensions.c.created_at,
        "last_modified_date_time": custom_extensions.c.modified_at,
        "created_by/id": custom_extensions.c.created_by,
        "last_modified_by/id": custom_extensions.c.modified_by,
    },
    load=_load_extension,
    links={
        "created_by": _author(custom_extensions.c.created_by),
        "last_modified_by": _author(custom_extensions.c.modified_by),
    },
    where=custom_extensions.c.kind == names.EXTENSION_KIND,
    search=(custom_extensions.c.display_name,),
)
"""Custom task extensions."""

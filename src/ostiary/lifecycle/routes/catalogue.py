"""``…/taskDefinitions`` and ``…/workflowTemplates``: fixed catalogues, read-only."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import false

from ostiary.graph.resources import EntitySet
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.sources.definitions import TASK_DEFINITIONS
from ostiary.lifecycle.sources.results import TASK_RESULTS
from ostiary.lifecycle.sources.templates import TEMPLATE_TASKS, WORKFLOW_TEMPLATES, task_rows
from ostiary.lifecycle.tables import task_processing_results

_READ = requires(matrix.LW_SETTINGS_READ)


def task_definitions() -> EntitySet:
    """Declare ``taskDefinitions``."""
    return EntitySet(name="taskDefinitions", source=TASK_DEFINITIONS, read=_READ)


def workflow_templates() -> EntitySet:
    """Declare ``workflowTemplates``; nothing was ever done by a task of one."""
    results = EntitySet(
        name="taskProcessingResults",
        source=replace(TASK_RESULTS, where=false()),
        within=task_processing_results.c.task_id,
        read=requires(matrix.LW_REPORTS_READ),
    )
    tasks = EntitySet(
        name="tasks",
        source=TEMPLATE_TASKS,
        within=task_rows.c.template_id,
        read=_READ,
        children=(results,),
    )
    return EntitySet(
        name="workflowTemplates", source=WORKFLOW_TEMPLATES, read=_READ, children=(tasks,)
    )

"""The rows of a new workflow, or of a new version of one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ostiary.lifecycle.store.rows import conditions_json, limit_json
from ostiary.lifecycle.texts import name_key
from ostiary.lifecycle.workflows import NewWorkflow
from ostiary.storage.ids import new_id

Values = dict[str, Any]  # column values of several types

_SHARED = (
    "category",
    "display_name",
    "description",
    "is_enabled",
    "is_scheduling_enabled",
    "execution_conditions",
    "quarantine_configuration",
    "last_modified_date_time",
    "last_modified_by",
)


def version_row(
    new: NewWorkflow, *, workflow_id: str, number: int, now: datetime, by: str
) -> Values:
    """Give the row of a version."""
    return {
        "id": new_id(),
        "workflow_id": workflow_id,
        "version_number": number,
        "category": new.category.value,
        "display_name": new.display_name,
        "description": new.description,
        "is_enabled": new.is_enabled,
        "is_scheduling_enabled": new.is_scheduling_enabled,
        "execution_conditions": conditions_json(new.conditions),
        "quarantine_configuration": limit_json(new.limit),
        "created_date_time": now,
        "created_by": by,
        "last_modified_date_time": now,
        "last_modified_by": by,
    }


def workflow_row(new: NewWorkflow, version: Mapping[str, Any]) -> Values:
    """Give what a workflow shows of its current version."""
    return {
        **{name: version[name] for name in _SHARED},
        "name_key": name_key(new.display_name),
        "version": version["version_number"],
        "version_id": version["id"],
    }


def task_rows(new: NewWorkflow, version: Mapping[str, Any]) -> list[Values]:
    """Give the rows of a version's tasks, with fresh ids."""
    return [
        {
            "id": new_id(),
            "workflow_id": version["workflow_id"],
            "version_id": version["id"],
            "execution_sequence": sequence,
            "task_definition_id": task.definition.id,
            "category": ",".join(category.value for category in task.definition.category),
            "display_name": task.display_name,
            "description": task.description,
            "is_enabled": task.is_enabled,
            "continue_on_error": task.continue_on_error,
            "arguments": [list(argument) for argument in task.arguments],
            "extension_id": task.extension_id,
        }
        for sequence, task in enumerate(new.tasks, start=1)
    ]

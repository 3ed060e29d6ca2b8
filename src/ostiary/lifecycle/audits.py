"""What the audit log says of workflows and extensions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import UNSET
from msgspec.structs import replace

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.lifecycle import names
from ostiary.lifecycle.limits import Held
from ostiary.lifecycle.model.workflows import Task, Workflow
from ostiary.lifecycle.texts import name_key

TaskName = tuple[str, str]
"""By what a task is recognised in every version: its definition, and its name in lower case."""

Operation = Literal["Add", "Update", "Delete"]


def workflow_event(
    activity: str, actor: Actor, id: str, display_name: str, operation: Operation = "Update"
) -> AuditEvent:
    """Tell of something done to a workflow."""
    return AuditEvent(
        activity=activity,
        category="WorkflowManagement",
        service=names.AUDIT_SERVICE,
        operation=operation,
        actor=actor,
        targets=(Target(id=id, type="Workflow", display_name=display_name),),
    )


def quarantine_event(id: str, display_name: str, held: Held, run_id: str) -> AuditEvent:
    """Tell of a run that a limit holds back, and with it the workflow."""
    event = workflow_event("Quarantine workflow", names.ACTOR, id, display_name)
    details = {"runId": run_id, "quarantineType": held.type.value}
    return replace(event, reason=held.reason, details=details)


def changes_of_workflow(before: Workflow, after: Workflow, actor: Actor) -> list[AuditEvent]:
    """Tell of what differs: each switch has words of its own, texts and limits share some."""
    activities = []
    if before.is_enabled != after.is_enabled:
        activities.append("Enable workflow" if after.is_enabled else "Disable workflow")
    if before.is_scheduling_enabled != after.is_scheduling_enabled:
        switch = "Enable" if after.is_scheduling_enabled else "Disable"
        activities.append(f"{switch} workflow schedule")
    if _texts_and_limits(before) != _texts_and_limits(after):
        activities.append("Update workflow")
    return [workflow_event(a, actor, before.id, after.display_name) for a in activities]


def changes_by_version(before: Workflow, after: Workflow, actor: Actor) -> list[AuditEvent]:
    """Tell of a new version, and of all that it changes."""
    added = "Add workflow version"
    events = [workflow_event(added, actor, after.id, after.display_name)]
    events += changes_of_workflow(before, after, actor)
    if before.execution_conditions != after.execution_conditions:
        activity = "Update execution conditions"
        events.append(workflow_event(activity, actor, after.id, after.display_name))
    return events + _changes_of_tasks(_by_name(before), _by_name(after), actor)


def _changes_of_tasks(
    before: Mapping[TaskName, Task], after: Mapping[TaskName, Task], actor: Actor
) -> list[AuditEvent]:
    """Compare tasks, which are recognised by definition and name: each version has fresh ids."""
    events = []
    for name, task in after.items():
        old = before.get(name)
        activities = ["Add task to workflow"] if old is None else _changes_of_task(old, task)
        events += [task_event(a, actor, task.id, task.display_name) for a in activities]
    gone = [task for name, task in before.items() if name not in after]
    removed = "Remove task from workflow"
    return events + [task_event(removed, actor, task.id, task.display_name) for task in gone]


def _changes_of_task(old: Task, new: Task) -> list[str]:
    activities = []
    if old.is_enabled != new.is_enabled:
        activities.append("Enable task" if new.is_enabled else "Disable task")
    same = {"id": new.id, "is_enabled": new.is_enabled, "display_name": new.display_name}
    if replace(old, **same) != new:
        activities.append("Update task")
    return activities


def _by_name(workflow: Workflow) -> dict[TaskName, Task]:
    tasks = [] if workflow.tasks is UNSET else workflow.tasks
    return {(task.task_definition_id, name_key(task.display_name)): task for task in tasks}


def _texts_and_limits(workflow: Workflow) -> tuple[object, ...]:
    return workflow.display_name, workflow.description, workflow.settings


def task_event(activity: str, actor: Actor, id: str, display_name: str) -> AuditEvent:
    """Tell of something done to a task."""
    return AuditEvent(
        activity=activity,
        category="TaskManagement",
        service=names.AUDIT_SERVICE,
        actor=actor,
        targets=(Target(id=id, type="Task", display_name=display_name),),
    )


def settings_event(actor: Actor) -> AuditEvent:
    """Tell of changed settings of the tenant."""
    return AuditEvent(
        activity="Update tenant settings",
        category="WorkflowManagement",
        service=names.AUDIT_SERVICE,
        actor=actor,
        targets=(Target(id="settings", type="LifecycleManagementSettings"),),
    )


def extension_event(
    verb: Literal["Create", "Update", "Delete"], actor: Actor, id: str, display_name: str
) -> AuditEvent:
    """Tell of something done to a custom task extension."""
    operations: dict[str, Operation] = {"Create": "Add", "Update": "Update", "Delete": "Delete"}
    return AuditEvent(
        activity=f"{verb} custom task extension",
        category="Other",
        service=names.AUDIT_SERVICE,
        operation=operations[verb],
        actor=actor,
        targets=(Target(id=id, type="CustomTaskExtension", display_name=display_name),),
    )

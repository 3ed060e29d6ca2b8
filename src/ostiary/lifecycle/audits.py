"""What the audit log says of workflows and extensions."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from ostiary.audit.events import Actor, AuditEvent, Target
from ostiary.lifecycle import names
from ostiary.lifecycle.limits import Held
from ostiary.lifecycle.model.workflows import Workflow

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
    """Tell of a PATCH: each switch has words of its own, the texts share some."""
    activities = []
    if before.is_enabled != after.is_enabled:
        activities.append("Enable workflow" if after.is_enabled else "Disable workflow")
    if before.is_scheduling_enabled != after.is_scheduling_enabled:
        switch = "Enable" if after.is_scheduling_enabled else "Disable"
        activities.append(f"{switch} workflow schedule")
    if (before.display_name, before.description) != (after.display_name, after.description):
        activities.append("Update workflow")
    return [workflow_event(a, actor, before.id, after.display_name) for a in activities]


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

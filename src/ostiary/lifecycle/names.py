"""The names under which the rest of the server knows lifecycle workflows."""

from __future__ import annotations

from ostiary.audit.events import Actor
from ostiary.identity.catalogue import LIFECYCLE_WORKFLOWS_APP_ID

APP_ID = LIFECYCLE_WORKFLOWS_APP_ID
"""The service's application: the caller of callouts."""

ACTOR = Actor(kind="app", id="", display_name="Lifecycle Workflows", app_id=APP_ID)
"""Who does in the directory what tasks do."""

AUDIT_SERVICE = "Lifecycle Workflows"

OWNER_KIND = "taskProcessingResult"
"""The owner kind of callouts; the owner's id is that of the task processing result."""

EXTENSION_KIND = "microsoft.graph.identityGovernance.customTaskExtension"
"""The kind under which extensions of workflows are kept."""

STAGE = "customTaskExtension"
"""The stage of every callout: workflows have only this one."""

RUN_START = "run.start"
"""Work that lays out a run's next portion of people; the key is the run's id."""

RUN_CANCEL = "run.cancel"
"""Work that cancels a run's next portion of people; the key is the run's id."""

RUN_FORGET = "run.forget"
"""Work that deletes runs that ended long ago; there is one item of it."""

WORKFLOW_PURGE = "workflow.purge"
"""Work that deletes for good what was deleted long enough ago; the key is the workflow's id."""

WORKFLOW_EVALUATE = "workflow.evaluate"
"""Work that finds out for whom a scheduled workflow is due; the key is the workflow's id."""

TASK_RUN = "task.run"
"""Work that runs the first task of a person; the key is the task processing result's id."""

TASK_NEXT = "task.next"
"""The same for the tasks that follow: who is under way goes on before others begin."""

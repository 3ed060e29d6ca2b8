"""``/identityGovernance/lifecycleWorkflows``."""

from __future__ import annotations

from ostiary.graph.resources import Singleton
from ostiary.lifecycle.routes import unserved
from ostiary.lifecycle.routes.catalogue import task_definitions
from ostiary.lifecycle.routes.task_extensions import custom_task_extensions
from ostiary.lifecycle.routes.workflows import deleted_items, workflows
from ostiary.lifecycle.service import Lifecycle


def resources(lifecycle: Lifecycle) -> Singleton:
    """Declare everything below ``lifecycleWorkflows``."""
    return Singleton(
        name="lifecycleWorkflows",
        unserved=unserved.CONTAINER,
        container="microsoft.graph.identityGovernance.lifecycleWorkflowsContainer",
        children=(
            workflows(lifecycle),
            deleted_items(),
            custom_task_extensions(lifecycle.extensions),
            task_definitions(),
        ),
    )

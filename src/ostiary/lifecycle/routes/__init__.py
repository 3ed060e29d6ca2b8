"""``/identityGovernance/lifecycleWorkflows``."""

from __future__ import annotations

from ostiary.graph.resources import Call, Endpoint, Singleton
from ostiary.graph.types import Entity
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.model.definitions import LifecycleWorkflowsContainer
from ostiary.lifecycle.routes import unserved
from ostiary.lifecycle.routes.catalogue import task_definitions, workflow_templates
from ostiary.lifecycle.routes.deleted import deleted_items
from ostiary.lifecycle.routes.insights import insights
from ostiary.lifecycle.routes.settings import settings
from ostiary.lifecycle.routes.task_extensions import custom_task_extensions
from ostiary.lifecycle.routes.workflows import workflows
from ostiary.lifecycle.service import Lifecycle


def resources(lifecycle: Lifecycle) -> Singleton:
    """Declare everything below ``lifecycleWorkflows``."""
    return Singleton(
        name="lifecycleWorkflows",
        unserved=unserved.CONTAINER,
        container="microsoft.graph.identityGovernance.lifecycleWorkflowsContainer",
        get=Endpoint(requires(matrix.LW_SETTINGS_READ), _container),
        children=(
            workflows(lifecycle),
            deleted_items(lifecycle),
            custom_task_extensions(lifecycle.extensions),
            settings(lifecycle.settings),
            insights(lifecycle.reporting),
            task_definitions(),
            workflow_templates(),
        ),
    )


async def _container(call: Call) -> Entity:
    """GET …/lifecycleWorkflows, which has no properties of its own"""
    return LifecycleWorkflowsContainer()

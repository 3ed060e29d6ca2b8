"""``…/insights``: sums over all workflows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ostiary.graph.resources import Call, Endpoint, Operation, Singleton
from ostiary.graph.types import Complex
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.lifecycle.model import reports as wire
from ostiary.lifecycle.service import Reporting

NAMESPACE = "microsoft.graph.identityGovernance"

_READ = requires(matrix.LW_REPORTS_READ)


@dataclass(frozen=True, slots=True)
class _Function:
    ask: Callable[[wire.Window], Awaitable[Any]]

    async def handle(self, call: Call) -> Any:
        """GET …/insights/{function}(startDateTime=…,endDateTime=…)"""
        return await self.ask(call.parameters(wire.Window))


def insights(reporting: Reporting) -> Singleton:
    """Declare ``insights``."""
    return Singleton(
        name="insights",
        type=wire.Insights,
        get=Endpoint(_READ, _insights),
        operations=(
            _function(
                "topTasksProcessedSummary",
                reporting.top_tasks,
                wire.TopTasksInsightsSummary,
                many=True,
            ),
            _function(
                "topWorkflowsProcessedSummary",
                reporting.top_workflows,
                wire.TopWorkflowsInsightsSummary,
                many=True,
            ),
            _function(
                "workflowsProcessedByCategory",
                reporting.by_category,
                wire.WorkflowsInsightsByCategory,
            ),
            _function(
                "workflowsProcessedSummary", reporting.everything, wire.WorkflowsInsightsSummary
            ),
        ),
    )


async def _insights(call: Call) -> wire.Insights:
    """GET …/insights, which has no properties of its own"""
    return wire.Insights()


def _function(
    name: str,
    ask: Callable[[wire.Window], Awaitable[Any]],
    returns: type[Complex],
    *,
    many: bool = False,
) -> Operation:
    return Operation(
        name=name,
        kind="function",
        namespace=NAMESPACE,
        needs=_READ,
        handle=_Function(ask).handle,
        parameters=wire.Window,
        returns=returns,
        many=many,
    )

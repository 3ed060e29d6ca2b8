"""``…/accessPackageAssignmentApprovals``: who has to decide, and the decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement

from ostiary.entitlement.model.approvals import (
    Approval,
    ApprovalFilterParameters,
    ApprovalStage,
)
from ostiary.entitlement.model.enums import ApprovalFilterByCurrentUserOptions as Options
from ostiary.entitlement.routes.finding import act
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.approvals import Approvals
from ostiary.entitlement.sources import running
from ostiary.entitlement.sources.limits import requests_asking
from ostiary.entitlement.tables import approval_stages, assignment_requests
from ostiary.graph.errors import BadRequest
from ostiary.graph.resources import Call, Endpoint, EntitySet, Matching, Operation
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal

_NAME: Final = "accessPackageAssignmentApprovals"
_requests = assignment_requests.c

MINE: Final[dict[Options, Callable[[str], ColumnElement[bool]]]] = {
    Options.TARGET: lambda me: _requests.target_id == me,
    Options.CREATED_BY: lambda me: _requests.created_by == me,
    Options.APPROVER: lambda me: _requests.id.in_(requests_asking(me)) & ~running.own_requests(me),
}
"""What ``filterByCurrentUser`` finds for a person."""


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Approvals

    async def decide(self, call: Call) -> None:
        """PATCH …/accessPackageAssignmentApprovals/{requestId}/stages/{stageId}"""
        draft = call.create(ApprovalStage)
        await self.service.decide(call.key(_NAME), call.key("stages"), draft, act(call))

    async def mine(self, call: Call) -> Matching:
        """GET …/accessPackageAssignmentApprovals/filterByCurrentUser(on='…')"""
        option = call.parameters(ApprovalFilterParameters).on
        test = MINE.get(option)
        if test is None:
            raise BadRequest(
                f"'on' must be {', '.join(repr(str(one)) for one in MINE)}.", target="on"
            )
        everybodys = replace(running.APPROVALS, visible=None)
        return Matching(where=test(principal(call).object_id), source=everybodys)


def approvals(services: Entitlement) -> EntitySet:
    """Declare ``accessPackageAssignmentApprovals`` with its stages (beta ``steps``)."""
    handlers = _Handlers(services.approvals)
    read = requires(matrix.EM_APPROVAL_READ)
    stages = EntitySet(
        name="stages",
        beta="steps",
        source=running.STAGES,
        within=approval_stages.c.request_id,
        read=read,
        update=Endpoint(requires(matrix.EM_APPROVAL_DECIDE), handlers.decide),
    )
    return EntitySet(
        name=_NAME,
        source=running.APPROVALS,
        read=read,
        children=(stages,),
        operations=(
            Operation(
                name="filterByCurrentUser",
                kind="function",
                bound="collection",
                needs=requires(matrix.EM_APPROVAL_DECIDE),
                handle=handlers.mine,
                parameters=ApprovalFilterParameters,
                returns=Approval,
                many=True,
            ),
        ),
    )

"""``…/assignments``: read, and written again; requests make and end them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, false, or_, select

from ostiary.directory.tables import directory_objects
from ostiary.entitlement.model.enums import (
    AccessPackageAssignmentFilterByCurrentUserOptions as Options,
)
from ostiary.entitlement.model.requests import (
    AccessPackageAssignment,
    AdditionalAccessParameters,
    AssignmentFilterParameters,
)
from ostiary.entitlement.roles import Task, seen_catalogs
from ostiary.entitlement.routes import explaining
from ostiary.entitlement.routes.finding import OF_ASSIGNMENT, Gates, act
from ostiary.entitlement.separation import check_pair
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.assignments import Assignments
from ostiary.entitlement.sources import running
from ostiary.entitlement.store.separation import additional_access
from ostiary.entitlement.tables import assignment_requests
from ostiary.entitlement.tables import assignments as rows
from ostiary.graph.resources import Call, EntitySet, Matching, Operation
from ostiary.identity import matrix
from ostiary.identity.permissions import requires
from ostiary.identity.principals import principal
from ostiary.storage.database import Database


def _created_by(person: str) -> ColumnElement[bool]:
    made = select(assignment_requests.c.assignment_id).where(
        or_(
            assignment_requests.c.requestor_id == person,
            assignment_requests.c.created_by == person,
        )
    )
    return rows.c.id.in_(made)


def _managed(person: str) -> ColumnElement[bool]:
    reports = select(directory_objects.c.id).where(directory_objects.c.manager_id == person)
    return rows.c.target_id.in_(reports)


MINE: Final[dict[Options, Callable[[str], ColumnElement[bool]]]] = {
    Options.TARGET: lambda me: rows.c.target_id == me,
    Options.CREATED_BY: _created_by,
    Options.TARGET_MANAGER: _managed,
    Options.TARGET_AGENT_IDENTITY_SPONSOR_OR_OWNER: lambda _: false(),
}
"""What ``filterByCurrentUser`` finds for a person; there are no agent identities here."""


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Assignments

    async def reprocess(self, call: Call) -> None:
        """POST …/assignments/{id}/reprocess"""
        await self.service.reprocess(call.key("assignments"), act(call))

    async def mine(self, call: Call) -> Matching:
        """GET …/assignments/filterByCurrentUser(on='…')"""
        return _of_caller(call, call.parameters(AssignmentFilterParameters).on)

    async def held(self, call: Call) -> Matching:
        """GET …/assignments/My()"""
        return _of_caller(call, Options.TARGET)

    async def additional(self, call: Call) -> Matching:
        """GET …/assignments/additionalAccess(accessPackageId='…',incompatibleAccessPackageId='…')

        With the first argument alone: what that package lists as incompatible; with none: what
        every package lists.
        """
        asked = call.parameters(AdditionalAccessParameters)
        one, other = asked.access_package_id, asked.incompatible_access_package_id
        check_pair(one, other)
        one, other = one and one.lower(), other and other.lower()
        return Matching(where=additional_access(one, other, seen=seen_catalogs(call)))


def _of_caller(call: Call, option: Options) -> Matching:
    """Find what an option means for the caller, whatever else they may see."""
    everybodys = replace(running.ASSIGNMENTS, visible=None)
    return Matching(where=MINE[option](principal(call).object_id), source=everybodys)


def assignments(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``assignments`` (beta ``accessPackageAssignments``)."""
    handlers = _Handlers(services.assignments)
    return EntitySet(
        name="assignments",
        beta="accessPackageAssignments",
        source=running.ASSIGNMENTS,
        read=gates.read,
        operations=_operations(handlers, services.database, gates),
    )


def _operations(handlers: _Handlers, database: Database, gates: Gates) -> tuple[Operation, ...]:
    return (
        Operation(
            name="reprocess",
            kind="action",
            needs=gates.write(Task.ASSIGN, OF_ASSIGNMENT),
            handle=handlers.reprocess,
            empty=202,
        ),
        Operation(
            name="filterByCurrentUser",
            kind="function",
            bound="collection",
            needs=requires(matrix.EM_MINE),
            handle=handlers.mine,
            parameters=AssignmentFilterParameters,
            returns=AccessPackageAssignment,
            many=True,
        ),
        Operation(
            name="My",
            kind="function",
            bound="collection",
            needs=requires(matrix.EM_MINE),
            handle=handlers.held,
            returns=AccessPackageAssignment,
            many=True,
        ),
        Operation(
            name="additionalAccess",
            kind="function",
            bound="collection",
            needs=requires(matrix.EM_ADDITIONAL_ACCESS, role=gates.checks.anywhere(Task.VIEW)),
            handle=handlers.additional,
            parameters=AdditionalAccessParameters,
            returns=AccessPackageAssignment,
            many=True,
        ),
        explaining.of_assignments(database, gates.read),
    )

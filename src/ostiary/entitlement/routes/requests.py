"""``…/assignmentRequests``: submit, cancel, process again, resume, delete.

Requests answer to every documented name; callback paths use the long one of beta.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import ColumnElement, false, or_, select

from ostiary.directory.tables import directory_objects
from ostiary.entitlement.intents import USER_TYPES
from ostiary.entitlement.model.enums import (
    AccessPackageAssignmentRequestFilterByCurrentUserOptions as Options,
)
from ostiary.entitlement.model.requests import (
    AccessPackageAssignmentRequest,
    RequestFilterParameters,
    ResumeParameters,
)
from ostiary.entitlement.roles import Task
from ostiary.entitlement.routes import explaining, unserved
from ostiary.entitlement.routes.finding import OF_REQUEST, Gates, act, of_new_request
from ostiary.entitlement.service import Entitlement
from ostiary.entitlement.service.requests import Requests
from ostiary.entitlement.sources import running
from ostiary.entitlement.sources.limits import requests_asking
from ostiary.entitlement.tables import assignment_requests
from ostiary.graph.errors import DomainError, Forbidden
from ostiary.graph.resources import Authorize, Call, Endpoint, EntitySet, Matching, Operation
from ostiary.identity import matrix
from ostiary.identity.permissions import has_scope, requires
from ostiary.identity.principals import principal

_columns = assignment_requests.c

_REQUESTED_FOR_OTHERS = _columns.requestor_id != _columns.target_id


def _managed(person: str) -> ColumnElement[bool]:
    reports = select(directory_objects.c.id).where(directory_objects.c.manager_id == person)
    return _columns.target_id.in_(reports)


MINE: Final[dict[Options, Callable[[str], ColumnElement[bool]]]] = {
    Options.TARGET: lambda me: _columns.target_id == me,
    Options.CREATED_BY: lambda me: or_(_columns.requestor_id == me, _columns.created_by == me),
    Options.APPROVER: lambda me: _columns.id.in_(requests_asking(me)) & ~running.own_requests(me),
    Options.TARGET_OR_REQUESTOR: running.own_requests,
    Options.TARGET_MANAGER: _managed,
    Options.REQUEST_FOR_OTHERS: lambda me: (_columns.requestor_id == me) & _REQUESTED_FOR_OTHERS,
    Options.TARGET_AGENT_IDENTITY_SPONSOR_OR_OWNER: lambda _: false(),
}
"""What ``filterByCurrentUser`` finds for a person; there are no agent identities here."""


@dataclass(frozen=True, slots=True)
class _Handlers:
    service: Requests

    async def create(self, call: Call) -> AccessPackageAssignmentRequest:
        """POST …/assignmentRequests"""
        draft = call.create(AccessPackageAssignmentRequest)
        return await self.service.submit(draft, act(call))

    async def delete(self, call: Call) -> None:
        """DELETE …/assignmentRequests/{id}"""
        await self.service.delete(_key(call), act(call))

    async def cancel(self, call: Call) -> None:
        """POST …/assignmentRequests/{id}/cancel"""
        await self.service.cancel(_key(call), act(call))

    async def reprocess(self, call: Call) -> None:
        """POST …/assignmentRequests/{id}/reprocess"""
        await self.service.reprocess(_key(call), act(call))

    async def resume(self, call: Call) -> None:
        """POST …/assignmentRequests/{id}/resume"""
        try:
            body = call.parameters(ResumeParameters)
        except DomainError as error:
            caller = principal(call).actor()
            await self.service.refuse_resume(_key(call), error, now=call.now, caller=caller)
            raise
        await self.service.resume(_key(call), body, act=act(call))

    async def mine(self, call: Call) -> Matching:
        """GET …/assignmentRequests/filterByCurrentUser(on='…')"""
        return _of_caller(call, call.parameters(RequestFilterParameters).on)

    async def own(self, call: Call) -> Matching:
        """GET …/assignmentRequests/My()"""
        return _of_caller(call, Options.TARGET_OR_REQUESTOR)


def _of_caller(call: Call, option: Options) -> Matching:
    """Find what an option means for the caller, whatever else they may see."""
    everybodys = replace(running.REQUESTS, visible=None)
    return Matching(where=MINE[option](principal(call).object_id), source=everybodys)


def requests(services: Entitlement, gates: Gates) -> EntitySet:
    """Declare ``assignmentRequests`` (also ``accessPackageAssignmentRequests``)."""
    handlers = _Handlers(services.requests)
    return EntitySet(
        name="assignmentRequests",
        beta="accessPackageAssignmentRequests",
        source=running.REQUESTS,
        read=_may_read(gates),
        create=Endpoint(_may_submit(gates), handlers.create),
        delete=Endpoint(gates.write(Task.ASSIGN, OF_REQUEST), handlers.delete),
        unserved=unserved.REQUESTS,
        operations=(
            *_operations(handlers, gates),
            explaining.of_requests(services.database, _may_read(gates)),
        ),
    )


def _operations(handlers: _Handlers, gates: Gates) -> tuple[Operation, ...]:
    manage = gates.write(Task.ASSIGN, OF_REQUEST)
    return (
        Operation(name="cancel", kind="action", needs=_may_cancel(gates), handle=handlers.cancel),
        Operation(
            name="reprocess", kind="action", needs=manage, handle=handlers.reprocess, empty=202
        ),
        Operation(
            name="resume",
            kind="action",
            needs=_may_resume(handlers.service, gates),
            handle=handlers.resume,
            parameters=ResumeParameters,
        ),
        Operation(
            name="filterByCurrentUser",
            kind="function",
            bound="collection",
            needs=requires(matrix.EM_MINE),
            handle=handlers.mine,
            parameters=RequestFilterParameters,
            returns=AccessPackageAssignmentRequest,
            many=True,
        ),
        Operation(
            name="My",
            kind="function",
            bound="collection",
            needs=requires(matrix.EM_MINE),
            handle=handlers.own,
            returns=AccessPackageAssignmentRequest,
            many=True,
        ),
    )


def _may_read(gates: Gates) -> Authorize:
    """Whoever may read what is in a catalog; people see their own requests with a lesser scope."""

    async def authorize(call: Call) -> None:
        caller = principal(call)
        if caller.kind == "delegated" and has_scope(matrix.EM_MINE, caller):
            return
        await gates.read(call)

    return authorize


def _may_submit(gates: Gates) -> Authorize:
    """People ask for themselves; whoever asks for others needs a role."""
    by_person = requires(matrix.EM_REQUEST)
    by_administrator = gates.write(Task.ASSIGN, of_new_request)

    async def authorize(call: Call) -> None:
        draft = call.create(AccessPackageAssignmentRequest)
        await (by_person if draft.request_type in USER_TYPES else by_administrator)(call)

    return authorize


def _may_cancel(gates: Gates) -> Authorize:
    """People cancel their own requests; whoever cancels others' needs a role."""
    with_scope = requires(matrix.EM_CANCEL)
    by_administrator = gates.write(Task.ASSIGN, OF_REQUEST)

    async def authorize(call: Call) -> None:
        await with_scope(call)
        own = running.own_requests(principal(call).object_id)
        query = select(_columns.id).where(_columns.id == _key(call), own)
        async with gates.database.reading() as conn:
            is_own = await conn.scalar(query) is not None
        if not is_own:
            await by_administrator(call)

    return authorize


def _may_resume(service: Requests, gates: Gates) -> Authorize:
    """Resume needs a permission, or a role in the catalog; a refusal is kept in the ledger."""
    check = requires(matrix.EM_RESUME, role=gates.checks.on(Task.ASSIGN, OF_REQUEST))

    async def authorize(call: Call) -> None:
        try:
            await check(call)
        except Forbidden as error:
            caller = principal(call).actor()
            await service.refuse_resume(_key(call), error, now=call.now, caller=caller)
            raise

    return authorize


def _key(call: Call) -> str:
    return call.key("assignmentRequests")

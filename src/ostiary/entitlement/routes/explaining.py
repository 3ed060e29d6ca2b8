"""``…/ostiary.why()``: why a request or an assignment stands as it does. The function is ours."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import ColumnElement, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.explanations import Why
from ostiary.entitlement.service.explaining import explain_assignment, explain_request
from ostiary.entitlement.sources import running
from ostiary.entitlement.tables import assignment_requests
from ostiary.graph.edm import qualified_name
from ostiary.graph.resources import Authorize, Call, Operation, Source
from ostiary.storage.database import Database

Explain = Callable[..., Awaitable[Why]]  # (conn, key, *, hidden)


def of_requests(database: Database, needs: Authorize) -> Operation:
    """Declare the function of requests; whoever may read one may ask."""
    mine = assignment_requests.c.id

    async def why(call: Call) -> Why:
        """GET …/assignmentRequests/{id}/ostiary.why()"""
        key = call.key("assignmentRequests")
        return await _why(database, call, running.REQUESTS, key, mine == key, explain_request)

    return _operation(why, needs)


def of_assignments(database: Database, needs: Authorize) -> Operation:
    """Declare the function of assignments, as ``of_requests``."""

    async def why(call: Call) -> Why:
        """GET …/assignments/{id}/ostiary.why()"""
        key, mine = call.key("assignments"), assignment_requests.c.assignment_id
        return await _why(database, call, running.ASSIGNMENTS, key, mine == key, explain_assignment)

    return _operation(why, needs)


async def _why(
    database: Database,
    call: Call,
    source: Source,
    key: str,
    requests: ColumnElement[bool],
    explain: Explain,
) -> Why:
    async with database.reading() as conn:
        if not await _is_seen(conn, call, source, key):
            raise NotThere(qualified_name(source.type).rpartition(".")[2], key)
        hidden = await running.hidden_stages(conn, call, requests)
        return await explain(conn, key, hidden=hidden)


async def _is_seen(conn: AsyncConnection, call: Call, source: Source, key: str) -> bool:
    """Say whether the caller would find it by reading."""
    visible = source.visible(call) if source.visible else None
    tests: list[Any] = [source.key == key]  # columns of any type
    tests += [test for test in (source.where, visible) if test is not None]
    return await conn.scalar(select(true()).select_from(source.table).where(*tests)) is not None


def _operation(handle: Callable[[Call], Awaitable[Why]], needs: Authorize) -> Operation:
    return Operation(
        name="why",
        kind="function",
        namespace="ostiary",
        needs=needs,
        handle=handle,
        returns=Why,
        in_schema=False,
    )

"""Separation of duties, looked at once more when access is about to be given.

Since a request was made its target may have got something else that excludes the package. The
people concerned are locked first (after their assignments, as everywhere), so that of two packages
that exclude each other one is given.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.states import Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import separation as store

_log = structlog.get_logger(__name__)


async def excluded(conn: AsyncConnection, due: Sequence[Request]) -> dict[str, str]:
    """Say of the requests whose targets may no longer get what they are about why not, by id."""
    excluders = await store.excluders(conn, {request.package_id for request in due})
    checked = [request for request in due if request.package_id in excluders]
    if not checked:
        return {}
    await assignment_store.lock(conn, [request.assignment_id for request in checked])
    people = {request.target_id for request in checked}
    await assignment_store.lock_targets(conn, people)
    exclusions = await store.exclusions(conn, excluders, {request.target_id for request in due})
    found: dict[str, str] = {}
    for request in due:
        problem = exclusions.conflict(request.package_id, request.target_id)
        if problem is None:
            exclusions.note(request.package_id, request.target_id)
        else:
            found[request.id] = str(problem)
            _log.warning("request.incompatible", request=request.id, reason=str(problem))
    return found

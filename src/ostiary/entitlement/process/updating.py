"""Changing assignments that are held: their ends, and the policies that they are under.

No role is written: what somebody has of the package stays as it is. The change, the request, the
timers of the new end, and what was answered about the person are stored together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import assignments, attributes, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import ScheduleNotAllowed
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.schedules import ExpirationPattern
from ostiary.entitlement.process import describing, moves, timers
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.states import Delivery, Request
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store.requests import Said

_log = structlog.get_logger(__name__)


async def apply(conn: AsyncConnection, due: Sequence[Request], *, now: datetime) -> None:
    """Make the changes that these requests ask for; one that cannot be made fails its request.

    The caller has locked the requests.
    """
    if not due:
        return
    terms = await policy_store.terms(conn, {request.terms_id for request in due})
    existing = await policy_store.current_terms(conn, {request.policy_id for request in due})
    said = await request_store.said(conn, [request.id for request in due])
    held = await assignment_store.lock(conn, [request.assignment_id for request in due])
    changed: dict[str, Assignment] = {}
    for request in due:
        before = held.get(request.assignment_id)
        if before is not None and before.is_held and request.policy_id in existing:
            limit = terms[request.terms_id].expiration
            _change(changed, request, before, limit, said, now)
    await assignment_store.save(conn, list(changed.values()))
    await _save_answers(conn, changed, said, due, now=now)
    await timers.rearm(conn, list(changed.values()), now=now)
    both = [Move(r, requests.delivered(r, _outcome(r, changed), now=now)) for r in due]
    await moves.store(conn, both, now=now)


async def _save_answers(
    conn: AsyncConnection,
    changed: Mapping[str, Assignment],
    said: Mapping[str, Said],
    due: Sequence[Request],
    *,
    now: datetime,
) -> None:
    """Put the answers of requests in force, and into the directory what they say anew."""
    before = await assignment_store.answers_of(conn, [one.id for one in changed.values()])
    answers = {changed[key].id: said[key].answers for key in changed}
    await assignment_store.save_answers(conn, answers)
    edits = {key: attributes.edits(before.get(key, ()), some) for key, some in answers.items()}
    told = {r.assignment_id for r in due if r.type is RequestType.ADMIN_UPDATE}
    held = list(changed.values())
    await describing.edit(conn, held, edits, by_administrators=told, now=now)


def _change(
    changed: dict[str, Assignment],
    request: Request,
    before: Assignment,
    limit: ExpirationPattern | None,
    said: Mapping[str, Said],
    now: datetime,
) -> None:
    try:
        moves_ = request.policy_id != before.policy_id
        schedule = said[request.id].schedule
        end = assignments.changed_end(before, limit, schedule, moves=moves_, now=now)
    except ScheduleNotAllowed as error:
        _log.warning("request.too_late_to_change", request=request.id, reason=str(error))
        return
    changed[request.id] = assignments.changed(before, policy_id=request.policy_id, ends_at=end)


def _outcome(request: Request, changed: Mapping[str, Assignment]) -> Delivery:
    return Delivery.COMPLETE if request.id in changed else Delivery.FAILED

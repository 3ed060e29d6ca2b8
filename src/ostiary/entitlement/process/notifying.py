"""Telling people: the mails that follow from moves of requests, in the same transaction.

What the table of ``notices`` asks for is read for the whole batch at once, and only for the
requests of which there is something to tell.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.directory import store as directory
from ostiary.entitlement import assignments, names, notices
from ostiary.entitlement.approvals import Chair, Stage
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.letters import SAMPLES
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.notices import Audience, Event, Notice
from ostiary.entitlement.states import ADMINISTRATIVE, Request
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.mail.mails import About, NewMail
from ostiary.mail.service import send

_CHAIRS: Final[Mapping[Audience, Set[Chair]]] = {
    Audience.APPROVERS: {Chair.PRIMARY, Chair.FALLBACK},
    Audience.ESCALATION_APPROVERS: {Chair.ESCALATION},
}
_OF_APPROVAL: Final = frozenset(
    {Event.ASKED, Event.ESCALATED, Event.WITHDRAWN, Event.DENIED, Event.UNDECIDED}
)
_ENDS: Final = frozenset(
    {Event.GRANTED, Event.CHANGED, Event.PARTLY_GRANTED, Event.EXPIRED, Event.REMOVED}
)


class Moved(Protocol):
    """A request as it was, and as a rule made it."""

    @property
    def before(self) -> Request: ...  # noqa: D102

    @property
    def after(self) -> Request: ...  # noqa: D102

    @property
    def actor(self) -> Actor: ...  # noqa: D102

    @property
    def stages(self) -> Sequence[Stage]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class _Happening:
    """Something that has happened to a request, and the stages that time has moved with it."""

    event: Event
    request: Request
    moved: Sequence[Stage]
    actor_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the mails name."""

    packages: Mapping[str, str]
    names: Mapping[str, str]
    askers: Mapping[str, str]
    """By request: the person who made it."""
    terms: Mapping[str, AccessPackageAssignmentPolicy]
    held: Mapping[str, Assignment]
    justifications: Mapping[str, str | None] = field(default_factory=dict)
    stages: Mapping[str, Sequence[Stage]] = field(default_factory=dict)
    """By request."""
    asked: Mapping[tuple[str, Audience], Set[str]] = field(default_factory=dict)
    """The people by stage."""
    outside: Mapping[str, AccessPackageSubject] = field(default_factory=dict)
    """Subjects that are not in the directory."""


async def notify(conn: AsyncConnection, moves: Sequence[Moved], *, now: datetime) -> None:
    """Write to everybody who is to be told of these moves, which the caller has stored.

    Of a request that has not moved there is something to tell where time has moved its stages.
    """
    over = await _over(conn, moves, now)
    found = [
        _Happening(event, move.after, move.stages, move.actor.id)
        for move in moves
        for event in notices.of_move(
            move.before,
            move.after,
            stages=move.stages,
            actor_id=move.actor.id,
            is_over=move.after.assignment_id in over,
        )
    ]
    if not found:
        return
    facts = await _facts(conn, found)
    await send(conn, [mail for one in found for mail in _mails(one, facts)], now=now)


async def _over(conn: AsyncConnection, moves: Sequence[Moved], now: datetime) -> set[str]:
    """Say which of the assignments that are being removed have come to the end of their time."""
    removed = {move.after.assignment_id for move in moves if move.after.is_removal}
    if not removed:
        return set()
    held = await assignment_store.read(conn, removed)
    return {key for key, one in held.items() if assignments.is_over(one, now=now)}


async def _facts(conn: AsyncConnection, found: Sequence[_Happening]) -> _Facts:
    requests = {one.request.id: one.request for one in found}
    every = requests.values()
    makers = await _makers(conn, every)
    people = {person for r in every for person in (r.target_id, r.requestor_id)}
    people |= set(makers.values())
    known = await directory.references(conn, people)
    missing = people - known.keys()
    outside = await subject_store.read(conn, missing) if missing else {}
    packages = await catalog_store.packages(conn, {request.package_id for request in every})
    ending = {one.request.assignment_id for one in found if one.event in _ENDS}
    of_approval = [one for one in found if one.event in _OF_APPROVAL]
    called = {key: one.display_name for key, one in outside.items()}
    called |= {key: one.display_name for key, one in known.items()}
    return _Facts(
        packages={key: package.display_name for key, package in packages.items()},
        names={key: name for key, name in called.items() if name},
        askers={key: maker for key, maker in makers.items() if maker in known or maker in outside},
        terms=await policy_store.terms(conn, {request.terms_id for request in every}),
        held=await assignment_store.read(conn, ending) if ending else {},
        outside=outside,
        **(await _of_approvals(conn, of_approval) if of_approval else {}),
    )


async def _makers(conn: AsyncConnection, every: Collection[Request]) -> dict[str, str]:
    """Give whoever made each request; what an administrator asks for is not the target's doing."""
    makers = {one.id: one.requestor_id for one in every}
    administrative = [one.id for one in every if one.type in ADMINISTRATIVE]
    said = await request_store.said(conn, administrative) if administrative else {}
    return makers | {key: one.created_by for key, one in said.items() if one.created_by}


async def _of_approvals(conn: AsyncConnection, found: Sequence[_Happening]) -> dict[str, Any]:
    """Read what only mails about approvals name, and who is asked."""
    keys = {one.request.id for one in found}
    said = await request_store.said(conn, keys)
    stages = await approval_store.lock_of_requests(conn, keys)
    return {
        "justifications": {key: one.justification for key, one in said.items()},
        "stages": stages,
        "asked": await _asked(conn, {s.id for one in found for s in _concerned(one, stages)}),
    }


async def _asked(
    conn: AsyncConnection, stage_ids: Collection[str]
) -> dict[tuple[str, Audience], Set[str]]:
    """Give the people who are asked at stages, the members of groups one by one."""
    seats = await approval_store.seats(conn, stage_ids)
    ids = {seat.principal_id for found in seats.values() for seat in found}
    people = await directory.people_behind(conn, ids)
    return {
        (stage, audience): {
            person for seat in found if seat.chair in chairs for person in people[seat.principal_id]
        }
        for stage, found in seats.items()
        for audience, chairs in _CHAIRS.items()
    }


def _concerned(one: _Happening, stages: Mapping[str, Sequence[Stage]]) -> list[Stage]:
    return notices.concerned(one.event, stages.get(one.request.id, ()), one.moved)


def _mails(one: _Happening, facts: _Facts) -> Iterable[NewMail]:
    terms = facts.terms[one.request.terms_id]
    for notice in notices.told_of(one.event, one.request, is_switched_off=is_silent(terms)):
        for stage in _occasions(notice, one, facts):
            values = _values(one, stage, facts)
            for person in sorted(_recipients(notice, one, stage, facts)):
                yield NewMail(
                    template=notice.template,
                    **_address(person, facts),
                    values={name: values[name] for name in SAMPLES[notice.template]},
                    about=About(names.REQUEST, one.request.id),
                )


def _occasions(notice: Notice, one: _Happening, facts: _Facts) -> Sequence[Stage | None]:
    """Give the stages to tell of: approvers are told of each of theirs, everybody else once."""
    stages = _concerned(one, facts.stages)
    return stages if notice.audience in _CHAIRS else (stages[:1] or [None])


def is_silent(terms: AccessPackageAssignmentPolicy) -> bool:
    """Say whether a policy switches the mails about its assignments off."""
    settings = terms.notification_settings
    return settings is not None and settings.is_assignment_notification_disabled


def _recipients(notice: Notice, one: _Happening, stage: Stage | None, facts: _Facts) -> Set[str]:
    request = one.request
    match notice.audience:
        case Audience.REQUESTOR:
            own = one.event is Event.CANCELED and facts.askers.get(request.id) == one.actor_id
            return {facts.askers[request.id]} if request.id in facts.askers and not own else set()
        case Audience.TARGET:
            return {request.target_id}
        case _:
            asked = facts.asked.get((stage.id, notice.audience), set()) if stage else set()
            return asked - {request.target_id, request.requestor_id}


def _address(person: str, facts: _Facts) -> dict[str, Any]:
    outside = facts.outside.get(person)
    if outside is None or not outside.email:
        return {"to": person}
    return {"to": person, "address": outside.email, "name": outside.display_name}


def _values(one: _Happening, stage: Stage | None, facts: _Facts) -> dict[str, Any]:
    request = one.request
    held = facts.held.get(request.assignment_id)
    asker = facts.askers.get(request.id, request.requestor_id)
    return {
        "package": facts.packages.get(request.package_id, request.package_id),
        "requestor": facts.names.get(asker, asker),
        "target": facts.names.get(request.target_id, request.target_id),
        "is_own": asker == request.target_id,
        "justification": facts.justifications.get(request.id),
        "due_at": stage.due_at if stage else None,
        "reason": stage.justification if stage else None,
        "ends_at": held.ends_at if held else None,
    }

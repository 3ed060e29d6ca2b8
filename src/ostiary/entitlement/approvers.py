"""Approvers: who is asked at a stage.

Nobody decides on a request of their own: if that leaves no one, the fallback approvers are asked;
if there are none either, the stage stays open until its time is up, and then the request is denied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Final

from ostiary.entitlement.approvals import Chair, Seat
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.subjects import (
    ExternalSponsors,
    GroupMembers,
    InternalSponsors,
    RequestorManager,
    SingleUser,
    SubjectSet,
    TargetApplicationOwners,
    TargetManager,
    TargetUserSponsors,
)

Principals = frozenset[str]
"""Users, and groups for their members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is known that decides who is asked about a request."""

    target_id: str
    requestor_id: str
    managers: Mapping[str, str] = field(default_factory=dict)
    """By person."""
    users: Set[str] = frozenset()
    """Those of the named users who exist."""
    members: Mapping[str, Set[str]] = field(default_factory=dict)
    """By group: those of the named groups, and of those that sponsor, that exist."""
    sponsors: Principals = frozenset()
    """Who sponsors the target."""
    internal_sponsors: Principals = frozenset()
    external_sponsors: Principals = frozenset()
    """Who answers for the organisation of whoever asks."""
    owners: Principals = frozenset()
    """Who owns the application that the target is."""

    @property
    def concerned(self) -> frozenset[str]:
        """Those who may not decide, because the request is theirs."""
        return frozenset({self.target_id, self.requestor_id})


def seats(settings: AccessPackageApprovalStage, around: Surroundings) -> frozenset[Seat]:
    """Say who is asked at a stage."""
    asked = _seats(settings.primary_approvers, around, Chair.PRIMARY)
    if not somebody_decides(asked, around):
        asked |= _seats(settings.fallback_primary_approvers, around, Chair.FALLBACK)
    if settings.is_escalation_enabled:
        asked |= _escalation(settings, around)
    return asked


def somebody_decides(asked: Iterable[Seat], around: Surroundings) -> bool:
    """Say whether anybody is left once those whom the request concerns are out."""
    return any(
        around.members.get(seat.principal_id, {seat.principal_id}) - around.concerned
        for seat in asked
    )


def _escalation(settings: AccessPackageApprovalStage, around: Surroundings) -> frozenset[Seat]:
    asked = _seats(settings.escalation_approvers, around, Chair.ESCALATION)
    if somebody_decides(asked, around):
        return asked
    return asked | _seats(settings.fallback_escalation_approvers, around, Chair.ESCALATION)


def _seats(sets: Sequence[SubjectSet], around: Surroundings, chair: Chair) -> frozenset[Seat]:
    return frozenset(
        Seat(principal, chair) for one in sets for principal in _principals(one, around)
    )


def _principals(one: SubjectSet, around: Surroundings) -> Principals:
    find = FINDERS.get(type(one))
    return find(one, around) if find else frozenset()


def _user(one: SingleUser, around: Surroundings) -> Principals:
    return frozenset({one.user_id or ""} & around.users)


def _group(one: GroupMembers, around: Surroundings) -> Principals:
    return frozenset({one.group_id or ""} & around.members.keys())


def _requestors_manager(one: RequestorManager, around: Surroundings) -> Principals:
    return _manager(around.requestor_id, one.manager_level, around)


def _targets_manager(one: TargetManager, around: Surroundings) -> Principals:
    return _manager(around.target_id, one.manager_level, around)


def _manager(person: str, level: int | None, around: Surroundings) -> Principals:
    above: str | None = person
    for _ in range(level or 1):
        above = around.managers.get(above) if above else None
    return frozenset({above}) if above else frozenset()


FINDERS: Final[dict[type[SubjectSet], Callable[[Any, Surroundings], Principals]]] = {
    SingleUser: _user,
    GroupMembers: _group,
    RequestorManager: _requestors_manager,
    TargetManager: _targets_manager,
    InternalSponsors: lambda _, around: around.internal_sponsors,
    ExternalSponsors: lambda _, around: around.external_sponsors,
    TargetUserSponsors: lambda _, around: around.sponsors,
    TargetApplicationOwners: lambda _, around: around.owners,
}
"""Every kind of approver, and how those who are meant are found."""

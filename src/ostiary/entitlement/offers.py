"""For whom a policy is: its targets, those who ask for others, and which policies come first.

Several policies of a package may be for the same target. Those that name their targets come before
those for all members, those before the ones for the whole directory, and those before the ones for
people from elsewhere; only the first of these tiers is offered. Otherwise whoever is to be asked
about by name could ask under the policy for everybody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AllowedTargetScope as Scope
from ostiary.entitlement.model.policies import (
    AccessPackageAssignmentApprovalSettings,
    AccessPackageAssignmentRequestorSettings,
)
from ostiary.entitlement.model.subjects import (
    ConnectedOrganizationMembers,
    GroupMembers,
    SingleServicePrincipal,
    SingleUser,
    SubjectSet,
    TargetManager,
)
from ostiary.entitlement.organizations import GUEST, Affiliation

NOTHING_ALLOWED: Final = AccessPackageAssignmentRequestorSettings()
NO_APPROVAL: Final = AccessPackageAssignmentApprovalSettings()

_BY_DEFAULT: Final[Sequence[SubjectSet]] = (TargetManager(manager_level=1),)
"""Who asks on behalf of others where a policy allows it and names nobody."""

_TIERS: Final[dict[Scope, int]] = {
    Scope.SPECIFIC_DIRECTORY_USERS: 1,
    Scope.SPECIFIC_CONNECTED_ORGANIZATION_USERS: 1,
    Scope.SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS: 1,
    Scope.ALL_MEMBER_USERS: 2,
    Scope.ALL_DIRECTORY_USERS: 3,
    Scope.ALL_DIRECTORY_SERVICE_PRINCIPALS: 3,
    Scope.ALL_CONFIGURED_CONNECTED_ORGANIZATION_USERS: 4,
    Scope.ALL_EXTERNAL_USERS: 4,
}
_LAST: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whoever is to get the access, as the directory knows them."""

    id: str
    user_type: str | None = None
    groups: frozenset[str] = frozenset()
    is_person: bool = True
    """False: a service principal."""
    managers: Sequence[str] = ()
    """The nearest first; known where somebody else asks."""
    affiliation: Affiliation | None = None
    """The connected organisation of somebody from elsewhere."""

    @property
    def is_external(self) -> bool:
        """Whether they are somebody from elsewhere."""
        return self.is_person and (self.user_type or "").lower() == GUEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Requestor:
    """Whoever asks."""

    id: str
    groups: frozenset[str] = frozenset()


def is_for(
    policy: AccessPackageAssignmentPolicy, target: Target, *, by_administrator: bool = False
) -> bool:
    """Say whether a policy is for a target; a scope that the server does not know is for no one."""
    match policy.allowed_target_scope:
        case Scope.NOT_SPECIFIED:
            return by_administrator
        case Scope.ALL_DIRECTORY_USERS:
            return target.is_person
        case Scope.ALL_MEMBER_USERS:
            return target.is_person and not target.is_external
        case Scope.SPECIFIC_DIRECTORY_USERS:
            return target.is_person and _names(policy.specific_allowed_targets, target)
        case Scope.ALL_DIRECTORY_SERVICE_PRINCIPALS:
            return not target.is_person
        case Scope.SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS:
            return not target.is_person and _names(policy.specific_allowed_targets, target)
        case Scope.SPECIFIC_CONNECTED_ORGANIZATION_USERS:
            return target.is_external and _names(policy.specific_allowed_targets, target)
        case Scope.ALL_CONFIGURED_CONNECTED_ORGANIZATION_USERS:
            home = target.affiliation if target.is_external else None
            return home is not None and home.is_configured
        case Scope.ALL_EXTERNAL_USERS:
            return target.is_external
        case _:
            return False


def lets_add(policy: AccessPackageAssignmentPolicy, requestor: Requestor, target: Target) -> bool:
    """Say whether somebody may ask under a policy, for themselves or for the target."""
    settings = policy.requestor_settings or NOTHING_ALLOWED
    if not is_for(policy, target):
        return False
    if requestor.id == target.id:
        return bool(settings.enable_targets_to_self_add_access)
    enabled = bool(settings.enable_on_behalf_requestors_to_add_access)
    return enabled and is_on_behalf_requestor(policy, requestor, target)


def is_on_behalf_requestor(
    policy: AccessPackageAssignmentPolicy, requestor: Requestor, target: Target
) -> bool:
    """Say whether somebody is among those who ask for the target under a policy."""
    settings = policy.requestor_settings or NOTHING_ALLOWED
    named = settings.on_behalf_requestors or _BY_DEFAULT
    return any(_is(one, requestor, target) for one in named)


def tier(policy: AccessPackageAssignmentPolicy) -> int:
    """Give the tier of a policy; the lowest number comes first."""
    return _TIERS.get(policy.allowed_target_scope, _LAST)


def first_offered(
    policies: Iterable[AccessPackageAssignmentPolicy], requestor: Requestor, target: Target
) -> AccessPackageAssignmentPolicy | None:
    """Give one of the policies that come first for a requestor and a target, if any is for them."""
    fitting = [policy for policy in policies if lets_add(policy, requestor, target)]
    return min(fitting, key=tier, default=None)


def offered(
    policies: Iterable[AccessPackageAssignmentPolicy], requestor: Requestor, target: Target
) -> list[AccessPackageAssignmentPolicy]:
    """Give the policies under which somebody may ask: those of the first tier that is for them."""
    fitting = [policy for policy in policies if lets_add(policy, requestor, target)]
    best = min(map(tier, fitting), default=_LAST)
    return [policy for policy in fitting if tier(policy) == best]


def _names(targets: Sequence[SubjectSet], target: Target) -> bool:
    return any(_is_target(one, target) for one in targets)


def _is_target(one: SubjectSet, target: Target) -> bool:
    match one:
        case SingleUser():
            return one.user_id == target.id
        case SingleServicePrincipal():
            return (one.service_principal_id or "").lower() == target.id
        case GroupMembers():
            return one.group_id in target.groups
        case ConnectedOrganizationMembers():
            home = target.affiliation
            return home is not None and one.connected_organization_id == home.organization_id
        case _:
            return False


def _is(one: SubjectSet, requestor: Requestor, target: Target) -> bool:
    match one:
        case SingleUser():
            return (one.user_id or "").lower() == requestor.id
        case GroupMembers():
            return (one.group_id or "").lower() in requestor.groups
        case TargetManager():
            above = (one.manager_level or 1) - 1
            return above < len(target.managers) and target.managers[above] == requestor.id
        case _:
            return False

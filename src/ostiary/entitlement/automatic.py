"""Automatic policies: what one may say, and what it does about somebody.

An automatic policy names its targets by rules. Whoever a rule is true of is given the package, and
whoever it is true of no longer loses it, at once or after a time of grace. Nobody asks, agrees,
answers or sets an end, so a policy that says anything of these contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ostiary.directory.rules import Rule, RuleError, parse
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AllowedTargetScope
from ostiary.entitlement.model.policies import (
    AccessPackageAssignmentRequestorSettings,
    AccessPackageAutomaticRequestSettings,
)
from ostiary.entitlement.model.subjects import AttributeRuleMembers
from ostiary.graph.edm import describe
from ostiary.graph.errors import InvalidModel

MAX_GRACE: Final = timedelta(days=3660)
_NONE: Final = AccessPackageAutomaticRequestSettings()
_BY_HAND: Final = (
    "enable_targets_to_self_add_access",
    "enable_targets_to_self_update_access",
    "enable_targets_to_self_remove_access",
    "enable_on_behalf_requestors_to_add_access",
    "enable_on_behalf_requestors_to_update_access",
    "enable_on_behalf_requestors_to_remove_access",
)


class Act(StrEnum):
    """What is done about one person under one policy."""

    GIVE = "give"
    DROP = "drop"
    """The request that would have given the package ends: it is for nobody any more."""
    LEAVE = "leave"
    """The time of grace begins."""
    STAY = "stay"
    """The time of grace ends, and the access stays."""
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class Automatic:
    """A policy as far as it acts by itself; one that is not automatic gives and takes nothing."""

    policy_id: str
    package_id: str
    catalog_id: str
    terms_id: str
    gives: bool = False
    takes: bool = False
    grace: timedelta = timedelta(0)
    rules: tuple[Rule, ...] = ()


def is_automatic(policy: AccessPackageAssignmentPolicy) -> bool:
    """Say whether a policy gives or takes by itself, or would if it were not switched off."""
    settings = policy.automatic_request_settings
    if settings is None:
        return False
    acts = (
        settings.request_access_for_allowed_targets
        or settings.remove_access_when_target_leaves_allowed_targets
    )
    return bool(acts) or any(True for _ in _rules(policy))


def rules_of(policy: AccessPackageAssignmentPolicy) -> tuple[Rule, ...]:
    """Give the rules by which a policy names its targets.

    :raises RuleError: one of them is not valid; it says where.
    """
    found = []
    for rule, path in _rules(policy):
        try:
            found.append(parse(rule))
        except RuleError as error:
            raise error.at(path) from error
    return tuple(found)


def check(policy: AccessPackageAssignmentPolicy) -> None:
    """Check that an automatic policy says all that it needs, and nothing that nobody would do.

    :raises InvalidModel: it does not, or a policy that is not automatic names targets by a rule.
    :raises RuleError: a rule is not valid.
    """
    rules_of(policy)
    if not is_automatic(policy):
        for _, path in _rules(policy):
            raise InvalidModel(
                f"'{path}' names people by a rule, and only a policy with "
                "'automaticRequestSettings' can do so. Name users or groups instead.",
                target=path.rpartition("/")[0],
            )
        return
    _check_targets(policy)
    _check_grace(policy.automatic_request_settings or _NONE)
    for path, reason in _contradictions(policy):
        raise InvalidModel(
            f"'{path}' cannot stand in an automatic policy: {reason}. Make a policy of its own "
            "for those who ask.",
            target=path,
        )


def act_on(
    policy: Automatic, assignment: Assignment | None, *, is_target: bool, now: datetime
) -> Act | None:
    """Say what is to be done about somebody; None: nothing.

    ``assignment`` is what they have of the package or are about to get, under whichever policy.
    """
    if assignment is None:
        return Act.GIVE if is_target and policy.gives else None
    if assignment.policy_id != policy.policy_id:
        return None
    leaves_at = assignment.leaves_at
    if is_target or (assignment.is_held and not policy.takes):
        return Act.STAY if leaves_at is not None else None
    if not assignment.is_held:
        return Act.DROP
    if leaves_at is None and policy.grace > timedelta(0):
        return Act.LEAVE
    return Act.REMOVE if leaves_at is None or now >= leaves_at else None


def _rules(policy: AccessPackageAssignmentPolicy) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(policy.specific_allowed_targets):
        if isinstance(one, AttributeRuleMembers):
            yield one.membership_rule or "", f"specificAllowedTargets/{number}/membershipRule"


def _check_targets(policy: AccessPackageAssignmentPolicy) -> None:
    if policy.allowed_target_scope is not AllowedTargetScope.SPECIFIC_DIRECTORY_USERS:
        raise InvalidModel(
            "The 'allowedTargetScope' of an automatic policy must be 'specificDirectoryUsers'.",
            target="allowedTargetScope",
        )
    for number, one in enumerate(policy.specific_allowed_targets):
        if not isinstance(one, AttributeRuleMembers):
            path = f"specificAllowedTargets/{number}"
            raise InvalidModel(
                f"'{path}' must be an 'attributeRuleMembers': an automatic policy names its "
                "targets by rules.",
                target=path,
            )


def _check_grace(settings: AccessPackageAutomaticRequestSettings) -> None:
    grace = settings.grace_period_before_access_removal
    if grace is not None and not timedelta(0) <= grace <= MAX_GRACE:
        path = "automaticRequestSettings/gracePeriodBeforeAccessRemoval"
        raise InvalidModel(
            f"'{path}' must lie between no time and {MAX_GRACE.days} days.", target=path
        )


def _contradictions(policy: AccessPackageAssignmentPolicy) -> Iterator[tuple[str, str]]:
    """Give what a policy says that only has a meaning where somebody asks, and why."""
    if policy.expiration and not policy.expiration.is_endless:
        yield "expiration", "its access lasts as long as the rule is true"
    asking = policy.requestor_settings
    known = describe(AccessPackageAssignmentRequestorSettings).properties
    for switch in _BY_HAND if asking else ():
        if getattr(asking, switch):
            name = known[switch].name
            yield f"requestorSettings/{name}", "its access follows the rule alone"
    approval = policy.request_approval_settings
    if approval and approval.is_approval_required_for_add:
        yield "requestApprovalSettings/isApprovalRequiredForAdd", "nobody is asked to agree"
    if approval and approval.is_approval_required_for_update:
        yield "requestApprovalSettings/isApprovalRequiredForUpdate", "nobody is asked to agree"
    if policy.questions:
        yield "questions", "there is nobody to answer"

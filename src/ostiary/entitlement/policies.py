"""What a policy may say: the checks that a new or changed one has to pass.

A policy that passes can be carried out; whatever it says that this server does not do is refused
here, so that no request ever slips through a demand that nobody reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

import msgspec

from ostiary.entitlement import approvers, automatic, questions
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AllowedTargetScope, ExpirationPatternType
from ostiary.entitlement.model.policies import (
    AccessPackageApprovalStage,
    AccessPackageAssignmentApprovalSettings,
    AccessPackageDynamicApprovalStage,
)
from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.entitlement.model.schedules import ExpirationPattern
from ostiary.entitlement.model.subjects import (
    AttributeRuleMembers,
    ConnectedOrganizationMembers,
    GroupMembers,
    RequestorManager,
    SingleServicePrincipal,
    SingleUser,
    SubjectSet,
    TargetAgentIdentitySponsorsOrOwners,
    TargetManager,
)
from ostiary.graph.edm import qualified_name
from ostiary.graph.errors import InvalidModel, NotSupported

MAX_STAGES: Final = 3
MAX_PERIOD: Final = timedelta(days=3660)
TARGETS: Final[dict[AllowedTargetScope, tuple[type[SubjectSet], ...]]] = {
    AllowedTargetScope.SPECIFIC_DIRECTORY_USERS: (SingleUser, GroupMembers, AttributeRuleMembers),
    AllowedTargetScope.SPECIFIC_CONNECTED_ORGANIZATION_USERS: (ConnectedOrganizationMembers,),
    AllowedTargetScope.SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS: (SingleServicePrincipal,),
}
"""Whom the scopes name that are for named targets only."""

ASKERS: Final = (SingleUser, GroupMembers, TargetManager, TargetAgentIdentitySponsorsOrOwners)
"""The kinds of people who may ask on behalf of others; there are no agent identities here."""


def check(policy: AccessPackageAssignmentPolicy) -> None:
    """Check what a policy says by itself; ``stages.check_settings`` checks its extensions.

    :raises InvalidModel: a part contradicts itself or lies outside its bounds.
    :raises NotSupported: a part that this server cannot carry out.
    """
    check_name(policy.display_name)
    _check_targets(policy)
    check_expiration(policy.expiration, "expiration")
    if policy.expiration and policy.expiration.type is ExpirationPatternType.AFTER_DURATION:
        _check_period(policy.expiration.duration)
    if policy.request_approval_settings:
        _check_approval(policy.request_approval_settings)
    _check_askers(policy)
    questions.check_questions(questions_of(policy))
    automatic.check(policy)


def normalized(policy: AccessPackageAssignmentPolicy) -> AccessPackageAssignmentPolicy:
    """Give a policy in the structure of v1.0: backup approvers become fallback approvers.

    The ids of people and groups are written as the directory writes them. A single stage is not
    asked at once with others.
    """
    settings = policy.request_approval_settings
    if settings is not None:
        stages = [normalized_stage(stage) for stage in settings.stages]
        at_once = bool(settings.asks_all_at_once) and len(stages) > 1
        settings = msgspec.structs.replace(settings, stages=stages, asks_all_at_once=at_once)
    asking = policy.requestor_settings
    if asking is not None:
        askers = _plain(asking.on_behalf_requestors)
        asking = msgspec.structs.replace(asking, on_behalf_requestors=askers)
    return msgspec.structs.replace(
        policy,
        requestor_settings=asking,
        request_approval_settings=settings,
        specific_allowed_targets=_plain(policy.specific_allowed_targets),
    )


def keeping_mode(
    policy: AccessPackageAssignmentPolicy, before: AccessPackageAssignmentPolicy
) -> AccessPackageAssignmentPolicy:
    """Give a policy that asks its stages as it did ``before``, where nothing is said of that.

    v1.0 has no word for it, so nothing that is written there says it.
    """
    settings, known = policy.request_approval_settings, before.request_approval_settings
    if settings is None or known is None or settings.asks_all_at_once is not None:
        return policy
    kept = msgspec.structs.replace(settings, asks_all_at_once=known.asks_all_at_once)
    return msgspec.structs.replace(policy, request_approval_settings=kept)


def check_name(name: object, path: str = "displayName") -> None:
    """Check that a display name is there and not blank.

    :raises InvalidModel: it is not.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidModel(f"The property '{path}' must not be empty.", target=path)


def check_expiration(pattern: ExpirationPattern | None, path: str) -> None:
    """Check that type, duration and end go together.

    :raises InvalidModel: they do not.
    """
    if pattern is None:
        return
    match pattern.type:
        case ExpirationPatternType.AFTER_DURATION:
            if pattern.duration is None or pattern.duration <= timedelta(0):
                raise InvalidModel(
                    f"'{path}/duration' must be a positive duration for 'afterDuration'.",
                    target=f"{path}/duration",
                )
            _refuse(pattern.end_date_time is not None, f"{path}/endDateTime", "afterDuration")
        case ExpirationPatternType.AFTER_DATE_TIME:
            if pattern.end_date_time is None:
                raise InvalidModel(
                    f"'{path}/endDateTime' is required for 'afterDateTime'.",
                    target=f"{path}/endDateTime",
                )
            _refuse(pattern.duration is not None, f"{path}/duration", "afterDateTime")
        case _:
            name = pattern.type or ExpirationPatternType.NOT_SPECIFIED
            _refuse(pattern.duration is not None, f"{path}/duration", name)
            _refuse(pattern.end_date_time is not None, f"{path}/endDateTime", name)


def named_in(policy: AccessPackageAssignmentPolicy) -> Iterator[tuple[SubjectSet, str]]:
    """Give all whom a policy names as targets, requestors or approvers, each with its path."""
    for number, target in enumerate(policy.specific_allowed_targets):
        yield target, f"specificAllowedTargets/{number}"
    asking = policy.requestor_settings
    for number, one in enumerate(asking.on_behalf_requestors if asking else ()):
        yield one, f"requestorSettings/onBehalfRequestors/{number}"
    approval = policy.request_approval_settings
    for number, stage in enumerate(approval.stages if approval else ()):
        yield from approvers_of(stage, f"requestApprovalSettings/stages/{number}")


def questions_of(policy: AccessPackageAssignmentPolicy) -> list[AccessPackageQuestion]:
    """Give the questions of a policy."""
    return policy.questions if isinstance(policy.questions, list) else []


def normalized_stage(stage: AccessPackageApprovalStage) -> AccessPackageApprovalStage:
    """Give an approval stage in the structure of v1.0, as ``normalized``."""
    first, first_backups = _split(stage.primary_approvers)
    later, later_backups = _split(stage.escalation_approvers)
    return msgspec.structs.replace(
        stage,
        primary_approvers=first,
        fallback_primary_approvers=[*first_backups, *_plain(stage.fallback_primary_approvers)],
        escalation_approvers=later,
        fallback_escalation_approvers=[
            *later_backups,
            *_plain(stage.fallback_escalation_approvers),
        ],
    )


def _split(approvers: Sequence[SubjectSet]) -> tuple[list[SubjectSet], list[SubjectSet]]:
    """Give those who are asked first, and those who stand behind them."""
    backups = [one for one in approvers if one.is_backup]
    return _plain([one for one in approvers if not one.is_backup]), _plain(backups)


def _plain(approvers: Sequence[SubjectSet]) -> list[SubjectSet]:
    return [msgspec.structs.replace(_spelled(one), is_backup=None) for one in approvers]


def _spelled(one: SubjectSet) -> SubjectSet:
    match one:
        case SingleUser() if one.user_id:
            return msgspec.structs.replace(one, user_id=one.user_id.lower())
        case GroupMembers() if one.group_id:
            return msgspec.structs.replace(one, group_id=one.group_id.lower())
        case SingleServicePrincipal() if one.service_principal_id:
            key = one.service_principal_id.lower()
            return msgspec.structs.replace(one, service_principal_id=key)
        case ConnectedOrganizationMembers() if one.connected_organization_id:
            key = one.connected_organization_id.lower()
            return msgspec.structs.replace(one, connected_organization_id=key)
        case _:
            return one


def _refuse(given: bool, path: str, type_: str) -> None:
    if given:
        raise InvalidModel(f"'{path}' must be null for '{type_}'.", target=path)


def _check_period(duration: timedelta | None) -> None:
    if duration is not None and duration > MAX_PERIOD:
        raise InvalidModel(
            f"'expiration/duration' must be at most {MAX_PERIOD.days} days.",
            target="expiration/duration",
        )


def _check_targets(policy: AccessPackageAssignmentPolicy) -> None:
    if policy.allowed_target_scope in TARGETS and not policy.specific_allowed_targets:
        raise InvalidModel(
            f"'specificAllowedTargets' must name somebody when 'allowedTargetScope' is "
            f"'{policy.allowed_target_scope}'.",
            target="specificAllowedTargets",
        )
    if policy.allowed_target_scope is AllowedTargetScope.ALL_DIRECTORY_AGENT_IDENTITIES:
        raise NotSupported("This server has no agent identities.", target="allowedTargetScope")
    fitting = TARGETS.get(policy.allowed_target_scope, (SubjectSet,))
    for number, target in enumerate(policy.specific_allowed_targets):
        path = f"specificAllowedTargets/{number}"
        _check_named(target, path)
        if not isinstance(target, fitting):
            names = " or ".join(f"'#{qualified_name(one)}'" for one in fitting)
            raise InvalidModel(
                f"'{path}' must be {names} when 'allowedTargetScope' is "
                f"'{policy.allowed_target_scope}'.",
                target=path,
            )


def _check_askers(policy: AccessPackageAssignmentPolicy) -> None:
    """Check who may ask on behalf of others."""
    settings = policy.requestor_settings
    for number, one in enumerate(settings.on_behalf_requestors if settings else ()):
        path = f"requestorSettings/onBehalfRequestors/{number}"
        _check_named(one, path)
        if not isinstance(one, ASKERS):
            raise NotSupported(
                f"This server does not find whom '{path}' means; name users, groups, the managers "
                "of targets, or the sponsors of agent identities.",
                target=path,
            )


def _check_approval(settings: AccessPackageAssignmentApprovalSettings) -> None:
    path = "requestApprovalSettings/stages"
    required = settings.is_approval_required_for_add or settings.is_approval_required_for_update
    if len(settings.stages) > MAX_STAGES:
        raise InvalidModel(f"'{path}' can have at most {MAX_STAGES} stages.", target=path)
    if required and not settings.stages:
        raise InvalidModel(f"'{path}' must have a stage when approval is required.", target=path)
    for number, stage in enumerate(settings.stages):
        check_stage(stage, f"{path}/{number}")
        if settings.asks_all_at_once:
            _check_named_ahead(stage, f"{path}/{number}")


def check_stage(stage: AccessPackageApprovalStage, path: str) -> None:
    """Check one approval stage, which stands at ``path``.

    :raises InvalidModel: it names nobody, or a duration is out of its bounds.
    :raises NotSupported: it names approvers that this server does not find.
    """
    if isinstance(stage, AccessPackageDynamicApprovalStage):
        _check_nobody(stage, path)
    else:
        _check_approvers(stage, path)
    for name, duration in (
        ("durationBeforeAutomaticDenial", stage.duration_before_automatic_denial),
        ("durationBeforeEscalation", stage.duration_before_escalation),
    ):
        if duration is not None and duration < timedelta(0):
            raise InvalidModel(f"'{path}/{name}' must not be negative.", target=f"{path}/{name}")
    if stage.duration_before_automatic_denial == timedelta(0):
        here = f"{path}/durationBeforeAutomaticDenial"
        raise InvalidModel(f"'{here}' must leave time to decide.", target=here)


def _check_nobody(stage: AccessPackageDynamicApprovalStage, path: str) -> None:
    """Refuse approvers beside an extension that names them."""
    for _, here in approvers_of(stage, path):
        raise InvalidModel(
            f"'{here}' cannot stand in a dynamic stage: its extension names the approvers.",
            target=here,
        )


def _check_named_ahead(stage: AccessPackageApprovalStage, path: str) -> None:
    """Refuse an extension that would have to name approvers while others are asked already."""
    if isinstance(stage, AccessPackageDynamicApprovalStage):
        raise InvalidModel(
            f"'{path}' cannot be dynamic, for the stages of the policy are asked at once (under "
            "beta its 'approvalMode' is 'Parallel'). Name its approvers, or make the mode "
            "'Serial'.",
            target=path,
        )


def _check_approvers(stage: AccessPackageApprovalStage, path: str) -> None:
    if not stage.primary_approvers and not stage.fallback_primary_approvers:
        here = f"{path}/primaryApprovers"
        raise InvalidModel(f"'{here}' must name somebody.", target=here)
    for approver, here in approvers_of(stage, path):
        _check_named(approver, here)
        if isinstance(approver, TargetAgentIdentitySponsorsOrOwners):
            raise NotSupported("This server has no agent identities.", target=here)
        if type(approver) not in approvers.FINDERS:
            raise InvalidModel(
                f"'{here}' cannot approve: approvers are users, members of groups, managers, "
                "sponsors, or the owners of the application that is to get the access.",
                target=here,
            )


def approvers_of(stage: AccessPackageApprovalStage, path: str) -> Iterator[tuple[SubjectSet, str]]:
    """Give all whom a stage at ``path`` names, each with its own path."""
    lists: dict[str, Sequence[SubjectSet]] = {
        "primaryApprovers": stage.primary_approvers,
        "fallbackPrimaryApprovers": stage.fallback_primary_approvers,
        "escalationApprovers": stage.escalation_approvers,
        "fallbackEscalationApprovers": stage.fallback_escalation_approvers,
    }
    for name, given in lists.items():
        for number, approver in enumerate(given):
            yield approver, f"{path}/{name}/{number}"


def _check_named(one: SubjectSet, path: str) -> None:
    """Check that a set names whom it is about."""
    match one:
        case SingleUser():
            _require(one.user_id, f"{path}/userId")
        case GroupMembers():
            _require(one.group_id, f"{path}/groupId")
        case ConnectedOrganizationMembers():
            _require(one.connected_organization_id, f"{path}/connectedOrganizationId")
        case SingleServicePrincipal():
            _require(one.service_principal_id, f"{path}/servicePrincipalId")
        case AttributeRuleMembers():
            _require(one.membership_rule, f"{path}/membershipRule")
        case RequestorManager():
            _check_level(one.manager_level, 2, path)
        case TargetManager():
            _check_level(one.manager_level, 4, path)
        case _:
            pass


def _require(value: str | None, path: str) -> None:
    if not value:
        raise InvalidModel(f"The property '{path}' is required.", target=path)


def _check_level(level: int | None, highest: int, path: str) -> None:
    if level is not None and not 1 <= level <= highest:
        here = f"{path}/managerLevel"
        raise InvalidModel(f"'{here}' must lie between 1 and {highest}.", target=here)

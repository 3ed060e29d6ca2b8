"""Policies in the form of beta: who may ask, and when the assignments end.

What beta has no words for (the other switches of requestors, automatic assignment, durations that
are no whole days) stays as it is when a policy is changed there.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Final

import msgspec
from msgspec import field

from ostiary.entitlement.model import beta_reviews
from ostiary.entitlement.model.beta_approvals import days, duration, with_backups, without_backups
from ostiary.entitlement.model.catalogs import (
    AccessPackage,
    AccessPackageAssignmentPolicy,
    AccessPackageCatalog,
)
from ostiary.entitlement.model.enums import AllowedTargetScope, ExpirationPatternType
from ostiary.entitlement.model.extensions import CustomExtensionStageSetting
from ostiary.entitlement.model.policies import (
    AccessPackageAssignmentApprovalSettings,
    AccessPackageAssignmentRequestorSettings,
    AccessPackageAssignmentReviewSettings,
    AccessPackageAutomaticRequestSettings,
    AccessPackageNotificationSettings,
)
from ostiary.entitlement.model.questions import AccessPackageQuestion
from ostiary.entitlement.model.schedules import ExpirationPattern
from ostiary.entitlement.model.subjects import SubjectSet, TargetManager
from ostiary.graph.errors import NotSupported
from ostiary.graph.forms import Form, Misfit, carried, declare
from ostiary.graph.types import (
    UNSET,
    Also,
    Beta,
    Complex,
    Entity,
    Nav,
    ReadOnly,
    UnsetType,
    WriteOnly,
)

__all__ = ["SCOPE_TYPES", "BetaPolicy", "BetaRequestorSettings", "beta_reviews"]

SCOPE_TYPES: Final = {
    AllowedTargetScope.NOT_SPECIFIED: "NoSubjects",
    AllowedTargetScope.SPECIFIC_DIRECTORY_USERS: "SpecificDirectorySubjects",
    AllowedTargetScope.SPECIFIC_CONNECTED_ORGANIZATION_USERS: (
        "SpecificConnectedOrganizationSubjects"
    ),
    AllowedTargetScope.ALL_MEMBER_USERS: "AllExistingDirectoryMemberUsers",
    AllowedTargetScope.ALL_DIRECTORY_USERS: "AllExistingDirectorySubjects",
    AllowedTargetScope.ALL_CONFIGURED_CONNECTED_ORGANIZATION_USERS: (
        "AllConfiguredConnectedOrganizationSubjects"
    ),
    AllowedTargetScope.ALL_EXTERNAL_USERS: "AllExternalSubjects",
    AllowedTargetScope.SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS: (
        "SpecificDirectoryServicePrincipals"
    ),
    AllowedTargetScope.ALL_DIRECTORY_SERVICE_PRINCIPALS: "AllDirectoryServicePrincipals",
    AllowedTargetScope.ALL_DIRECTORY_AGENT_IDENTITIES: "AllDirectoryAgentIdentities",
}
"""What beta calls each scope; the last three are published for v1.0 only."""

_SPELLINGS: Final = {
    **{scope.value.lower(): scope for scope in SCOPE_TYPES},
    **{name.lower(): scope for scope, name in SCOPE_TYPES.items()},
    "allexistingconnectedorganizationsubjects": (
        AllowedTargetScope.ALL_CONFIGURED_CONNECTED_ORGANIZATION_USERS
    ),
}

_DAY: Final = timedelta(days=1)


class BetaRequestorSettings(Complex, kw_only=True):
    """Who may ask for the package, and whether they may just now."""

    EDM_NAME: ClassVar[str] = "requestorSettings"

    accept_requests: bool | None = None
    allowed_requestors: list[SubjectSet] = field(default_factory=list)
    is_on_behalf_allowed: bool | None = None
    scope_type: str | None = None


class VerifiableCredentialType(Complex, kw_only=True):
    """A credential that somebody would have to present."""

    credential_type: str | None = None
    issuers: list[str] = field(default_factory=list)


class VerifiableCredentialSettings(Complex, kw_only=True):
    """The credentials that whoever asks would have to present."""

    credential_types: list[VerifiableCredentialType] = field(default_factory=list)


class BetaPolicy(Entity, kw_only=True):
    """Who may have a package, who must agree, for how long, and which extensions are called.

    ``expiration`` is what published samples of beta send instead of the number of days.
    """

    ABSTRACT: ClassVar[bool] = False
    EDM_NAME: ClassVar[str] = "accessPackageAssignmentPolicy"

    access_package_id: str | None = None
    can_extend: bool | None = None
    created_by: Annotated[str | None, ReadOnly] = None
    created_date_time: Annotated[datetime | None, ReadOnly] = None
    description: str | None = None
    display_name: str
    duration_in_days: int | None = None
    expiration_date_time: datetime | None = None
    modified_by: Annotated[str | None, ReadOnly] = None
    modified_date_time: Annotated[datetime | None, ReadOnly] = None
    notification_settings: Annotated[
        AccessPackageNotificationSettings | None, Beta("accessPackageNotificationSettings")
    ] = None
    questions: list[AccessPackageQuestion] | UnsetType = UNSET
    request_approval_settings: AccessPackageAssignmentApprovalSettings | None = None
    requestor_settings: BetaRequestorSettings | None = None
    review_settings: Annotated[
        AccessPackageAssignmentReviewSettings | None, Beta("accessReviewSettings")
    ] = None
    verifiable_credential_settings: VerifiableCredentialSettings | None = None
    automatic_request_settings: Annotated[
        AccessPackageAutomaticRequestSettings | UnsetType | None, WriteOnly
    ] = UNSET
    expiration: Annotated[ExpirationPattern | UnsetType | None, WriteOnly] = UNSET
    access_package: Annotated[AccessPackage | UnsetType | None, Nav()] = UNSET
    catalog: Annotated[
        AccessPackageCatalog | UnsetType | None, Nav(), Beta("accessPackageCatalog")
    ] = UNSET
    custom_extension_stage_settings: Annotated[
        list[CustomExtensionStageSetting] | UnsetType, Nav(), Also("customExtensionHandlers")
    ] = UNSET


def _to_beta(policy: AccessPackageAssignmentPolicy) -> BetaPolicy:
    requestors = policy.requestor_settings or AccessPackageAssignmentRequestorSettings()
    count, end = _told(policy.expiration)
    return carried(
        policy,
        BetaPolicy,
        automatic_request_settings=UNSET,
        expiration=UNSET,
        can_extend=bool(requestors.enable_targets_to_self_update_access),
        duration_in_days=count,
        expiration_date_time=end,
        requestor_settings=BetaRequestorSettings(
            scope_type=SCOPE_TYPES.get(policy.allowed_target_scope),
            accept_requests=bool(requestors.enable_targets_to_self_add_access),
            allowed_requestors=with_backups(policy.specific_allowed_targets, []),
            is_on_behalf_allowed=bool(requestors.enable_on_behalf_requestors_to_add_access),
        ),
    )


def _of(
    policy: BetaPolicy, old: AccessPackageAssignmentPolicy | None
) -> AccessPackageAssignmentPolicy:
    if (policy.verifiable_credential_settings or VerifiableCredentialSettings()).credential_types:
        reason = "is not supported: this server does not check credentials"
        raise Misfit("verifiableCredentialSettings", reason, kind=NotSupported)
    before = _to_beta(old) if old else None
    automatic = policy.automatic_request_settings
    if automatic is UNSET:
        automatic = old.automatic_request_settings if old else None
    return carried(
        policy,
        AccessPackageAssignmentPolicy,
        automatic_request_settings=automatic,
        expiration=_expiration(policy, before, old),
        **_requestors(policy, before, old),
    )


def _told(pattern: ExpirationPattern | None) -> tuple[int | None, datetime | None]:
    """Give a pattern as a number of days (0: it never ends) or as an instant."""
    match pattern:
        case ExpirationPattern(type=ExpirationPatternType.AFTER_DURATION, duration=length):
            return days(length), None
        case ExpirationPattern(type=ExpirationPatternType.AFTER_DATE_TIME, end_date_time=end):
            return None, end
        case ExpirationPattern(type=ExpirationPatternType.NO_EXPIRATION):
            return 0, None
        case _:
            return None, None


def _expiration(
    policy: BetaPolicy, before: BetaPolicy | None, old: AccessPackageAssignmentPolicy | None
) -> ExpirationPattern | None:
    """Give the pattern; what is told as before stays as it was."""
    said = (policy.duration_in_days, policy.expiration_date_time)
    untouched = (before.duration_in_days, before.expiration_date_time) if before else (None, None)
    if policy.expiration is not UNSET:
        if said not in ((None, None), untouched, _told(policy.expiration)):
            reason = "says something else than 'durationInDays' and 'expirationDateTime'"
            raise Misfit("expiration", reason)
        return policy.expiration
    if old is not None and said == untouched:
        return old.expiration
    return _pattern(*_one_of(said, untouched))


def _one_of(
    said: tuple[int | None, datetime | None], before: tuple[int | None, datetime | None]
) -> tuple[int | None, datetime | None]:
    """Where both are there, the one that has been changed counts."""
    count, end = said
    if not count or end is None:
        return said
    if before[1] == end:
        return count, None
    if before[0] == count:
        return None, end
    raise Misfit(
        "expirationDateTime", "must be null where 'durationInDays' is given: send one of them"
    )


def _pattern(count: int | None, end: datetime | None) -> ExpirationPattern | None:
    if end is not None:
        return ExpirationPattern(type=ExpirationPatternType.AFTER_DATE_TIME, end_date_time=end)
    if count == 0:
        return ExpirationPattern(type=ExpirationPatternType.NO_EXPIRATION)
    length = duration(count, _DAY, "durationInDays")
    if length is None:
        return None
    return ExpirationPattern(type=ExpirationPatternType.AFTER_DURATION, duration=length)


def _requestors(
    policy: BetaPolicy, before: BetaPolicy | None, old: AccessPackageAssignmentPolicy | None
) -> dict[str, Any]:
    """Give who may ask and how; what is told as before stays as it was."""
    said = policy.requestor_settings or BetaRequestorSettings()
    known = before.requestor_settings if before else None
    targets, _ = without_backups(said.allowed_requestors)
    if old and known and known.allowed_requestors == said.allowed_requestors:
        targets = old.specific_allowed_targets
    settings = old.requestor_settings if old else None
    if old is None or before is None or _switches(policy) != _switches(before):
        settings = _settings(policy, said, settings)
    return {
        "allowed_target_scope": _scope(said.scope_type),
        "specific_allowed_targets": targets,
        "requestor_settings": settings,
    }


def _switches(policy: BetaPolicy) -> tuple[bool, bool, bool]:
    said = policy.requestor_settings or BetaRequestorSettings()
    return bool(said.accept_requests), bool(said.is_on_behalf_allowed), bool(policy.can_extend)


def _settings(
    policy: BetaPolicy,
    said: BetaRequestorSettings,
    old: AccessPackageAssignmentRequestorSettings | None,
) -> AccessPackageAssignmentRequestorSettings | None:
    """Set what beta tells. Whoever may ask under a new policy may also give the access back."""
    if old is None and policy.requestor_settings is None and not policy.can_extend:
        return None
    made = old or AccessPackageAssignmentRequestorSettings(
        enable_targets_to_self_remove_access=said.accept_requests
    )
    asking_for_others = made.on_behalf_requestors
    if said.is_on_behalf_allowed and not asking_for_others:
        asking_for_others = [TargetManager(manager_level=1)]
    return msgspec.structs.replace(
        made,
        enable_targets_to_self_add_access=said.accept_requests,
        enable_targets_to_self_update_access=policy.can_extend,
        enable_on_behalf_requestors_to_add_access=said.is_on_behalf_allowed,
        on_behalf_requestors=asking_for_others,
    )


def _scope(name: str | None) -> AllowedTargetScope:
    if name is None:
        return AllowedTargetScope.NOT_SPECIFIED
    found = _SPELLINGS.get(name.lower())
    if found is None:
        names = ", ".join(f"'{known}'" for known in SCOPE_TYPES.values())
        raise Misfit("requestorSettings/scopeType", f"must be one of {names}")
    return found


declare(
    AccessPackageAssignmentPolicy,
    Form(
        type=BetaPolicy,
        to_beta=_to_beta,
        from_beta=_of,
        names={
            "expiration/duration": "durationInDays",
            "expiration/endDateTime": "expirationDateTime",
            "expiration/type": "durationInDays",
            "allowedTargetScope": "requestorSettings/scopeType",
            "specificAllowedTargets": "requestorSettings/allowedRequestors",
            "requestorSettings/enableTargetsToSelfAddAccess": "requestorSettings/acceptRequests",
            "requestorSettings/enableTargetsToSelfUpdateAccess": "canExtend",
            "requestorSettings/enableOnBehalfRequestorsToAddAccess": (
                "requestorSettings/isOnBehalfAllowed"
            ),
        },
    ),
)

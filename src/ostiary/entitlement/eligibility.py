"""Whether a request may be made at all.

Everything here is decided by facts that were read in the transaction that stores the request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ostiary.entitlement import assignments, policies
from ostiary.entitlement.errors import (
    ExistingGrant,
    ExistingOpenRequest,
    JustificationRequired,
    PolicyRequirementsNotMet,
    RequiredAnswerMissing,
    ScheduleNotAllowed,
)
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import (
    AccessPackageCatalogState,
    AllowedTargetScope,
    ExpirationPatternType,
)
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.policies import (
    AccessPackageAssignmentApprovalSettings,
    AccessPackageAssignmentRequestorSettings,
)
from ostiary.entitlement.model.questions import (
    AccessPackageAnswer,
    AccessPackageAnswerString,
    AccessPackageMultipleChoiceQuestion,
    AccessPackageQuestion,
    AccessPackageTextInputQuestion,
)
from ostiary.entitlement.model.requests import RequestParameter
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.entitlement.model.subjects import GroupMembers, SingleUser, SubjectSet
from ostiary.graph.errors import InvalidModel, NotSupported

ANSWER_LIMIT: Final = 4_000
GUEST: Final = "guest"
NOTHING_ALLOWED: Final = AccessPackageAssignmentRequestorSettings()
NO_APPROVAL: Final = AccessPackageAssignmentApprovalSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Whoever is to get the access, as the directory knows them."""

    id: str
    user_type: str | None = None
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for."""

    type: RequestType
    requestor_id: str
    target_id: str
    justification: str | None = None
    schedule: EntitlementManagementSchedule | None = None
    answers: Sequence[AccessPackageAnswer] = ()
    parameters: Sequence[RequestParameter] = field(default=())

    @property
    def is_administrative(self) -> bool:
        """Whether somebody assigns, rather than asks."""
        return self.type is RequestType.ADMIN_ADD


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the target already has of the package."""

    is_held: bool
    """Held; otherwise it is asked for."""


def check_add(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    *,
    catalog_state: AccessPackageCatalogState,
    target: Target,
    holding: Holding | None,
    now: datetime,
) -> None:
    """Check a request for access.

    :raises PolicyRequirementsNotMet: the policy is not for this target or this kind of request.
    :raises ExistingGrant: the target has the package.
    :raises ExistingOpenRequest: the target waits for the package.
    :raises JustificationRequired: a reason is missing.
    :raises RequiredAnswerMissing: a question is not answered as it must be.
    :raises ScheduleNotAllowed: the asked start or end is not possible.
    """
    if not wish.is_administrative:
        _check_requestor(wish, policy, catalog_state)
    if not _in_scope(policy, target, by_administrator=wish.is_administrative):
        raise PolicyRequirementsNotMet(target="assignment/assignmentPolicyId")
    if holding is not None:
        raise ExistingGrant() if holding.is_held else ExistingOpenRequest()
    if not wish.is_administrative:
        _check_reasons(wish, policy)
    _check_schedule(wish, policy, now)


def check_remove(wish: Wish, policy: AccessPackageAssignmentPolicy) -> None:
    """Check that somebody may give up their own access.

    :raises PolicyRequirementsNotMet: the access is not theirs, or the policy does not let them.
    """
    settings = policy.requestor_settings or NOTHING_ALLOWED
    own = wish.target_id == wish.requestor_id
    if not own or not settings.enable_targets_to_self_remove_access:
        raise PolicyRequirementsNotMet(
            "The policy does not let its targets remove their own access."
            if own
            else "The assignment is somebody else's.",
            target="assignment/id",
        )


def needs_approval(wish: Wish, policy: AccessPackageAssignmentPolicy) -> bool:
    """Say whether somebody must agree; an administrator's own assignment only if they ask for it.

    :raises InvalidModel: the administrator asks for an approval that the policy does not have.
    """
    required = bool((policy.request_approval_settings or NO_APPROVAL).is_approval_required_for_add)
    if not wish.is_administrative:
        return required
    asked = any(
        p.name.lower() == "isapprovalrequired" and (p.value or "").lower() == "true"
        for p in wish.parameters
    )
    if asked and not required:
        raise InvalidModel(
            "'parameters' asks for an approval, and the policy has none.", target="parameters"
        )
    return asked


def _check_requestor(
    wish: Wish, policy: AccessPackageAssignmentPolicy, catalog_state: AccessPackageCatalogState
) -> None:
    settings = policy.requestor_settings or NOTHING_ALLOWED
    if wish.target_id != wish.requestor_id:
        if not settings.enable_on_behalf_requestors_to_add_access:
            raise PolicyRequirementsNotMet(target="assignment/target")
        raise NotSupported(
            "This server does not take requests on behalf of somebody else.",
            target="assignment/target",
        )
    if catalog_state is not AccessPackageCatalogState.PUBLISHED:
        raise PolicyRequirementsNotMet("The catalog of the access package is not published.")
    if not settings.enable_targets_to_self_add_access:
        raise PolicyRequirementsNotMet(target="assignment/assignmentPolicyId")


def _in_scope(
    policy: AccessPackageAssignmentPolicy, target: Target, *, by_administrator: bool
) -> bool:
    """Say whether a policy is for a target; a scope that the server does not know is for no one."""
    match policy.allowed_target_scope:
        case AllowedTargetScope.NOT_SPECIFIED:
            return by_administrator
        case AllowedTargetScope.ALL_DIRECTORY_USERS:
            return True
        case AllowedTargetScope.ALL_MEMBER_USERS:
            return (target.user_type or "").lower() != GUEST
        case AllowedTargetScope.SPECIFIC_DIRECTORY_USERS:
            return any(_names(one, target) for one in policy.specific_allowed_targets)
        case _:
            return False


def _names(one: SubjectSet, target: Target) -> bool:
    match one:
        case SingleUser():
            return one.user_id == target.id
        case GroupMembers():
            return one.group_id in target.groups
        case _:
            return False


def _check_reasons(wish: Wish, policy: AccessPackageAssignmentPolicy) -> None:
    approval = policy.request_approval_settings or NO_APPROVAL
    if approval.is_requestor_justification_required and not (wish.justification or "").strip():
        raise JustificationRequired(target="justification")
    answers = {
        answer.answered_question.id: answer.value
        for answer in wish.answers
        if isinstance(answer, AccessPackageAnswerString) and answer.answered_question
    }
    for question in policies.questions_of(policy):
        _check_answer(question, answers)


def _check_answer(question: AccessPackageQuestion, answers: Mapping[str, str | None]) -> None:
    answer = answers.get(question.id) or ""
    if not answer:
        if question.is_required:
            raise RequiredAnswerMissing(
                f"The question '{question.id}' ('{question.text}') must be answered.",
                target="answers",
            )
        return
    if not _fits(question, answer):
        raise RequiredAnswerMissing(
            f"The answer to the question '{question.id}' ('{question.text}') is not one that it "
            "allows.",
            target="answers",
        )


def _fits(question: AccessPackageQuestion, answer: str) -> bool:
    if len(answer) > ANSWER_LIMIT:
        return False
    match question:
        case AccessPackageTextInputQuestion() if question.regex_pattern:
            return re.fullmatch(question.regex_pattern, answer) is not None
        case AccessPackageMultipleChoiceQuestion():
            choices = {choice.actual_value for choice in question.choices}
            several = bool(question.is_multiple_selection_allowed)
            return {*(answer.split(";") if several else [answer])} <= choices
        case _:
            return True


def _check_schedule(wish: Wish, policy: AccessPackageAssignmentPolicy, now: datetime) -> None:
    settings = policy.requestor_settings or NOTHING_ALLOWED
    policies.check_expiration(wish.schedule.expiration if wish.schedule else None, "schedule")
    if not wish.is_administrative and not settings.allow_custom_assignment_schedule:
        _refuse_custom(wish.schedule, now)
    start = wish.schedule.start_date_time if wish.schedule else None
    assignments.end_of(policy.expiration, wish.schedule, start=max(start or now, now))


def _refuse_custom(schedule: EntitlementManagementSchedule | None, now: datetime) -> None:
    if schedule is None:
        return
    end = schedule.expiration
    if end and end.type not in (None, ExpirationPatternType.NOT_SPECIFIED):
        raise ScheduleNotAllowed(target="schedule/expiration")
    if schedule.start_date_time is not None and schedule.start_date_time > now:
        raise ScheduleNotAllowed(target="schedule/startDateTime")

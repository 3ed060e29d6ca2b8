"""Whether a request may be made at all.

Everything here is decided by facts that were read in the transaction that stores the request. Who
a policy is for is said in ``offers``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from ostiary.entitlement import answers, assignments, automatic, offers, policies
from ostiary.entitlement.answers import Answers
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import (
    ExistingGrant,
    ExistingOpenRequest,
    JustificationRequired,
    OperationNotAllowed,
    PolicyRequirementsNotMet,
    ScheduleNotAllowed,
)
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AccessPackageCatalogState, ExpirationPatternType
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.requests import RequestParameter
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.entitlement.offers import NO_APPROVAL, NOTHING_ALLOWED, Requestor, Target
from ostiary.entitlement.states import ADMINISTRATIVE
from ostiary.graph.errors import InvalidModel


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
        return self.type in ADMINISTRATIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What the target already has of the package."""

    is_held: bool
    """Held; otherwise it is asked for."""


class Place(Protocol):
    """The catalog of a package, as far as it decides who may ask."""

    @property
    def catalog_state(self) -> AccessPackageCatalogState:
        """Whether anything in it can be asked for."""

    @property
    def is_externally_visible(self) -> bool:
        """Whether people from elsewhere may ask."""


def check_add(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    *,
    siblings: Sequence[AccessPackageAssignmentPolicy],
    place: Place,
    target: Target,
    requestor: Requestor,
    holding: Holding | None,
    now: datetime,
) -> Answers:
    """Check a request for access; give its answers as they are kept.

    ``siblings`` are all policies of the package.

    :raises PolicyRequirementsNotMet: the policy is not for this target or this kind of request.
    :raises ExistingGrant: the target has the package.
    :raises ExistingOpenRequest: the target waits for the package.
    :raises JustificationRequired: a reason is missing.
    :raises RequiredAnswerMissing: a question is not answered as it must be.
    :raises InvalidModel: an answer belongs to no question of the policy.
    :raises ScheduleNotAllowed: the asked start or end is not possible.
    """
    _refuse_automatic(policy)
    if not wish.is_administrative:
        _check_requestor(wish, policy, siblings, place, target, requestor)
    if not offers.is_for(policy, target, by_administrator=wish.is_administrative):
        raise PolicyRequirementsNotMet(target="assignment/assignmentPolicyId")
    if holding is not None:
        raise ExistingGrant() if holding.is_held else ExistingOpenRequest()
    if not wish.is_administrative:
        _check_justification(wish, policy)
    given = answers.read_answers(wish.answers, policies.questions_of(policy))
    _check_answers(wish, given, policy)
    _check_schedule(wish, policy, now)
    start = wish.schedule.start_date_time if wish.schedule else None
    assignments.end_of(policy.expiration, wish.schedule, start=max(start or now, now))
    return given


def check_update(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    held: Assignment,
    *,
    moves: bool,
    before: Answers,
    target: Target,
    requestor: Requestor,
    now: datetime,
) -> Answers:
    """Check a change of an assignment; give all its answers as they are after it.

    ``policy`` is the one that the assignment is to be under; it ``moves`` there when that is new.

    :raises PolicyRequirementsNotMet: the policy does not let this caller change the assignment, or
        is not for its target.
    :raises OperationNotAllowed: nobody has what is to be changed.
    :raises JustificationRequired: a reason is missing.
    :raises RequiredAnswerMissing: a question is not answered as it must be.
    :raises InvalidModel: an answer belongs to no question, or may not be edited.
    :raises ScheduleNotAllowed: the asked start or end is not possible.
    """
    _refuse_automatic(policy)
    _check_may_update(wish, policy, held, moves, target, requestor)
    after = _answers_after(wish, policy, before, moves=moves)
    _check_schedule(wish, policy, now)
    start = wish.schedule.start_date_time if wish.schedule else None
    then = max(start or now, now)
    assignments.changed_end(held, policy.expiration, wish.schedule, moves=moves, now=then)
    return after


def _check_may_update(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    held: Assignment,
    moves: bool,
    target: Target,
    requestor: Requestor,
) -> None:
    """Check who changes whose access, and that there is something to change."""
    if not wish.is_administrative:
        _check_own_update(wish, policy, target, requestor)
    if moves and not offers.is_for(policy, target, by_administrator=True):
        raise PolicyRequirementsNotMet(target="assignment/assignmentPolicyId")
    if not held.is_held:
        raise OperationNotAllowed(f"The assignment is '{held.state}': there is nothing to change.")
    if not wish.is_administrative:
        _check_justification(wish, policy)


def _answers_after(
    wish: Wish, policy: AccessPackageAssignmentPolicy, before: Answers, *, moves: bool
) -> Answers:
    """Give all answers with those that are new; a policy that is new asks for all of its own."""
    asked = policies.questions_of(policy)
    given = answers.read_answers(wish.answers, asked)
    after = answers.merged(before, given, asked, may_edit_all=wish.is_administrative)
    if wish.answers or moves:
        _check_answers(wish, after, policy)
    return after


def _check_own_update(
    wish: Wish, policy: AccessPackageAssignmentPolicy, target: Target, requestor: Requestor
) -> None:
    settings = policy.requestor_settings or NOTHING_ALLOWED
    _check_own(
        wish,
        may_oneself=bool(settings.enable_targets_to_self_update_access),
        may_on_behalf=bool(settings.enable_on_behalf_requestors_to_update_access)
        and offers.is_on_behalf_requestor(policy, requestor, target),
        verb="change",
    )


def check_remove(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    *,
    target: Target,
    requestor: Requestor,
) -> None:
    """Check that somebody may give up their own access, or that of whom they ask for.

    :raises PolicyRequirementsNotMet: the access is not theirs, or the policy does not let them.
    """
    settings = policy.requestor_settings or NOTHING_ALLOWED
    _check_own(
        wish,
        may_oneself=bool(settings.enable_targets_to_self_remove_access),
        may_on_behalf=bool(settings.enable_on_behalf_requestors_to_remove_access)
        and offers.is_on_behalf_requestor(policy, requestor, target),
        verb="remove",
    )


def check_removal_time(wish: Wish, now: datetime) -> None:
    """Make sure that a removal is not asked for another time: it begins at once.

    :raises ScheduleNotAllowed: it has a start that lies ahead, an end, or recurs.
    """
    if wish.schedule is None:
        return
    policies.check_expiration(wish.schedule.expiration, "schedule")
    _check_once(wish.schedule)
    _refuse_custom(
        wish.schedule,
        now,
        "Access is removed at once. To end it later, ask for an update with an expiration.",
    )


def needs_approval(wish: Wish, policy: AccessPackageAssignmentPolicy) -> bool:
    """Say whether somebody must agree; to what an administrator does only if they ask for it.

    :raises InvalidModel: the administrator asks for an approval that the policy does not have, or a
        parameter cannot be understood.
    """
    asked = _asks_for_approval(wish)
    approval = policy.request_approval_settings or NO_APPROVAL
    updates = wish.type in (RequestType.USER_UPDATE, RequestType.ADMIN_UPDATE)
    required = bool(
        approval.is_approval_required_for_update
        if updates
        else approval.is_approval_required_for_add
    )
    if not wish.is_administrative:
        return required
    if asked and not required:
        raise InvalidModel(
            "'parameters' asks for an approval, and the policy has none.", target="parameters"
        )
    return asked


def _asks_for_approval(wish: Wish) -> bool:
    """Read the parameters; one that is misspelt must not pass for "without an approval"."""
    asked = False
    for number, parameter in enumerate(wish.parameters):
        name, value = f"parameters/{number}/name", f"parameters/{number}/value"
        if parameter.name.lower() != "isapprovalrequired":
            raise InvalidModel(f"'{name}' must be 'IsApprovalRequired'.", target=name)
        said = (parameter.value or "").lower()
        if said not in ("true", "false"):
            raise InvalidModel(f"'{value}' must be 'true' or 'false'.", target=value)
        asked = asked or said == "true"
    return asked


def _check_requestor(
    wish: Wish,
    policy: AccessPackageAssignmentPolicy,
    siblings: Sequence[AccessPackageAssignmentPolicy],
    place: Place,
    target: Target,
    requestor: Requestor,
) -> None:
    if place.catalog_state is not AccessPackageCatalogState.PUBLISHED:
        raise PolicyRequirementsNotMet("The catalog of the access package is not published.")
    if target.is_external and not place.is_externally_visible:
        raise PolicyRequirementsNotMet(
            "The catalog of the access package is not for people from elsewhere."
        )
    path = "assignment/assignmentPolicyId"
    if wish.target_id != wish.requestor_id:
        path = "assignment/target"
    if not offers.lets_add(policy, requestor, target):
        raise PolicyRequirementsNotMet(target=path)
    first = offers.first_offered(siblings, requestor, target)
    if first is not None and offers.tier(first) < offers.tier(policy):
        raise PolicyRequirementsNotMet(
            f"{PolicyRequirementsNotMet.message} The policy '{first.display_name}' "
            f"('{first.id}') comes first for the target.",
            target=path,
        )


def _refuse_automatic(policy: AccessPackageAssignmentPolicy) -> None:
    if automatic.is_automatic(policy):
        raise PolicyRequirementsNotMet(
            "The policy is automatic: it gives and takes access by its rule, and nobody can ask "
            "for it or change it by hand.",
            target="assignment/assignmentPolicyId",
        )


def _check_own(wish: Wish, *, may_oneself: bool, may_on_behalf: bool, verb: str) -> None:
    """Check that an assignment is the caller's to change, or that of somebody they ask for."""
    if wish.target_id == wish.requestor_id:
        if not may_oneself:
            raise PolicyRequirementsNotMet(
                f"The policy does not let its targets {verb} their own access.",
                target="assignment/id",
            )
    elif not may_on_behalf:
        raise PolicyRequirementsNotMet(
            f"The assignment is somebody else's, and the policy does not let you {verb} it on "
            "their behalf.",
            target="assignment/id",
        )


def _check_justification(wish: Wish, policy: AccessPackageAssignmentPolicy) -> None:
    approval = policy.request_approval_settings or NO_APPROVAL
    if approval.is_requestor_justification_required and not (wish.justification or "").strip():
        raise JustificationRequired(target="justification")


def _check_answers(wish: Wish, given: Answers, policy: AccessPackageAssignmentPolicy) -> None:
    """What an administrator answers must fit; they need not know every answer."""
    asked = policies.questions_of(policy)
    answers.check_answers(given, asked, all_required=not wish.is_administrative)


def _check_schedule(wish: Wish, policy: AccessPackageAssignmentPolicy, now: datetime) -> None:
    settings = policy.requestor_settings or NOTHING_ALLOWED
    policies.check_expiration(wish.schedule.expiration if wish.schedule else None, "schedule")
    _check_once(wish.schedule)
    if not wish.is_administrative and not settings.allow_custom_assignment_schedule:
        _refuse_custom(wish.schedule, now)


def _check_once(schedule: EntitlementManagementSchedule | None) -> None:
    if schedule and schedule.recurrence is not None:
        raise ScheduleNotAllowed(
            "Access does not recur: 'schedule/recurrence' must be null.",
            target="schedule/recurrence",
        )


def _refuse_custom(
    schedule: EntitlementManagementSchedule | None,
    now: datetime,
    why: str = ScheduleNotAllowed.message,
) -> None:
    if schedule is None:
        return
    end = schedule.expiration
    if end and end.type not in (None, ExpirationPatternType.NOT_SPECIFIED):
        raise ScheduleNotAllowed(why, target="schedule/expiration")
    if schedule.start_date_time is not None and schedule.start_date_time > now:
        raise ScheduleNotAllowed(why, target="schedule/startDateTime")

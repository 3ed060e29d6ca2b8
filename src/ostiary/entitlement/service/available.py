"""What somebody may ask for, and what a request for it must bring along.

``offers`` decides, as it does when the request is made: what is shown can be asked for, and what
can be asked for is shown, hidden packages excepted, which are found by whoever knows their id.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.objects import Kind
from ostiary.entitlement import offers, policies
from ostiary.entitlement.errors import NotThere
from ostiary.entitlement.model.available import AccessPackageAssignmentRequestRequirements
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.enums import AllowedTargetScope as Scope
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule
from ostiary.entitlement.offers import NO_APPROVAL, NOTHING_ALLOWED, Requestor, Target
from ostiary.entitlement.organizations import domain_of
from ostiary.entitlement.questions import localized
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import attributes as attribute_store
from ostiary.entitlement.store import available as store
from ostiary.entitlement.store import organizations as organization_store
from ostiary.entitlement.store.assignments import holder_key
from ostiary.storage.database import Database

_FOR_SERVICES: Final = frozenset(
    {Scope.ALL_DIRECTORY_SERVICE_PRINCIPALS, Scope.SPECIFIC_DIRECTORY_SERVICE_PRINCIPALS}
)
_FOR_NOBODY: Final = frozenset({Scope.NOT_SPECIFIED})
_FOR_PEOPLE: Final = frozenset(Scope) - _FOR_SERVICES - _FOR_NOBODY


@dataclass(frozen=True, slots=True)
class Available:
    """Answers what somebody may ask for."""

    database: Database

    async def packages(self, person: str, *, package_id: str | None = None) -> set[str]:
        """Give the packages that somebody may ask for; one by its id, even if it is hidden."""
        async with self.database.reading() as conn:
            target = await _target(conn, person)
            if target is None:
                return set()
            found = await store.asked_under(
                conn,
                _FOR_PEOPLE if target.is_person else _FOR_SERVICES,
                package_id=package_id,
                for_external=target.is_external,
            )
        me = Requestor(id=person, groups=target.groups)
        return {one.package_id for one in found.values() if offers.lets_add(one.policy, me, target)}

    async def requirements(
        self, person: str, package_id: str, *, language: str | None = None
    ) -> list[AccessPackageAssignmentRequestRequirements]:
        """Say what a request for a package must bring along, by policy; none: it cannot be made.

        Questions are asked in ``language`` (``fr-ca``) where they have it; None: as they are.

        :raises NotThere: there is no such package.
        """
        async with self.database.reading() as conn:
            if not await store.exists(conn, package_id):
                raise NotThere("accessPackage", package_id)
            target = await _target(conn, person)
            if target is None:
                return []
            scopes = _FOR_PEOPLE if target.is_person else _FOR_SERVICES
            found = await store.asked_under(
                conn, scopes, package_id=package_id, for_external=target.is_external
            )
            asking = await attribute_store.asking(conn, found)
            answers = await _answers(conn, package_id, person)
        me = Requestor(id=person, groups=target.groups)
        offered = offers.offered([one.policy for one in asking.values()], me, target)
        return [
            _requirements(one, answers, language)
            for one in sorted(offered, key=lambda policy: (policy.display_name, policy.id))
        ]


async def _target(conn: AsyncConnection, person: str) -> Target | None:
    """Give somebody as policies see them; None: the directory does not know them."""
    known = (await directory.references(conn, [person])).get(person)
    if known is None or known.kind not in (Kind.USER, Kind.SERVICE_PRINCIPAL):
        return None
    domains = {person: domain_of(known)}
    return Target(
        id=person,
        user_type=known.user_type,
        groups=frozenset((await directory.groups_of(conn, [person])).get(person, ())),
        is_person=known.kind is Kind.USER,
        affiliation=(await organization_store.affiliations(conn, domains)).get(person),
    )


async def _answers(
    conn: AsyncConnection, package_id: str, person: str
) -> dict[str, list[AccessPackageAnswer]]:
    """Give what somebody has answered for the package that they have, by question."""
    key = holder_key(package_id, person)
    held = (await assignment_store.holders(conn, [key])).get(key)
    if held is None:
        return {}
    found: dict[str, list[AccessPackageAnswer]] = defaultdict(list)
    for answer in (await assignment_store.answers_of(conn, [held.id])).get(held.id) or ():
        question = answer.answered_question
        if question:
            found[question.id].append(answer)
    return found


def _requirements(
    policy: AccessPackageAssignmentPolicy,
    answers: dict[str, list[AccessPackageAnswer]],
    language: str | None,
) -> AccessPackageAssignmentRequestRequirements:
    approval = policy.request_approval_settings or NO_APPROVAL
    settings = policy.requestor_settings or NOTHING_ALLOWED
    asked = policies.questions_of(policy)
    return AccessPackageAssignmentRequestRequirements(
        policy_id=policy.id,
        policy_display_name=policy.display_name,
        policy_description=policy.description,
        is_approval_required_for_add=bool(approval.is_approval_required_for_add),
        is_approval_required_for_update=bool(approval.is_approval_required_for_update),
        is_requestor_justification_required=bool(approval.is_requestor_justification_required),
        allow_custom_assignment_schedule=bool(settings.allow_custom_assignment_schedule),
        schedule=_schedule(policy),
        questions=[localized(one, language) for one in asked] if language else asked,
        existing_answers=[answer for one in asked for answer in answers.get(one.id, ())],
    )


def _schedule(policy: AccessPackageAssignmentPolicy) -> EntitlementManagementSchedule | None:
    """Give the limits that a policy sets to a schedule; None: it sets none."""
    end = policy.expiration
    if end is None or end.is_endless:
        return None
    return EntitlementManagementSchedule(expiration=end)

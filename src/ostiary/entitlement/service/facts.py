"""What new requests are judged by: read for a whole batch, in a constant number of queries."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.objects import Kind, Reference
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.automatic import is_automatic
from ostiary.entitlement.intents import USER_TYPES, Intent, Wants
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.questions import AccessPackageAnswer
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.subjects import GroupMembers
from ostiary.entitlement.offers import Target
from ostiary.entitlement.organizations import GUEST, Affiliation, domain_in, domain_of
from ostiary.entitlement.separation import Excluders, Exclusions
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import attributes as attribute_store
from ostiary.entitlement.store import automatic as automatic_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import managers as manager_store
from ostiary.entitlement.store import organizations as organization_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import separation as separation_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.entitlement.store.assignments import holder_key
from ostiary.entitlement.store.catalogs import PackagePlace
from ostiary.entitlement.store.policies import StoredPolicy
from ostiary.storage.ids import new_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One new request, as it came."""

    intent: Intent
    draft: AccessPackageAssignmentRequest
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the batch is judged by."""

    policies: Mapping[str, StoredPolicy]
    siblings: Mapping[str, Sequence[StoredPolicy]]
    """All policies of the packages that are asked for, by package."""
    packages: Mapping[str, PackagePlace]
    addressed: Mapping[str, str]
    """Who is meant by an e-mail address, in lower case."""
    invited: Collection[str]
    """Those of ``addressed`` who are not in the directory; they get an id here."""
    known: Mapping[str, Reference]
    domains: Mapping[str, str]
    """Where people from elsewhere come from."""
    affiliations: Mapping[str, Affiliation]
    """The connected organisations of those of them who are of one."""
    groups: Mapping[str, set[str]]
    managers: dict[str, str]
    exclusions: Exclusions
    """What excludes the packages, and what their targets have of it."""
    holders: dict[str, Assignment]
    """By holder key; grows with what the batch accepts."""
    assignments: Mapping[str, Assignment]
    answers: Mapping[str, Sequence[AccessPackageAnswer]]
    """By assignment: what has been answered so far."""
    approvers: Mapping[str, set[str]]
    """By assignment: who was asked to agree to it."""
    removing: set[str]
    """The assignments that are being removed; grows with what the batch accepts."""
    changing: set[str]
    """The assignments that are being changed; grows with what the batch accepts."""
    holding: Mapping[str, StoredPolicy]
    """The policies of ``assignments``."""
    given_by_rule: Collection[str]
    """Those of ``assignments`` that would be given again as soon as they ended."""

    def target(self, key: str) -> Target:
        """Give somebody as policies see them."""
        known = self.known.get(key)
        return Target(
            id=key,
            user_type=GUEST if key in self.invited else known.user_type if known else None,
            affiliation=self.affiliations.get(key),
            groups=frozenset(self.groups.get(key, ())),
            is_person=known is None or known.kind is Kind.USER,
            managers=manager_store.above(key, self.managers),
        )


def target_of(submission: Submission, facts: Facts) -> str:
    """Say who is to get the access: whoever is named, or else whoever asks."""
    return _target(submission, facts.addressed)


async def read(conn: AsyncConnection, submissions: Sequence[Submission]) -> Facts:
    """Read what a batch is judged by; policies stay as they are until it is stored."""
    intents = [submission.intent for submission in submissions]
    siblings, policies = await _named(conn, intents)
    addressed, invited = await _addressed(conn, intents)
    held, holding = await _held(conn, intents)
    callers = {submission.act.caller.object_id for submission in submissions}
    targets = {_target(one, addressed) for one in submissions if one.intent.wants is Wants.ADD}
    people = callers | targets | {assignment.target_id for assignment in held.values()}
    judged = [*policies.values(), *holding.values()]
    excluders = await _excluders(conn, intents, policies)
    asked = {holder_key(package, person) for package in siblings for person in targets}
    known = await directory.references(conn, people)
    domains = _domains(known, addressed, invited)
    return Facts(
        policies=policies,
        siblings=siblings,
        packages=await catalog_store.places(conn, siblings.keys()),
        addressed=addressed,
        invited=invited,
        known=known,
        domains=domains,
        affiliations=await organization_store.affiliations(conn, domains),
        groups=await _groups(conn, people, judged, intents),
        managers=await _managers(conn, submissions, held, addressed),
        exclusions=await separation_store.exclusions(conn, excluders, targets),
        holders=await assignment_store.holders(conn, asked) if asked else {},
        assignments=held,
        answers=await _answers(conn, intents),
        approvers=await _approvers(conn, intents),
        removing=await request_store.with_open_removal(conn, held.keys()) if held else set(),
        changing=await request_store.with_open_change(conn, held.keys()) if held else set(),
        holding=holding,
        given_by_rule=await _given_by_rule(conn, submissions, held, holding),
    )


def _domains(
    known: Mapping[str, Reference], addressed: Mapping[str, str], invited: Collection[str]
) -> dict[str, str]:
    """Say where those come from who are from elsewhere."""
    told: dict[str, str | None] = {key: domain_of(one) for key, one in known.items()}
    told |= {key: domain_in(email) for email, key in addressed.items() if key in invited}
    return {key: domain for key, domain in told.items() if domain}


def _target(submission: Submission, addressed: Mapping[str, str]) -> str:
    intent = submission.intent
    if intent.email is not None:
        return addressed.get(intent.email.lower(), "")
    return intent.target_id or submission.act.caller.object_id


async def _named(
    conn: AsyncConnection, intents: Iterable[Intent]
) -> tuple[Mapping[str, Sequence[StoredPolicy]], Mapping[str, StoredPolicy]]:
    """Keep the policies that are named, and give them with all others of their packages.

    The first is by package, the second by policy, with the questions about attributes.
    """
    named = {i.policy_id for i in intents if i.policy_id}
    await policy_store.keep(conn, named)
    siblings = await policy_store.siblings(conn, named)
    listed = {one.id: one for group in siblings.values() for one in group}
    return siblings, await attribute_store.asking(conn, listed)


async def _addressed(
    conn: AsyncConnection, intents: Iterable[Intent]
) -> tuple[dict[str, str], set[str]]:
    """Say who is meant by the addresses, and which of them are new to the directory.

    Only administrators name somebody whom the directory does not know.
    """
    emails = {i.email.lower(): i.type for i in intents if i.email}
    if not emails:
        return {}, set()
    found = await subject_store.addressed(conn, emails.keys())
    invited = {key for key, is_known in found.values() if not is_known}
    addressed = {email: key for email, (key, _) in found.items()}
    for email, type_ in emails.items():
        if email not in addressed and type_ is RequestType.ADMIN_ADD:
            addressed[email] = new_id()
            invited.add(addressed[email])
    return addressed, invited


async def _held(
    conn: AsyncConnection, intents: Iterable[Intent]
) -> tuple[Mapping[str, Assignment], Mapping[str, StoredPolicy]]:
    """Lock the assignments that are meant, and give the policies that they are under."""
    keys = {i.assignment_id for i in intents if i.assignment_id}
    held = await assignment_store.lock(conn, keys) if keys else {}
    bound = await policy_store.policies(conn, {a.policy_id for a in held.values()})
    return held, await attribute_store.asking(conn, bound)


async def _given_by_rule(
    conn: AsyncConnection,
    submissions: Sequence[Submission],
    held: Mapping[str, Assignment],
    holding: Mapping[str, StoredPolicy],
) -> Collection[str]:
    """Say which of the assignments that are to be removed an automatic policy stands behind."""
    removed = {s.intent.assignment_id for s in submissions if s.intent.wants is Wants.REMOVE}
    ruled = [
        one
        for key, one in held.items()
        if key in removed and is_automatic(holding[one.policy_id].policy)
    ]
    if not ruled:
        return ()
    now = max(submission.act.now for submission in submissions)
    return await automatic_store.given_by_rule(conn, ruled, now=now)


async def _excluders(
    conn: AsyncConnection, intents: Iterable[Intent], policies: Mapping[str, StoredPolicy]
) -> dict[str, Excluders]:
    keys = {i.policy_id or "" for i in intents if i.wants is Wants.ADD}
    packages = {policies[key].package_id for key in keys if key in policies}
    return await separation_store.excluders(conn, packages) if packages else {}


async def _groups(
    conn: AsyncConnection,
    people: Collection[str],
    policies: Iterable[StoredPolicy],
    intents: Iterable[Intent],
) -> dict[str, set[str]]:
    """Say who is in which groups, where that may decide."""
    needed = any(i.type is RequestType.APPROVER_REMOVE for i in intents)
    needed = needed or any(_names_groups(one) for one in policies)
    return await directory.groups_of(conn, people) if needed else {}


def _names_groups(stored: StoredPolicy) -> bool:
    settings = stored.policy.requestor_settings
    askers = settings.on_behalf_requestors if settings else ()
    named = (*stored.policy.specific_allowed_targets, *askers)
    return any(isinstance(one, GroupMembers) for one in named)


async def _managers(
    conn: AsyncConnection,
    submissions: Iterable[Submission],
    held: Mapping[str, Assignment],
    addressed: Mapping[str, str],
) -> dict[str, str]:
    """Say who is above the targets for whom somebody else asks."""
    people = set()
    for one in submissions:
        assignment = held.get(one.intent.assignment_id or "")
        target = assignment.target_id if assignment else _target(one, addressed)
        if one.intent.type in USER_TYPES and target != one.act.caller.object_id:
            people.add(target)
    return await manager_store.managers(conn, people) if people else {}


async def _answers(
    conn: AsyncConnection, intents: Iterable[Intent]
) -> dict[str, Sequence[AccessPackageAnswer]]:
    keys = {i.assignment_id for i in intents if i.assignment_id and i.wants is Wants.UPDATE}
    found = await assignment_store.answers_of(conn, keys) if keys else {}
    return {key: answers for key, answers in found.items() if answers}


async def _approvers(conn: AsyncConnection, intents: Iterable[Intent]) -> dict[str, set[str]]:
    of_approvers = (i for i in intents if i.type is RequestType.APPROVER_REMOVE)
    keys = {i.assignment_id for i in of_approvers if i.assignment_id}
    return await approval_store.asked_about(conn, keys) if keys else {}

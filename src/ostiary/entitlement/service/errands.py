"""Errands: access that another part of the server asks for, in a transaction of its own.

They become requests of an administrator, judged and stored like any other; nobody is asked to
approve. A dry run is judged all the same and leaves nothing behind. Each errand has a reply of its
own, and one that is refused does not touch the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement import names, requests
from ostiary.entitlement.assignments import Assignment
from ostiary.entitlement.errors import ExistingGrant, ExistingOpenRequest
from ostiary.entitlement.intents import Intent
from ostiary.entitlement.model.enums import AccessPackageRequestType as RequestType
from ostiary.entitlement.model.enums import ExpirationPatternType
from ostiary.entitlement.model.requests import AccessPackageAssignmentRequest
from ostiary.entitlement.model.schedules import EntitlementManagementSchedule, ExpirationPattern
from ostiary.entitlement.process import moves
from ostiary.entitlement.process.moves import Move
from ostiary.entitlement.service import submitting
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.service.facts import Submission
from ostiary.entitlement.states import CANCELABLE
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store
from ostiary.extensions import service as extensions
from ostiary.graph.errors import DomainError
from ostiary.identity.principals import Principal

HAS_IT: Final = "The user has the access package already."
WAITS: Final = "The user waits for the access package already."
LACKS_IT: Final = "The user does not have the access package."
NOT_YET: Final = "The user waits for the access package and does not have it yet."
IS_REMOVED: Final = "The assignment of the user is being removed already."
NOTHING: Final = "The user has no assignments of access packages."
ENDS_SOONER: Final = "Every assignment of the user ends by then."
NONE_PENDING: Final = "No request for the user was pending."


class Errand(Protocol):
    """What is to be done about the access of one person."""

    @property
    def key(self) -> str:
        """By which the reply is found; it is recorded with the request."""

    @property
    def person_id(self) -> str:
        """Whose access it is about."""

    @property
    def package_id(self) -> str:
        """The access package, where it is about one."""

    @property
    def policy_id(self) -> str:
        """The policy under which the package is to be given."""

    @property
    def days(self) -> int:
        """After how many days access is to end; 0: at once."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of an errand, or would; ``text`` says why it was refused, or needless."""

    text: str | None = None
    is_refused: bool = False
    is_needless: bool = False


class Errands:
    """Does errands in the name of ``caller``.

    ``is_told_first`` is how the operator has the granted stage.
    """

    def __init__(self, caller: Principal, *, is_told_first: bool = False) -> None:
        self._caller = caller
        self._is_told_first = is_told_first

    async def assign(
        self, conn: AsyncConnection, errands: Sequence[Errand], *, is_dry: bool, now: datetime
    ) -> dict[str, Reply]:
        """Ask for packages for people."""
        intents = [
            Intent(
                type=RequestType.ADMIN_ADD,
                package_id=one.package_id,
                policy_id=one.policy_id,
                target_id=one.person_id,
            )
            for one in errands
        ]
        results = await self._submit(conn, errands, intents, is_dry=is_dry, now=now)
        both = zip(errands, results, strict=True)
        return {one.key: _reply(result, ExistingGrant, HAS_IT, WAITS) for one, result in both}

    async def remove(
        self, conn: AsyncConnection, errands: Sequence[Errand], *, is_dry: bool, now: datetime
    ) -> dict[str, Reply]:
        """Have packages taken away from people."""
        found = await assignment_store.of_people(conn, {one.person_id for one in errands})
        by_place = {(one.target_id, one.package_id): one for one in found}
        held = {one.key: by_place.get((one.person_id, one.package_id)) for one in errands}
        replies = {
            key: Reply(LACKS_IT if one is None else NOT_YET, is_needless=True)
            for key, one in held.items()
            if one is None or not one.is_held
        }
        due = [one for one in errands if one.key not in replies]
        intents = [_removal(held[one.key]) for one in due]
        results = await self._submit(conn, due, intents, is_dry=is_dry, now=now)
        both = zip(due, results, strict=True)
        return replies | {one.key: _reply(r, ExistingGrant, "", IS_REMOVED) for one, r in both}

    async def remove_all(
        self, conn: AsyncConnection, errands: Sequence[Errand], *, is_dry: bool, now: datetime
    ) -> dict[str, Reply]:
        """Have everything taken away from people, or let it end after some days.

        An errand is refused when something stays; the rest is taken away all the same.
        """
        found = await assignment_store.of_people(conn, {one.person_id for one in errands})
        going = await request_store.with_open_removal(conn, {one.id for one in found})
        stays = [one for one in found if one.is_held and one.id not in going]
        due = [
            (errand, one)
            for errand in errands
            for one in stays
            if one.target_id == errand.person_id and not _ends_sooner(one, errand, now)
        ]
        intents = [_removal(one) if not errand.days else _ending(one) for errand, one in due]
        results = await self._submit(
            conn, [errand for errand, _ in due], intents, is_dry=is_dry, now=now
        )
        both = zip(due, results, strict=True)
        failed = [(e, one, r) for (e, one), r in both if r is not None and not _is_going(e, r)]
        packages = await catalog_store.packages(conn, {one.package_id for _, one, _ in failed})
        people = {one.target_id for one in stays}
        replies = {one.key: _nothing_due(one, people) for one in errands}
        replies |= {errand.key: Reply() for errand, _ in due}
        for errand, one, error in failed:
            kept = f"'{packages[one.package_id].display_name}' stays: {error}"
            before = replies[errand.key].text
            replies[errand.key] = Reply(f"{before} {kept}" if before else kept, is_refused=True)
        return replies

    async def cancel_all(
        self, conn: AsyncConnection, errands: Sequence[Errand], *, is_dry: bool, now: datetime
    ) -> dict[str, Reply]:
        """Cancel what is asked for people and not given yet, callouts first."""
        pending = await request_store.pending_of(conn, {one.person_id for one in errands})
        waiting = set(pending.values())
        if pending and not is_dry:
            await extensions.cancel(conn, names.REQUEST, list(pending), now=now)
            held = (await request_store.lock(conn, pending.keys())).values()
            both = [
                Move(request, requests.cancel(request, now=now), self._caller.actor())
                for request in held
                if request.is_open and request.state in CANCELABLE
            ]
            await moves.store(conn, both, now=now)
        return {
            one.key: Reply() if one.person_id in waiting else Reply(NONE_PENDING, is_needless=True)
            for one in errands
        }

    async def problems(
        self, conn: AsyncConnection, pairs: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], str]:
        """Say what is wrong with pairs of package and policy; the policy may be left empty."""
        packages = await catalog_store.packages(conn, {package for package, _ in pairs})
        policies = await policy_store.policies(conn, {policy for _, policy in pairs if policy})
        found: dict[tuple[str, str], str] = {}
        for package, policy in pairs:
            if package not in packages:
                found[package, policy] = f"There is no access package '{package}'."
            elif policy and (policy not in policies or policies[policy].package_id != package):
                found[package, policy] = (
                    f"'{policy}' is no assignment policy of the access package."
                )
        return found

    async def _submit(
        self,
        conn: AsyncConnection,
        errands: Sequence[Errand],
        intents: Sequence[Intent],
        *,
        is_dry: bool,
        now: datetime,
    ) -> list[DomainError | None]:
        """Make requests; give why each was refused."""
        if not intents:
            return []
        submissions = [
            Submission(
                intent=intent,
                draft=AccessPackageAssignmentRequest(
                    request_type=intent.type,
                    schedule=_schedule(one, now) if intent.type in _ENDINGS else None,
                    is_validation_only=is_dry,
                ),
                act=Act(caller=self._caller, now=now, correlation_id=one.key),
            )
            for one, intent in zip(errands, intents, strict=True)
        ]
        told_first = self._is_told_first
        results = await submitting.submit(conn, submissions, is_told_first=told_first)
        return [_refusal(result) for result in results]


_ENDINGS: Final = (RequestType.ADMIN_UPDATE,)


def _refusal(result: object) -> DomainError | None:
    if isinstance(result, Exception) and not isinstance(result, DomainError):
        raise result
    return result if isinstance(result, DomainError) else None


def _reply(
    error: DomainError | None, done: type[DomainError], is_done: str, is_coming: str
) -> Reply:
    if error is None:
        return Reply()
    if isinstance(error, done):
        return Reply(is_done, is_needless=True)
    if isinstance(error, ExistingOpenRequest):
        return Reply(is_coming, is_needless=True)
    return Reply(str(error), is_refused=True)


def _is_going(errand: Errand, error: DomainError) -> bool:
    """Say whether an assignment is not removed because somebody has just asked for that."""
    return not errand.days and isinstance(error, ExistingOpenRequest)


def _removal(assignment: Assignment | None) -> Intent:
    assert assignment is not None  # those without one have their replies already
    return Intent(type=RequestType.ADMIN_REMOVE, assignment_id=assignment.id)


def _ending(assignment: Assignment) -> Intent:
    return Intent(type=RequestType.ADMIN_UPDATE, assignment_id=assignment.id)


def _end(errand: Errand, now: datetime) -> datetime:
    return now + timedelta(days=errand.days)


def _schedule(errand: Errand, now: datetime) -> EntitlementManagementSchedule:
    type_ = ExpirationPatternType.AFTER_DATE_TIME
    end = ExpirationPattern(type=type_, end_date_time=_end(errand, now))
    return EntitlementManagementSchedule(expiration=end)


def _ends_sooner(assignment: Assignment, errand: Errand, now: datetime) -> bool:
    """Say whether an assignment ends by itself early enough."""
    end = assignment.ends_at
    return errand.days > 0 and end is not None and end <= _end(errand, now)


def _nothing_due(errand: Errand, people: Collection[str]) -> Reply:
    return Reply(ENDS_SOONER if errand.person_id in people else NOTHING, is_needless=True)

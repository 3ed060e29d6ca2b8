"""Rights: what a person is to be, or no longer to be, to a resource.

A right is one role in one scope of one resource, for one person. Any number of assignments may want
it; while one does, it is to be there, and when none does any more, it is to be taken away. Whatever
is decided here converges on that: a failed attempt is repeated for some hours, and what could not
be taken away is tried again every day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Final
from uuid import UUID, uuid5

import msgspec
from msgspec.structs import replace

from ostiary.entitlement.states import Delivery

RETRIES: Final = (
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=2),
)
"""How long after each failed attempt the next one is made."""

STUCK_FOR: Final = timedelta(days=1)
"""How long after its last attempt a right that could not be taken away is tried again."""

_NAMESPACE: Final = UUID("6f2f5a9e-3b5c-4c0a-9a53-2f5f2b1f8d11")


class RightState(StrEnum):
    """Where a right stands."""

    GIVING = "giving"
    """It is wanted, and not known to be there."""
    GIVEN = "given"
    """It is wanted, and it is there."""
    REFUSED = "refused"
    """It is wanted, and could not be given."""
    TAKING = "taking"
    """Nobody wants it, and it may still be there."""
    STUCK = "stuck"
    """Nobody wants it, and it could not be taken away."""

    @property
    def is_wanted(self) -> bool:
        """Whether it is to be there."""
        return self in (RightState.GIVING, RightState.GIVEN, RightState.REFUSED)

    @property
    def is_moving(self) -> bool:
        """Whether an attempt is to come that may still succeed."""
        return self in (RightState.GIVING, RightState.TAKING)


class Effort(IntEnum):
    """How much is done about rights that are as they are."""

    LOOK = 0
    """Only what nobody has tried yet."""
    TRY = 1
    """What failed is tried again, and what is written in our own directory is made sure of."""
    REWRITE = 2
    """Everything is written again."""


class Right(msgspec.Struct, frozen=True, kw_only=True):
    """A role in a scope of a resource, as its origin calls them, for one person."""

    system: str
    resource: str
    role: str
    scope: str
    principal: str

    @property
    def key(self) -> str:
        """The id under which it is kept: the same for whoever wants the same."""
        parts = (self.system, self.resource, self.role, self.scope, self.principal)
        return str(uuid5(_NAMESPACE, "\0".join(parts)))


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a right could not be given or taken; a lasting one will not pass by itself."""

    reason: str
    is_lasting: bool = False


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A right, and how far it has come."""

    right: Right
    role_id: str
    scope_id: str
    """The role and scope of the catalog by which it was last wanted."""
    state: RightState = RightState.GIVING
    attempts: int = 0
    """Failed attempts since the state is what it is."""
    reason: str | None = None
    given_at: datetime | None = None
    call_id: str | None = None
    """The work item that calls the origin about it right now."""

    @property
    def id(self) -> str:
        """The key of the right."""
        return self.right.key


def wanted(held: Held, effort: Effort, *, is_local: bool) -> tuple[Held, bool]:
    """Say what becomes of a right that is wanted, and whether it is to be written now."""
    least = {
        RightState.GIVEN: Effort.TRY if is_local else Effort.REWRITE,
        RightState.GIVING: Effort.TRY,
        RightState.REFUSED: Effort.TRY,
    }
    if effort >= least.get(held.state, Effort.LOOK):
        return _anew(held, RightState.GIVING), True
    return held, False


def unwanted(held: Held, effort: Effort, *, is_local: bool) -> tuple[Held | None, bool]:
    """Say what becomes of a right that nobody wants, and whether it is to be taken away now.

    None: it is forgotten. In our own directory nothing but a success has left a trace; elsewhere a
    failed attempt to give may have been one whose reply was lost.
    """
    if not held.state.is_wanted:
        again = held.state is RightState.STUCK and effort is not Effort.LOOK
        return (_anew(held, RightState.TAKING), True) if again else (held, False)
    if is_local and held.given_at is None:
        return None, False
    return _anew(held, RightState.TAKING), True


def succeeded(held: Held, *, now: datetime) -> Held | None:
    """Note that it was given, or taken away; None: it is gone."""
    if not held.state.is_wanted:
        return None
    given_at = held.given_at or now
    return replace(_anew(held, RightState.GIVEN), given_at=given_at)


def failed(held: Held, refusal: Refusal, *, now: datetime) -> tuple[Held, datetime | None]:
    """Note a failed attempt; say when the next one is made, None: no more."""
    is_over = refusal.is_lasting or held.attempts >= len(RETRIES)
    tried = replace(held, attempts=held.attempts + 1, reason=refusal.reason)
    if held.state.is_wanted:
        if is_over:
            return replace(tried, state=RightState.REFUSED), None
        return replace(tried, state=RightState.GIVING), now + RETRIES[held.attempts]
    if is_over:
        again = None if refusal.is_lasting else now + STUCK_FOR
        return replace(tried, state=RightState.STUCK), again
    return replace(tried, state=RightState.TAKING), now + RETRIES[held.attempts]


def outcome(states: Iterable[RightState]) -> Delivery | None:
    """Say how giving went, by all that is wanted; None: that is not decided yet."""
    all_ = list(states)
    given = sum(state is RightState.GIVEN for state in all_)
    if any(state.is_moving for state in all_):
        return None
    if given == len(all_):
        return Delivery.COMPLETE
    return Delivery.PARTIAL if given else Delivery.FAILED


def withdrawal(states: Iterable[RightState]) -> Delivery | None:
    """Say how taking went, by all that is left; None: that is not decided yet."""
    left = list(states)
    if any(state is RightState.TAKING for state in left):
        return None
    return Delivery.FAILED if left else Delivery.COMPLETE


def _anew(held: Held, state: RightState) -> Held:
    return replace(held, state=state, attempts=0, reason=None)

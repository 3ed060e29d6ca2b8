"""One callout: its states, and the only functions that move it.

A callout is open until it has an outcome, and it gets exactly one: the first to be stored. What
comes later finds a closed callout and leaves it as it is, so that every function here may be called
in any order and any number of times. A deadline belongs to "too late".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import replace

from ostiary.extensions.model import CustomExtensionCalloutInstance
from ostiary.extensions.model import CustomExtensionCalloutInstanceStatus as CalloutStatus

__all__ = ["ALLOWED", "Callout", "CalloutStatus", "Outcome", "accepted", "answered", "canceled"]


class Outcome(StrEnum):
    """How a callout ended."""

    SENT = "sent"
    """The endpoint took it, and no answer is awaited."""

    RESUMED = "resumed"
    """Answered: go on."""

    DENIED = "denied"
    """Answered: do not go on."""

    FAILED = "failed"
    """It could not be delivered, or the answer tells of a failure (the status says which)."""

    TIMED_OUT = "timedOut"
    """Nobody answered before the deadline."""

    CANCELED = "canceled"
    """Its owner no longer wants it, or the answer asks for an end."""


ALLOWED: dict[CalloutStatus, frozenset[CalloutStatus]] = {
    CalloutStatus.CALLOUT_SENT: frozenset(
        {
            CalloutStatus.CALLOUT_SENT,
            CalloutStatus.WAITING_FOR_CALLBACK,
            CalloutStatus.CALLBACK_RECEIVED,
            CalloutStatus.CALLOUT_FAILED,
        }
    ),
    CalloutStatus.WAITING_FOR_CALLBACK: frozenset(
        {
            CalloutStatus.CALLBACK_RECEIVED,
            CalloutStatus.CALLBACK_TIMED_OUT,
            CalloutStatus.CALLOUT_FAILED,
        }
    ),
    CalloutStatus.CALLBACK_RECEIVED: frozenset(),
    CalloutStatus.CALLOUT_FAILED: frozenset(),
    CalloutStatus.CALLBACK_TIMED_OUT: frozenset(),
    CalloutStatus.UNKNOWN_FUTURE_VALUE: frozenset(),
}
"""Which status may follow which; a closed callout has none left."""


class Callout(msgspec.Struct, frozen=True, kw_only=True):
    """One call to one extension on behalf of one owner (``customExtensionCalloutInstance``)."""

    id: str
    owner_kind: str
    owner_id: str
    extension_id: str
    stage: str
    status: CalloutStatus = CalloutStatus.CALLOUT_SENT
    waits: bool
    timeout: timedelta | None = None
    deadline: datetime | None = None
    outcome: Outcome | None = None
    detail: str | None = None
    source: str | None = None
    external_correlation_id: str | None = None
    answer: Mapping[str, Any] | None = None
    """The stored answer: ``verdict``, ``detail``, ``source``, ``type``, ``data``, ``caller``."""
    created_at: datetime
    sequence: int = 0
    """Tells apart what was created at one instant of the server's clock."""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    attempts: int = 0
    """How many times the endpoint was called."""

    @property
    def is_open(self) -> bool:
        """Whether it can still get an outcome."""
        return self.outcome is None

    @property
    def is_unsent(self) -> bool:
        """Whether the endpoint has not taken it yet."""
        return self.is_open and self.status is CalloutStatus.CALLOUT_SENT

    @property
    def awaits(self) -> bool:
        """Whether an answer may still be stored, in time."""
        return self.is_open and self.waits

    def is_late(self, now: datetime) -> bool:
        """Whether ``now`` is the deadline or after it."""
        return self.deadline is not None and now >= self.deadline


class IllegalMove(RuntimeError):
    """A defect: a move that the table does not have."""


def dispatched(callout: Callout, *, now: datetime) -> Callout:
    """Note that a call is about to be made; the time to answer counts from here until it is taken.

    Without this a worker that comes late would call an endpoint whose answer is late already.
    """
    if not callout.is_unsent:
        return callout
    return replace(callout, sent_at=now, deadline=_deadline(callout, now))


def accepted(callout: Callout, *, now: datetime, correlation: str | None = None) -> Callout:
    """Note that the endpoint took the call: wait for its answer, or be done.

    An answer that came first stands; only the endpoint's name for the call is added then.
    """
    known = replace(callout, external_correlation_id=callout.external_correlation_id or correlation)
    if not callout.is_unsent:
        return known
    if callout.waits:
        waiting = replace(known, deadline=_deadline(callout, now))
        return _move(waiting, CalloutStatus.WAITING_FOR_CALLBACK)
    return _move(known, CalloutStatus.CALLOUT_SENT, Outcome.SENT)


def replied(
    callout: Callout, answer: Mapping[str, Any], *, now: datetime, correlation: str | None = None
) -> Callout:
    """Note that the endpoint took the call and answered with it."""
    known = replace(callout, external_correlation_id=callout.external_correlation_id or correlation)
    if not callout.is_unsent:
        return known
    return answered(known, outcome=Outcome.RESUMED, answer=answer, now=now)


def refused(callout: Callout, *, reason: str) -> Callout:
    """Give up: the endpoint did not take the call. ``reason`` is short and without secrets."""
    if not callout.is_unsent:
        return callout
    failed = replace(callout, detail=reason)
    return _move(failed, CalloutStatus.CALLOUT_FAILED, Outcome.FAILED)


def answered(
    callout: Callout, *, outcome: Outcome, answer: Mapping[str, Any], now: datetime
) -> Callout:
    """Store the answer. ``answers.decide`` has said that it is in time and fits.

    :raises IllegalMove: the callout is closed.
    """
    kept = replace(
        callout,
        answer=answer,
        answered_at=now,
        detail=answer.get("detail"),
        source=answer.get("source"),
    )
    return _move(kept, CalloutStatus.CALLBACK_RECEIVED, outcome)


def expired(callout: Callout, *, now: datetime) -> Callout:
    """Give up waiting when the deadline has come; before it nothing changes."""
    waiting = callout.is_open and callout.status is CalloutStatus.WAITING_FOR_CALLBACK
    if not waiting or not callout.is_late(now):
        return callout
    silent = replace(callout, detail="No answer arrived within the time-out duration.")
    return _move(silent, CalloutStatus.CALLBACK_TIMED_OUT, Outcome.TIMED_OUT)


def canceled(callout: Callout, *, reason: str) -> Callout:
    """End the callout because its owner no longer wants it."""
    if not callout.is_open:
        return callout
    unwanted = replace(callout, detail=reason)
    return _move(unwanted, CalloutStatus.CALLOUT_FAILED, Outcome.CANCELED)


def instance(callout: Callout) -> CustomExtensionCalloutInstance:
    """Give the callout as it is shown on the wire (``customExtensionCalloutInstances``)."""
    return CustomExtensionCalloutInstance(
        custom_extension_id=callout.extension_id,
        detail=callout.detail,
        external_correlation_id=callout.external_correlation_id,
        id=callout.id,
        status=callout.status,
    )


def _deadline(callout: Callout, since: datetime) -> datetime | None:
    return since + callout.timeout if callout.waits and callout.timeout is not None else None


def _move(callout: Callout, after: CalloutStatus, outcome: Outcome | None = None) -> Callout:
    if not callout.is_open or after not in ALLOWED[callout.status]:
        raise IllegalMove(f"callout {callout.id}: {callout.status} ({callout.outcome}) to {after}")
    return replace(callout, status=after, outcome=outcome)

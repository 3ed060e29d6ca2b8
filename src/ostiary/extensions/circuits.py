"""The circuit of one extension: it opens after failures in a row, and closes when a call succeeds.

While it is open callouts wait on the queue. When its time is over it is half open: one call tries
the endpoint, and closes it, or opens it for longer. No callout waits for it longer than the
patience: what has waited that long is called for as ever, and ends as ever. What was due before the
trouble began had waited for something else, and that does not count.

Nothing here reads a clock: time arrives as ``now``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

FIRST: Final = timedelta(seconds=5)
FACTOR: Final = 2
LONGEST: Final = timedelta(minutes=1)


class State(StrEnum):
    """Whether calls may be made."""

    CLOSED = "closed"
    """As many as there are places for."""

    OPEN = "open"
    """None but of callouts that have waited long enough."""

    HALF_OPEN = "halfOpen"
    """One, to find out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """After how many failures in a row a circuit opens (0: never), and how long a callout waits."""

    failures: int = 5
    patience: timedelta = timedelta(minutes=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """What is known of one endpoint: its failures in a row, and until when it is left alone."""

    failures: int = 0
    openings: int = 0
    """How often in a row the circuit has opened."""
    opens_until: datetime | None = None
    paused_until: datetime | None = None
    """What the endpoint itself has asked for with ``Retry-After``."""
    label: str | None = None
    """What went wrong the last time."""
    since: datetime | None = None
    """When callouts began to be held back; opening again and further pauses do not change it."""

    def has_patience_with(self, due_at: datetime, now: datetime, terms: Terms) -> bool:
        """Whether a callout that was due at ``due_at`` can still be held back."""
        return max(due_at, self.since or due_at) > now - terms.patience

    def until(self, now: datetime, terms: Terms) -> datetime | None:
        """Say until when no call is made; None: calls may be made now."""
        longest = max(LONGEST, terms.patience)
        ahead = (
            instant
            for instant in (self.opens_until, self.paused_until)
            # A clock that was set back would else hold calls back for as long as it was wrong.
            if instant is not None and now < instant <= now + longest
        )
        return max(ahead, default=None)

    def state(self, now: datetime, terms: Terms) -> State:
        """Say whether calls may be made now."""
        if self.until(now, terms) is not None:
            return State.OPEN
        return State.CLOSED if self.opens_until is None else State.HALF_OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What a node knew of the endpoint of an extension when its circuit last turned."""

    node: str
    extension_id: str
    circuit: Circuit
    at: datetime


def failed(circuit: Circuit, label: str | None, *, now: datetime, terms: Terms) -> Circuit:
    """Note a call that failed; those that were under way when the circuit opened are only counted.

    ``label`` says what went wrong.
    """
    counted = replace(circuit, failures=circuit.failures + 1, label=label)
    if not terms.failures or not terms.patience or counted.failures < terms.failures:
        return counted
    if circuit.opens_until is not None and now < circuit.opens_until:
        return counted
    period = min(FIRST * FACTOR ** min(circuit.openings, 10), LONGEST, terms.patience)
    since = circuit.since or now
    return replace(counted, openings=circuit.openings + 1, opens_until=now + period, since=since)


def answered(circuit: Circuit, *, now: datetime) -> Circuit:
    """Note a call that the endpoint answered, whatever it said: it is there.

    A pause that it has asked for goes on.
    """
    if circuit.paused_until is None or circuit.paused_until <= now:
        return Circuit()
    return Circuit(paused_until=circuit.paused_until, label=circuit.label, since=circuit.since)


def asked_to_pause(
    circuit: Circuit, seconds: float, label: str | None, *, now: datetime, terms: Terms
) -> Circuit:
    """Note that the endpoint wants no calls for so long, at most for the patience."""
    until = now + min(timedelta(seconds=seconds), terms.patience)
    longer = max(circuit.paused_until or until, until)
    return replace(circuit, paused_until=longer, label=label, since=circuit.since or now)


def has_turned(before: Circuit, after: Circuit) -> bool:
    """Whether a circuit has opened, for longer too, closed or been paused; more failures do not."""
    periods = ((one.opens_until, one.paused_until) for one in (before, after))
    return next(periods) != next(periods)

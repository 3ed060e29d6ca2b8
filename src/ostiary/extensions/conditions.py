"""The condition of one extension: what waits for it, and how its endpoint does.

Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from ostiary.extensions.circuits import Noted, State, Terms
from ostiary.extensions.extensions import Extension


class Standing(StrEnum):
    """What a node does about the callouts to an extension."""

    CLOSED = "closed"
    """It sends them: the circuit is closed."""

    PAUSED = "paused"
    """None for now, as the endpoint asked with ``Retry-After``."""

    HALF_OPEN = "halfOpen"
    """One, to find out whether the endpoint is back."""

    OPEN = "open"
    """None for now, since too many failed in a row."""


_WORST_FIRST: Final = (Standing.OPEN, Standing.HALF_OPEN, Standing.PAUSED, Standing.CLOSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How many callouts of an extension stand where."""

    to_send: int = 0
    """On the queue, held by no node."""
    sending: int = 0
    """Held by a node: on the wire, or next in line."""
    oldest_due: datetime | None = None
    """Since when the first of those has been due that no node holds."""
    awaited: int = 0
    """Taken by the endpoint, and not answered yet."""
    dead: int = 0
    """Given up by the server itself: dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """How one extension stands."""

    extension_id: str
    extension: Extension | None
    """None: it was deleted."""
    url: str | None
    load: Load
    notes: Sequence[Noted] = ()
    """Of the nodes that have something to tell of its endpoint."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.extension.display_name if self.extension else self.extension_id

    @property
    def kind(self) -> str | None:
        """Its type, without the namespace."""
        return self.extension.kind.rpartition(".")[2] if self.extension else None

    @property
    def host(self) -> str | None:
        """Where its endpoint is; None: nobody knows."""
        return urlsplit(self.url).netloc.rpartition("@")[2] if self.url else None

    def worst(self, now: datetime, terms: Terms) -> Noted | None:
        """Give the note of the node that holds back most."""
        known = [note for note in self.notes if standing(note, now, terms) is not Standing.CLOSED]
        return min(known, key=lambda note: _rank(note, now, terms), default=None)

    def standing(self, now: datetime, terms: Terms) -> Standing:
        """Say what the node does that holds back most."""
        worst = self.worst(now, terms)
        return Standing.CLOSED if worst is None else standing(worst, now, terms)

    def overdue(self, now: datetime) -> timedelta | None:
        """Say for how long the first of what is due has been waiting for a node."""
        due = self.load.oldest_due
        return None if due is None else max(now - due, timedelta())

    def is_worth_telling(self, now: datetime, terms: Terms) -> bool:
        """Whether it has work or trouble."""
        return self.load != Load() or self.standing(now, terms) is not Standing.CLOSED


def standing(note: Noted, now: datetime, terms: Terms) -> Standing:
    """Say what a node does that has noted this."""
    match note.circuit.state(now, terms):
        case State.CLOSED:
            return Standing.CLOSED
        case State.HALF_OPEN:
            return Standing.HALF_OPEN
        case State.OPEN:
            opens = note.circuit.opens_until
            return Standing.PAUSED if opens is None or opens <= now else Standing.OPEN


def ordered(conditions: Sequence[Condition], now: datetime, terms: Terms) -> list[Condition]:
    """Put those first that need somebody most."""

    def rank(one: Condition) -> tuple[int, int, int, str, str]:
        worst = _WORST_FIRST.index(one.standing(now, terms))
        return worst, -one.load.dead, -one.load.to_send, one.name, one.extension_id

    return sorted(conditions, key=rank)


def _rank(note: Noted, now: datetime, terms: Terms) -> tuple[int, float]:
    until = note.circuit.until(now, terms)
    latest = -until.timestamp() if until is not None else 0.0
    return _WORST_FIRST.index(standing(note, now, terms)), latest

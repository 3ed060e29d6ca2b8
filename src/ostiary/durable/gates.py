"""Gates: what may close a lane for a while, or let only some of its items through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

UNBOUNDED: Final = 1_000_000
"""More places than any lane has."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What a gate lets through: so many items at a time, of those that were due at ``before``.

    Where that is less than all there is, ``until`` says when it may be more. Without places it is
    nothing until then. ``starts`` is how many may be begun now, those included that are held and
    have not begun.
    """

    places: int
    before: datetime
    until: datetime | None = None
    starts: int = UNBOUNDED

    def opening(self, due: datetime, *, now: datetime) -> datetime | None:
        """Say when it lets through what was due at ``due``, if that is not now."""
        if self.until is None or (self.places and due <= self.before):
            return None
        return min(self.until, due + (now - self.before)) if self.places else self.until


class Gate(Protocol):
    """What may close a lane for a while."""

    def passage(self, lane: str, *, now: datetime) -> Passage:
        """Say what the lane lets through now."""


class Open:
    """The gate of lanes that never close."""

    def passage(self, lane: str, *, now: datetime) -> Passage:
        """Let everything through."""
        return Passage(UNBOUNDED, now)

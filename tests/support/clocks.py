"""A clock for tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

MONDAY: Final = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
"""Where the clock of a test starts: a Monday morning."""


class FixedClock:
    """A clock that stands still until a test advances it; it needs no database."""

    def __init__(self, now: datetime = MONDAY) -> None:
        self._now = now

    def now(self) -> datetime:
        """Give the instant at which the clock stands."""
        return self._now

    def advance(self, **duration: Any) -> datetime:
        """Move on by ``timedelta(**duration)`` and give the new instant."""
        self._now += timedelta(**duration)
        return self._now

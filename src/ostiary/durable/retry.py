"""When to try again: ever later, never all at once, and at some point no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """A back-off whose delays grow by ``factor`` from ``first`` to ``longest``.

    Each delay is shortened by a random share of up to ``jitter``, so that items that failed
    together do not come back together. By default the attempts span more than three hours.
    """

    first: timedelta = timedelta(seconds=2)
    factor: float = 3.0
    longest: timedelta = timedelta(hours=1)
    attempts: int = 12
    jitter: float = 0.25
    rng: Random = field(default_factory=Random)

    def after(self, attempts: int, *, now: datetime) -> datetime | None:
        """Say when to try again after so many failed attempts, or None to give up."""
        if attempts >= self.attempts:
            return None
        grown = self.first.total_seconds() * self.factor ** (attempts - 1)
        delay = min(grown, self.longest.total_seconds())
        return now + timedelta(seconds=delay * (1 - self.jitter * self.rng.random()))

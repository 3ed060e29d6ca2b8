"""How many calls a second may begin to one extension: a token bucket.

A bucket holds what a second brings, and at least one token. A call that begins takes one, and each
comes back after the interval. So in any time of ``w`` seconds no more begin than a full bucket and
``w`` times the rate; and whoever finds the bucket empty knows the instant of the next token.

Nothing here reads a clock: time arrives as ``now``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final, Self

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many calls a second, and how long it takes until a token comes back."""

    calls: float
    interval: timedelta

    @classmethod
    def of(cls, calls: float) -> Self | None:
        """Read so many calls a second; None: there is no limit, which is what 0 means.

        The interval is rounded up to a microsecond, so that there are never more.
        """
        if not calls:
            return None
        return cls(calls, timedelta(microseconds=math.ceil(1_000_000 / Fraction(calls))))

    @property
    def filling(self) -> timedelta:
        """How long it takes to fill an empty bucket."""
        return max(_SECOND, self.interval)


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is left for calls to one extension, known by the instant at which it is full again."""

    full_at: datetime | None = None
    """None: it is full."""

    def tokens(self, rate: Rate, now: datetime) -> int:
        """Say how many calls may begin now."""
        return (rate.filling - self._missing(rate, now)) // rate.interval

    def next_token(self, rate: Rate, now: datetime) -> datetime:
        """Say from when on a call may begin."""
        short = self._missing(rate, now) + rate.interval - rate.filling
        return now + max(short, timedelta())

    def taken(self, rate: Rate, now: datetime) -> Bucket:
        """Take the token of a call that begins now, after asking whether there is one."""
        return Bucket(now + self._missing(rate, now) + rate.interval)

    def _missing(self, rate: Rate, now: datetime) -> timedelta:
        """Say how long it takes until the bucket is full."""
        missing = self.full_at - now if self.full_at is not None else timedelta()
        # More than an empty bucket misses only where the clock was set back, which would else hold
        # calls back for as long as it was wrong.
        return missing if timedelta() < missing <= rate.filling else timedelta()

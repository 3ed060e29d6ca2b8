"""A budget of requests for each caller, so that one client cannot crowd out the others.

Each application has two buckets, for reads and for writes, that fill evenly. An empty one answers
429 with the seconds to wait, before anything has happened. Off unless a budget is set.
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from ostiary.graph.errors import TooManyRequests
from ostiary.graph.resources import Caller

WINDOW = 10.0
"""Seconds over which a budget is counted."""
_REMEMBERED = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


@dataclass
class Throttle:
    """The budgets of one node: requests within ten seconds; 0 means no limit."""

    reads: int = 0
    writes: int = 0
    monotonic: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[tuple[str, bool], _Bucket] = field(default_factory=OrderedDict)

    def take(self, caller: Caller, *, writes: bool) -> dict[str, str]:
        """Take one request from the caller's budget and give the headers that tell of it.

        :raises TooManyRequests: the budget is spent.
        """
        limit = self.writes if writes else self.reads
        if not limit:
            return {}
        bucket = self._bucket((caller.app_id or caller.object_id, writes), limit)
        if bucket.tokens < 1:
            wait = max(1, math.ceil((1 - bucket.tokens) * WINDOW / limit))
            kind = "writes" if writes else "reads"
            raise TooManyRequests(
                f"Too many requests: {limit} {kind} within {WINDOW:.0f} seconds are allowed.",
                retry_after=wait,
            )
        bucket.tokens -= 1
        remaining = int(bucket.tokens)
        headers = {"RateLimit-Limit": str(limit), "RateLimit-Remaining": str(remaining)}
        return headers | {
            "RateLimit-Reset": str(math.ceil((limit - bucket.tokens) * WINDOW / limit))
        }

    def _bucket(self, key: tuple[str, bool], limit: int) -> _Bucket:
        now = self.monotonic()
        bucket = self._buckets.setdefault(key, _Bucket(float(limit), now))
        bucket.tokens = min(float(limit), bucket.tokens + (now - bucket.at) * limit / WINDOW)
        bucket.at = now
        self._buckets.move_to_end(key)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
        return bucket

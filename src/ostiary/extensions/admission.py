"""Which calls may begin: as the circuit of their extension allows, and as its rate does.

A rate is no failure. It holds for a callout that has waited longer than the patience with a circuit
as well, and for the attempts that follow the first. What it holds back is not claimed, so that it
stays on the queue until there is a token. Each node has buckets of its own, in memory: one that
starts has them full.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ostiary.durable.clock import Clock
from ostiary.durable.gates import Passage
from ostiary.extensions.health import Health
from ostiary.extensions.rates import Bucket, Rate


class Admission:
    """The gate of the lanes, one for each extension; it admits call by call what passed the gate.

    ``rate`` is how often calls to one extension may begin; None: as often as there are places.
    """

    def __init__(self, clock: Clock, health: Health, rate: Rate | None = None) -> None:
        self._clock = clock
        self._health = health
        self._rate = rate
        self._buckets: dict[str, Bucket] = {}

    @property
    def counts(self) -> bool:
        """Whether calls are counted as they begin."""
        return self._rate is not None

    def passage(self, lane: str, *, now: datetime) -> Passage:
        """Say how much of the queue of an extension may be claimed."""
        passage = self._health.passage(lane, now=now)
        if self._rate is None:
            return passage
        bucket = self._bucket(lane)
        tokens = bucket.tokens(self._rate, now)
        if not tokens:
            return Passage(0, now, bucket.next_token(self._rate, now))
        return replace(passage, starts=tokens)

    def admits(self, extension_id: str, *, due_at: datetime) -> bool:
        """Whether a call may begin now that was due at ``due_at``; if so, its token is taken."""
        if not self._has_token(extension_id):
            return False
        if not self._health.admits(extension_id, due_at=due_at):
            return False
        self._take(extension_id)
        return True

    def repeats(self, extension_id: str) -> bool:
        """Whether a call that has begun may be made once more now; if so, its token is taken.

        A circuit that opens meanwhile does not take it back.
        """
        if not self._has_token(extension_id):
            return False
        self._take(extension_id)
        return True

    def _has_token(self, extension_id: str) -> bool:
        if self._rate is None:
            return True
        return self._bucket(extension_id).tokens(self._rate, self._clock.now()) > 0

    def _take(self, extension_id: str) -> None:
        if self._rate is not None:
            bucket = self._bucket(extension_id)
            self._buckets[extension_id] = bucket.taken(self._rate, self._clock.now())

    def _bucket(self, extension_id: str) -> Bucket:
        return self._buckets.get(extension_id, Bucket())

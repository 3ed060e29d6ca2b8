"""How fast rounds of work follow each other."""

from __future__ import annotations

from typing import Final

_LOOK: Final = 0.1
"""Seconds over which it is measured how busy the process is."""
_IDLE: Final = 0.25
_BUSY: Final = 0.5
"""Shares of a core: a process that uses less has time, one that uses more has none to lose."""


class Pace:
    """Lets ``burst`` rounds pass at once, and then one in every ``quick`` to ``slow`` seconds.

    Each commit asks for a round. A node where little happens begins each at once. One that keeps
    half a core busy lets work gather between rounds, and does it in larger batches, which costs a
    fraction of the time. One that mostly waits, as for endpoints, would only lose time by that.
    """

    def __init__(self, *, burst: int = 8, quick: float = 0.02, slow: float = 0.1) -> None:
        self._burst = burst
        self._quick = quick
        self._slow = slow
        self._interval = quick
        self._paid_until = float("-inf")
        self._measured: tuple[float, float] | None = None

    def delay(self, now: float, used: float) -> float:
        """Give how many seconds a round that is asked for at ``now`` has to wait.

        ``used`` is how many seconds of a processor the process has used in its life.
        """
        self._measure(now, used)
        self._paid_until = max(self._paid_until + self._interval, now)
        return max(0.0, self._paid_until - self._burst * self._interval - now)

    def _measure(self, now: float, used: float) -> None:
        if self._measured is None:
            self._measured = now, used
        since, before = self._measured
        if now - since < _LOOK:
            return
        share = (used - before) / (now - since)
        weight = min(max((share - _IDLE) / (_BUSY - _IDLE), 0.0), 1.0)
        self._interval = self._quick + weight * (self._slow - self._quick)
        self._measured = now, used

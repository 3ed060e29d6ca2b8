"""How fast rounds of work follow each other."""

from __future__ import annotations


class Pace:
    """Lets ``burst`` rounds pass at once, and then one in every ``interval`` seconds.

    Each commit asks for a round. A node where little happens begins each at once; under load, work
    gathers between rounds and is done in larger batches, which costs a fraction of the time.
    """

    def __init__(self, *, burst: int = 8, interval: float = 0.1) -> None:
        self._burst = burst
        self._interval = interval
        self._paid_until = float("-inf")

    def delay(self, now: float) -> float:
        """Give how many seconds a round that is asked for at ``now`` has to wait."""
        self._paid_until = max(self._paid_until + self._interval, now)
        return max(0.0, self._paid_until - self._burst * self._interval - now)

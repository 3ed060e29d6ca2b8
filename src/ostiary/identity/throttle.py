"""How often a client may fail before it has to wait."""

from __future__ import annotations

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable


class FailureThrottle:
    """Counts failures by client within a sliding window, in real time.

    It remembers ``max_clients`` at most, and forgets the one whose failures are oldest first.
    """

    def __init__(
        self,
        *,
        limit: int = 10,
        window: float = 60.0,
        max_clients: int = 10_000,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = limit
        self._window = window
        self._max_clients = max_clients
        self._monotonic = monotonic
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, client: str) -> int:
        """Give the whole seconds that the client has to wait; 0: it may try."""
        failures = self._failures.get(client)
        if failures is None or len(failures) < self._limit:
            return 0
        return max(0, math.ceil(failures[0] + self._window - self._monotonic()))

    def failed(self, client: str) -> None:
        """Count one failure."""
        failures = self._failures.setdefault(client, deque(maxlen=self._limit))
        failures.append(self._monotonic())
        self._failures.move_to_end(client)
        if len(self._failures) > self._max_clients:
            self._failures.popitem(last=False)

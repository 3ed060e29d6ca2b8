"""How many calls may run at once: in all, and to one extension, so that none starves the others."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Limits:
    """Places for calls. A place that becomes free goes to the extension that has the fewest.

    So where slow extensions hold all places there are, one more gets its share as soon as any call
    ends, and in the end all have the same.
    """

    def __init__(self, *, overall: int = 128, per_extension: int = 32) -> None:
        self._overall = overall
        self._per_extension = per_extension
        self._running: Counter[str] = Counter()
        self._total = 0
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def place(self, extension_id: str) -> AsyncIterator[None]:
        """Hold a place while the block runs."""
        await self._take(extension_id)
        try:
            yield
        finally:
            self._give_back(extension_id)

    async def _take(self, extension_id: str) -> None:
        if self._total < self._overall and self._running[extension_id] < self._per_extension:
            self._grant(extension_id)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(extension_id, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(extension_id)
            raise

    def _grant(self, extension_id: str) -> None:
        self._running[extension_id] += 1
        self._total += 1

    def _give_back(self, extension_id: str) -> None:
        self._running[extension_id] -= 1
        self._total -= 1
        if not self._running[extension_id]:
            del self._running[extension_id]
        while self._total < self._overall and (next_ := self._next()) is not None:
            waiting = self._waiting[next_]
            turn = waiting.popleft()
            if not waiting:
                del self._waiting[next_]
            if not turn.done():
                self._grant(next_)
                turn.set_result(None)

    def _next(self) -> str | None:
        """Find who gets the next place: of those that wait, may have one more and have fewest."""
        able = [id_ for id_ in self._waiting if self._running[id_] < self._per_extension]
        return min(able, key=lambda id_: self._running[id_], default=None)

"""How many calls may run at once: in all, and to one extension, so that none starves the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class Limits:
    """Places for calls; who waits for one of its extension holds none of the others' meanwhile."""

    def __init__(self, *, overall: int = 128, per_extension: int = 32) -> None:
        self._overall = asyncio.Semaphore(overall)
        self._per_extension = per_extension
        self._extensions: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, extension_id: str) -> AsyncIterator[None]:
        """Hold a place while the block runs."""
        own = self._extensions.get(extension_id)
        if own is None:
            own = self._extensions[extension_id] = asyncio.Semaphore(self._per_extension)
        async with own, self._overall:
            yield

"""How long a request is worked on before its caller is told that it is not done yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any


class Limit:
    """Calls ``tell`` after so many seconds, unless it is left before.

    What takes too long is not broken off: whether a commit that nobody answers has happened cannot
    be known, and must not be pretended. It goes on, and holds its place among the requests.
    """

    def __init__(self, seconds: float, tell: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._tell = tell
        self._telling: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(seconds, self._pass)

    def leave(self) -> None:
        """Tell nobody any more."""
        self._timer.cancel()

    async def is_kept(self) -> bool:
        """Leave, and say whether nobody was told; else return when they were."""
        self.leave()
        if self._telling is None:
            return True
        with suppress(Exception):  # of a caller that has gone
            await self._telling
        return False

    def _pass(self) -> None:
        self._telling = asyncio.create_task(self._tell(), name="late")

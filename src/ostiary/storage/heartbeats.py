"""Whether a connection that mostly waits still leads to somebody.

What is lost on the way to a server that has vanished is noticed by the operating system. A proxy
that has lost the server, and a server that hangs, go on confirming whatever arrives.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Asks every ``interval`` seconds, and gives the server ``patience`` seconds to answer."""

    interval: float = 10.0
    patience: float = 10.0

    async def until(self, event: asyncio.Event, driver: Any) -> None:
        """Wait for the event, and ask meanwhile whether the server still answers ``driver``.

        :raises TimeoutError: it does not.
        """
        while not event.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(self.interval):
                    await event.wait()
                return
            await driver.execute("SELECT 1", timeout=self.patience)

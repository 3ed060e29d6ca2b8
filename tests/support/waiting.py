"""Waiting for a server in another process, which nobody here can tell when it is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE = 30.0


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it holds; fail when it does not within the time that a loaded machine may need."""
    async with asyncio.timeout(PATIENCE):
        while not await holds():
            await asyncio.sleep(0.02)

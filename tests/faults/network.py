"""The networks between nodes, PostgreSQL and the endpoint, each of which can fail by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from tests.support.relay import Relay, Target, relayed


@dataclass
class Network:
    """``ways`` lead from each node to each PostgreSQL, ``hook`` from all to the endpoint."""

    ways: Mapping[str, Sequence[Relay]]
    hook: Relay
    _healing: set[asyncio.Task[None]] = field(default_factory=set)

    def silence(self, relays: Collection[Relay], *, seconds: float, resets: bool) -> None:
        """Let nothing through for so long; then connections go on, or are reset."""
        for relay in relays:
            relay.silence()
        self._heal(relays, seconds, resets=resets)

    def forget(self, relays: Collection[Relay], *, seconds: float) -> None:
        """Hold back what concerns the connections of now, and reset all after so long."""
        for relay in relays:
            relay.forget()
        self._heal(relays, seconds, resets=True)

    def slow_down(self, relays: Collection[Relay], *, delay: float, seconds: float) -> None:
        """Have every piece come late for so long."""
        for relay in relays:
            relay.delay = delay
        self._heal(relays, seconds, resets=False)

    async def healed(self) -> None:
        """Return when nothing is broken any more, but what is broken for good."""
        while self._healing:
            await asyncio.wait(self._healing)

    def _heal(self, relays: Collection[Relay], seconds: float, *, resets: bool) -> None:
        async def later() -> None:
            await asyncio.sleep(seconds)
            for relay in relays:
                if resets:
                    relay.cut()
                relay.heal()

        task = asyncio.create_task(later())
        self._healing.add(task)
        task.add_done_callback(self._healing.discard)


@asynccontextmanager
async def between(
    nodes: Collection[str], servers: Sequence[Target], endpoint: Target
) -> AsyncIterator[Network]:
    """Give every node a way of its own to each server, and all of them one to the endpoint."""
    async with AsyncExitStack() as stack:

        async def to(target: Target) -> Relay:
            return await stack.enter_async_context(relayed(target))

        ways = {node: [await to(server) for server in servers] for node in nodes}
        yield Network(ways, await to(endpoint))

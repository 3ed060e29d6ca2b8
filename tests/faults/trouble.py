"""What goes wrong, drawn from a seed: nodes die, PostgreSQL dies or fails over, networks hang."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults.evidence import damage
from tests.faults.machines import Machine
from tests.faults.network import Network
from tests.faults.servers import Cluster
from tests.support.relay import Relay


@dataclass
class Trouble:
    """Breaks one thing after another; ``done`` counts what it was."""

    random: Random
    machines: Sequence[Machine]
    cluster: Cluster | None
    network: Network
    database_url: str
    pause: float
    """Seconds between two faults, on average."""
    done: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)

    async def go_on(self, *, seconds: float) -> None:
        """Break things for so long, and return when the networks are whole again."""
        loop = asyncio.get_running_loop()
        begin, end = loop.time(), loop.time() + seconds
        while True:
            rest = self.pause * self.random.uniform(0.3, 1.7)
            if loop.time() + rest > end:
                break
            await asyncio.sleep(rest)
            is_half_over = loop.time() - begin > seconds / 2
            await self._one(must_fail_over=is_half_over)
        if self._may_fail_over():
            await self._one(must_fail_over=True)
        await self.network.healed()

    async def _one(self, *, must_fail_over: bool) -> None:
        names, weights = zip(*self._kinds(), strict=True)
        (what,) = self.random.choices(names, weights)
        if must_fail_over and self._may_fail_over():
            what = "fail_over"
        act: Callable[[], Awaitable[None]] = getattr(self, f"_{what}")
        await act()
        self.done[what] += 1

    def _kinds(self) -> list[tuple[str, int]]:
        kinds = [("kill", 6), ("drain", 2), ("silence_endpoint", 2)]
        if self.cluster is not None:
            kinds += [("crash", 2), ("restart", 1), ("kill_backend", 2), ("cut", 2)]
            kinds += [
                ("silence", 4),
                ("long_silence", 1),
                ("forget", 2),
                ("cut_way", 2),
                ("slow", 2),
            ]
        return kinds

    async def _kill(self) -> None:
        machine = self.random.choice(self.machines)
        machine.kill(rest=self.random.choice([0.0, 0.0, 0.5, 2.0]))
        if self.cluster is None:
            await machine.ended()
            self.surprises += damage(self.database_url)

    async def _drain(self) -> None:
        self.random.choice(self.machines).ask_to_stop()

    async def _crash(self) -> None:
        await self._interrupt("immediate")

    async def _restart(self) -> None:
        await self._interrupt("fast")

    async def _interrupt(self, mode: str) -> None:
        server = self._cluster().now
        await server.stop(mode)
        await asyncio.sleep(self.random.choice([0.0, 0.3, 1.5]))
        await server.start()

    async def _kill_backend(self) -> None:
        await self._cluster().now.kill_one()

    async def _cut(self) -> None:
        await self._cluster().now.cut_connections()

    async def _silence(self) -> None:
        """Have a node hear nothing of PostgreSQL any more, while the others go on."""
        _, ways = self._node()
        self.network.silence(ways, seconds=self._while(), resets=self.random.random() < 0.5)

    async def _long_silence(self) -> None:
        """Have it hear nothing for longer than anybody waits for an answer."""
        _, ways = self._node()
        self.network.silence(ways, seconds=self.pause * 12, resets=True)

    async def _forget(self) -> None:
        """Lose what connections a node has, as a firewall does that starts anew; new ones are good.

        Only PostgreSQL notices, after a while, by what it asks of the node's machine.
        """
        _, ways = self._node()
        self.network.forget(ways, seconds=self.pause * 6)

    async def _silence_endpoint(self) -> None:
        self.network.silence([self.network.hook], seconds=self._while(), resets=False)

    async def _cut_way(self) -> None:
        _, ways = self._node()
        for relay in ways:
            relay.cut()

    async def _slow(self) -> None:
        """Start a node again whose PostgreSQL is slow."""
        machine, ways = self._node()
        delay = self.random.choice([0.02, 0.1, 0.3])
        self.network.slow_down(ways, delay=delay, seconds=self._while())
        machine.kill()

    def _may_fail_over(self) -> bool:
        return (
            self.cluster is not None
            and self.cluster.standby is not None
            and not (self.done["fail_over"])
        )

    async def _fail_over(self) -> None:
        """Kill the machine of PostgreSQL, which then refuses connections, or says nothing."""
        if self.random.random() < 0.5:
            for ways in self.network.ways.values():
                ways[0].silence()
        await self._cluster().fail_over(after=self.random.choice([0.0, 1.0, 4.0]))

    def _node(self) -> tuple[Machine, Sequence[Relay]]:
        machine = self.random.choice(self.machines)
        return machine, self.network.ways[machine.name]

    def _while(self) -> float:
        return self.pause * self.random.uniform(0.5, 4.0)

    def _cluster(self) -> Cluster:
        assert self.cluster is not None
        return self.cluster

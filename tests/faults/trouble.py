"""What goes wrong, drawn from a seed: nodes die and drain, PostgreSQL dies, restarts, hangs up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.faults.evidence import damage
from tests.faults.machines import Machine, Server


@dataclass
class Trouble:
    """Breaks one thing after another; ``done`` counts what it was."""

    random: Random
    machines: Sequence[Machine]
    server: Server | None
    database_url: str
    pause: float
    """Seconds between two faults, on average."""
    done: Counter[str] = field(default_factory=Counter)
    surprises: list[str] = field(default_factory=list)

    async def go_on(self, *, seconds: float) -> None:
        """Break things for so long."""
        end = asyncio.get_running_loop().time() + seconds
        while True:
            rest = self.pause * self.random.uniform(0.3, 1.7)
            if asyncio.get_running_loop().time() + rest > end:
                return
            await asyncio.sleep(rest)
            await self._one()

    async def _one(self) -> None:
        names, weights = zip(*self._kinds(), strict=True)
        (what,) = self.random.choices(names, weights)
        act: Callable[[], Awaitable[None]] = getattr(self, f"_{what}")
        await act()
        self.done[what] += 1

    def _kinds(self) -> list[tuple[str, int]]:
        kinds = [("kill", 6), ("drain", 2)]
        if self.server is not None:
            kinds += [("crash", 2), ("restart", 1), ("kill_backend", 2), ("cut", 2)]
        return kinds

    async def _kill(self) -> None:
        machine = self.random.choice(self.machines)
        machine.kill(rest=self.random.choice([0.0, 0.0, 0.5, 2.0]))
        if self.server is None:
            await machine.ended()
            self.surprises += damage(self.database_url)

    async def _drain(self) -> None:
        self.random.choice(self.machines).ask_to_stop()

    async def _crash(self) -> None:
        await self._interrupt("immediate")

    async def _restart(self) -> None:
        await self._interrupt("fast")

    async def _interrupt(self, mode: str) -> None:
        assert self.server is not None
        await self.server.stop(mode)
        await asyncio.sleep(self.random.choice([0.0, 0.3, 1.5]))
        await self.server.start()

    async def _kill_backend(self) -> None:
        assert self.server is not None
        await self.server.kill_one()

    async def _cut(self) -> None:
        assert self.server is not None
        await self.server.cut_connections()

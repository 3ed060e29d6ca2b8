"""One history: what happens is drawn from a seed, and the same seed gives the same again."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

from ostiary.directory.seed import ALIASES
from tests.simulation.actors import Outside
from tests.simulation.disk import Disk, Faults
from tests.simulation.loop import Life, SimulatedLoop
from tests.simulation.network import Network
from tests.simulation.nodes import Node, simulated
from tests.simulation.proof import is_quiet, undecided, violations, watch
from tests.simulation.world import LEE, MIRIAM, Offer, Places, places
from tests.support.folders import GIGABYTE, in_memory

ACTIVE = 5_000.0  # seconds in which things go wrong
LONGEST = 2 * 86_400.0  # seconds after which whatever has not ended is stuck
RATES = 0.0, 0.0, 0.0, 0.01
"""Calls a second to one extension; at one in a hundred seconds, retries come late as well."""

_LAST_RITES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a history went."""

    seed: int
    violations: tuple[str, ...]
    """What does not hold, in words."""
    trace: tuple[str, ...]
    faults: dict[str, int]
    steps: int
    requests: int
    calls: int
    answers: int


@dataclass
class History:
    """One life of the whole world."""

    seed: int
    random: Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def run(self) -> Report:
        """Live it, and say what does not hold in the end."""
        known = places()
        with tempfile.TemporaryDirectory(
            prefix="ostiary-history-", dir=in_memory(room=GIGABYTE // 8)
        ) as folder:
            return self._run(known, Path(folder) / "ostiary.db")

    def _run(self, known: Places, file: Path) -> Report:
        shutil.copy(known.file, file)
        watch(file)
        loop = SimulatedLoop()
        disk = Disk(file, self._draw())
        network = Network(loop, self._draw())
        rate = Random(f"rate of {self.seed}").choice(RATES)  # apart, so that all else is as it was
        nodes = [
            Node(f"node-{number}", loop, disk, network, self._draw(), rate)
            for number in range(self.random.choice([1, 1, 2, 3]))
        ]
        outside = Outside(loop, network, nodes, self._draw(), known)
        network.endpoint = outside
        outside.at_call = _Stored(file, outside)
        with simulated(loop, disk, network, self.random.getrandbits(32)):
            try:
                loop.run_until_complete(self._live(loop, disk, network, nodes, outside))
                steps = loop.steps  # the burial goes through a set of tasks, in any order
                found = [
                    *outside.surprises,
                    *outside.at_call.missing,
                    *violations(file, outside, known),
                ]
            finally:
                _bury(loop, nodes)
        deaths = {"deaths": sum(node.deaths for node in nodes) - len(nodes)}
        return Report(
            seed=self.seed,
            violations=tuple(found),
            trace=tuple(outside.trace),
            faults={**deaths, **disk.counts, **network.counts},
            steps=steps,
            requests=len(outside.told.requests),
            calls=len(outside.calls),
            answers=len(outside.told.answers),
        )

    async def _live(
        self,
        loop: SimulatedLoop,
        disk: Disk,
        network: Network,
        nodes: list[Node],
        outside: Outside,
    ) -> None:
        for node in nodes:
            await node.start()
        disk.faults, network.loss = self._faults()
        deadly = self.random.random() < 0.7
        loop.on_death = lambda life: _rises(loop, nodes, life, self.random)
        deeds = [loop.apart(deed) for deed in self._deeds(outside)]
        dangers = [loop.apart(self._endangers(node, deadly)) for node in nodes]
        await asyncio.gather(*deeds)
        for danger in dangers:
            danger.cancel()
        disk.faults, network.loss, outside.is_kind = Faults(), 0.0, True
        for node in nodes:
            node.life.fuse = None
            node.clock.wrong = timedelta(0)
        await self._ends(disk.path, outside)

    async def _ends(self, file: Path, outside: Outside) -> None:
        """Let time pass until everything has ended, or nothing will.

        Approvers approve what waits, those requests included of which nobody outside knows,
        because the reply was lost.
        """
        end = asyncio.get_running_loop().time() + LONGEST
        while asyncio.get_running_loop().time() < end:
            for request in undecided(file):
                for alias in (LEE, MIRIAM):
                    await outside.decides(request, "Approve", alias)
            await asyncio.sleep(300)
            if not outside.busy and is_quiet(file):
                return

    def _deeds(self, outside: Outside) -> list[Coroutine[Any, Any, None]]:
        number = self.random.randint(2, 6)
        people = self.random.sample(ALIASES[4:11], 4)
        deeds: list[Coroutine[Any, Any, None]] = []
        for _ in range(number):
            offer = self.random.choice(outside.places.offers)
            deeds.append(self._asks(outside, self.random.choice(people), offer))
        if self.random.random() < 0.5:
            deeds.append(self._runs(outside, self.random.sample(people, 2)))
        return deeds

    async def _asks(self, outside: Outside, alias: str, offer: Offer) -> None:
        """Ask, have it decided, cancel it or take it away again."""
        await self._waits(2_000.0)
        if self.random.random() < 0.6:
            request = await outside.asks(alias, offer)
        else:
            request = await outside.assigns(alias, offer)
        if request is None:
            return
        if self.random.random() < 0.15:
            await self._waits(100.0)
            await outside.cancels(request)
        for _ in range(3):
            await self._waits(1_500.0)
            results = [self.random.choice(["Approve", "Approve", "Deny"]) for _ in offer.approvers]
            both = zip(results, offer.approvers, strict=True)
            await asyncio.gather(*(outside.decides(request, *one) for one in both))
        if self.random.random() < 0.4:
            await outside.removes(request)

    async def _runs(self, outside: Outside, aliases: list[str]) -> None:
        await self._waits(2_000.0)
        await outside.runs(outside.places.workflow, aliases)

    async def _endangers(self, node: Node, deadly: bool) -> None:
        """Set a fuse now and then, and turn the node's clock."""
        while True:
            await self._waits(1_500.0)
            if deadly:
                node.life.fuse = self.random.randint(1, 400)
            if self.random.random() < 0.3:
                node.clock.wrong = timedelta(seconds=self.random.choice([-120, -5, 5, 120, 900]))

    def _faults(self) -> tuple[Faults, float]:
        draw = self.random.random
        faults = Faults()
        if draw() < 0.5:
            faults = Faults(
                statement=draw() * 0.01, before_commit=draw() * 0.05, after_commit=draw() * 0.05
            )
        return faults, draw() * 0.2 if draw() < 0.5 else 0.0

    async def _waits(self, longest: float) -> None:
        await asyncio.sleep(self.random.random() ** 2 * longest)

    def _draw(self) -> Random:
        return Random(self.random.getrandbits(64))


class _Stored:
    """3: what is called about is stored before the call arrives."""

    def __init__(self, file: Path, outside: Outside) -> None:
        self._file = file
        self.missing: list[str] = []

    def __call__(self, callout: str) -> None:
        """Look for a callout, by its own id or by that of the task it is about."""
        conn = sqlite3.connect(self._file)
        statement = "SELECT 1 FROM callouts WHERE id = ? OR owner_id = ?"
        if conn.execute(statement, (callout, callout)).fetchone() is None:
            self.missing.append(f"callout {callout} was sent and is not stored")
        conn.close()


def _rises(loop: SimulatedLoop, nodes: list[Node], life: Life, random: Random) -> None:
    """Start a node again some time after its death."""
    node = next(one for one in nodes if one.life is life)

    async def later() -> None:
        await asyncio.sleep(random.random() ** 2 * 300)
        node.start()

    loop.apart(later())


def _bury(loop: SimulatedLoop, nodes: list[Node]) -> None:
    """End what still lives, and unwind it all where it can touch nothing."""
    lives = [life for node in nodes for life in node.past]
    for life in lives:
        if life.is_alive:
            life.end()
        loop.bury(life)
    for _ in range(_LAST_RITES):
        left = asyncio.all_tasks(loop)
        if not left:
            break
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()

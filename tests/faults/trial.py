"""One trial: everything started, broken under load for a while, left alone, and judged."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
from bench.world import free_port

from tests.faults import evidence
from tests.faults.load import Load, listening
from tests.faults.machines import Machine
from tests.faults.network import Network, between
from tests.faults.nodes import NODES, new_node, running, tokens
from tests.faults.places import Places, api_of, build
from tests.faults.servers import Cluster, new_server
from tests.faults.trouble import Trouble
from tests.support.relay import behind, through

PATIENCE: Final = 90.0
"""Seconds in which everything has to end once nothing fails any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a trial is like; ``pause`` is the time between two faults, on average."""

    seed: int
    seconds: float
    pause: float
    at_a_time: int
    people: int
    fails_over: bool = False
    """Whether PostgreSQL has a standby, which takes over in the middle."""


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    violations: tuple[str, ...]
    faults: dict[str, int]
    told: dict[str, int]
    replies: dict[str, int]
    settled_after: float
    slowest_reply: float


async def postgresql(terms: Terms) -> Report:
    """Try two servers and a worker on one PostgreSQL, or on one with a standby."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(_folder())
        cluster = Cluster(await asyncio.to_thread(new_server, _new_folder()))
        stack.push_async_callback(cluster.end)
        if terms.fails_over:
            cluster.standby = await cluster.now.followed(_new_folder())
        servers = [one for one in (cluster.now, cluster.standby) if one is not None]
        port = free_port()
        sockets = [behind(server.url) for server in servers]
        network = await stack.enter_async_context(between(NODES, sockets, port))
        machines = [
            new_node(home, name, through(cluster.now.url, *network.ways[name]), *arguments)
            for name, arguments in NODES.items()
        ]
        return await _Trial(terms, home, machines, network, port, cluster).run()


async def sqlite(terms: Terms) -> Report:
    """Try one server with a database of its own."""
    async with AsyncExitStack() as stack:
        home, port = stack.enter_context(_folder()), free_port()
        network = await stack.enter_async_context(between([], [], port))
        machine = new_node(home, "serve-1", f"sqlite:///{home / 'faults.db'}", "serve")
        return await _Trial(terms, home, [machine], network, port, None).run()


def _new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="ostiary-faults-"))


@contextmanager
def _folder() -> Iterator[Path]:
    home = _new_folder()
    try:
        yield home
    finally:
        shutil.rmtree(home)


@dataclass(frozen=True)
class _Trial:
    terms: Terms
    home: Path
    machines: list[Machine]
    network: Network
    port: int
    """Where the endpoint listens."""
    cluster: Cluster | None

    @property
    def url(self) -> str:
        """Where the truth is now."""
        if self.cluster is None:
            return self.machines[0].environment["OSTIARY_DATABASE_URL"]
        return self.cluster.now.url

    async def run(self) -> Report:
        terms, seed = self.terms, Random(self.terms.seed)
        trouble = Trouble(seed, self.machines, self.cluster, self.network, self.url, terms.pause)
        async with aiohttp.ClientSession() as http, running(self.machines):
            servers = [machine for machine in self.machines if machine.port is not None]
            places = Places(self.network.hook.port)
            load = Load(http, servers, tokens(self.machines[0]), Random(terms.seed), places)
            after = await self._broken(load, trouble)
            await _ready(load)
            violations = [told for one in servers async for told in _unknown_signers(one, load)]
            if self.cluster is not None:
                violations += await evidence.unnamed(self.url, self._workers())
        violations += await self._violations(load, trouble)
        return Report(
            violations=tuple(violations),
            faults=dict(trouble.done),
            told=_told(load),
            replies=dict(load.replies),
            settled_after=after,
            slowest_reply=load.slowest,
        )

    async def _broken(self, load: Load, trouble: Trouble) -> float:
        """Break things under load; give how long everything took to end after that."""
        await _ready(load)
        client, api = api_of(load.servers[0].url, load.token())
        async with client:
            await build(load.places, api, self.url, people=self.terms.people)
        await evidence.observe(self.url)
        async with listening(load, self.port):
            await asyncio.gather(
                load.run(seconds=self.terms.seconds, at_a_time=self.terms.at_a_time),
                trouble.go_on(seconds=self.terms.seconds),
            )
            return await self._settled(load)

    async def _violations(self, load: Load, trouble: Trouble) -> list[str]:
        return [
            *(await evidence.proven(self.url, load, self.home)),
            *load.surprises,
            *trouble.surprises,
            *(told for machine in self.machines for told in machine.surprises),
            *(() if self.cluster else evidence.damage(self.url)),
        ]

    def _workers(self) -> list[str]:
        return [one.name for one in self.machines if "--no-worker" not in one.arguments]

    async def _settled(self, load: Load) -> float:
        """Wait until everything has ended and give how long; the proof sees what has not."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while loop.time() < began + PATIENCE:
            await asyncio.sleep(0.2)
            await asyncio.wait_for(load.answered(), PATIENCE)
            if not await evidence.still_open(self.url):
                break
        return loop.time() - began


async def _ready(load: Load) -> None:
    async with asyncio.timeout(PATIENCE):
        for machine in load.servers:
            while not await _is_ready(load.http, machine):
                await asyncio.sleep(0.05)


async def _is_ready(http: aiohttp.ClientSession, machine: Machine) -> bool:
    try:
        async with http.get(f"{machine.url}/health/ready") as reply:
            return reply.status == 200
    except aiohttp.ClientError:
        return False


async def _unknown_signers(machine: Machine, load: Load) -> AsyncIterator[str]:
    """Whoever signed a call must be known to every server, since endpoints ask any of them."""
    async with load.http.get(f"{machine.url}/outbound/keys") as reply:
        published = {key["kid"] for key in (await reply.json())["keys"]}
    for kid in load.signers - published:
        yield f"{machine.name} does not publish {kid}, which signed a call"


def _told(load: Load) -> dict[str, int]:
    return {
        "requests": len(load.told.requests),
        "runs": load.told.runs,
        "calls": len(load.calls),
        "answers": len(load.told.answers),
    }

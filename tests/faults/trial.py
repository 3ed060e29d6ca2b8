"""One trial: everything started, broken under load for a while, left alone, and judged."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Final

import aiohttp
from bench.world import free_port

from ostiary.server.issuing import development_issuer
from ostiary.storage.tables import new_id
from tests.faults import evidence
from tests.faults.load import Load, listening
from tests.faults.machines import Machine, Server
from tests.faults.places import Places, api_of, build
from tests.faults.trouble import Trouble
from tests.scenarios.house import ADMINISTRATOR, EVERYTHING

TENANT: Final = new_id()
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


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it."""

    violations: tuple[str, ...]
    faults: dict[str, int]
    told: dict[str, int]
    replies: dict[str, int]
    settled_after: float


async def postgresql(terms: Terms) -> Report:
    """Try two servers and a worker on one PostgreSQL."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-faults-"))
    server = await asyncio.to_thread(Server, Path(tempfile.mkdtemp(prefix="ostiary-faults-pg-")))
    try:
        machines = [
            _node(home, "serve-1", server.url, "serve", "--no-worker"),
            _node(home, "serve-2", server.url, "serve"),
            _node(home, "worker-1", server.url, "worker"),
        ]
        return await _try(terms, home, server.url, machines, server)
    finally:
        await asyncio.to_thread(server.end)
        shutil.rmtree(home)


async def sqlite(terms: Terms) -> Report:
    """Try one server with a database of its own."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-faults-"))
    url = f"sqlite:///{home / 'faults.db'}"
    try:
        return await _try(terms, home, url, [_node(home, "serve-1", url, "serve")], None)
    finally:
        shutil.rmtree(home)


def _node(home: Path, name: str, url: str, *arguments: str) -> Machine:
    port = free_port() if arguments[0] == "serve" else None
    environment = {
        "OSTIARY_DATABASE_URL": url,
        "OSTIARY_NODE": name,
        "OSTIARY_TENANT_ID": TENANT,
        "OSTIARY_CONNECTIVITY_TEST": "off",
        "OSTIARY_WORKER_LEASE": "PT10S",
        "OSTIARY_LOG_LEVEL": "warning",
    }
    if port is not None:
        environment["OSTIARY_PORT"] = str(port)
    return Machine(name, arguments, home / name, environment, port)


async def _try(
    terms: Terms, home: Path, url: str, machines: list[Machine], server: Server | None
) -> Report:
    servers = [machine for machine in machines if machine.port is not None]
    # One key, so that a token is good at every server.
    for other in machines[1:]:
        _share_key(machines[0].home, other.home)
    async with aiohttp.ClientSession() as http, _running(machines):
        load = Load(http, servers, _tokens(machines[0]), Random(terms.seed), Places(free_port()))
        trouble = Trouble(Random(terms.seed), machines, server, url, terms.pause)
        await _ready(http, servers)
        client, api = api_of(servers[0].url, load.token())
        async with client:
            await build(load.places, api, url, people=terms.people)
        await evidence.observe(url)
        async with listening(load):
            await asyncio.gather(
                load.run(seconds=terms.seconds, at_a_time=terms.at_a_time),
                trouble.go_on(seconds=terms.seconds),
            )
            after = await _settled(url, load)
        await _ready(http, servers)
        unknown = [told for one in servers async for told in _unknown_signers(http, one, load)]
    violations = [
        *unknown,
        *(await evidence.proven(url, load, home)),
        *load.surprises,
        *trouble.surprises,
        *(told for machine in machines for told in machine.surprises),
        *([] if server else evidence.damage(url)),
    ]
    told = {
        "requests": len(load.told.requests),
        "runs": load.told.runs,
        "calls": len(load.calls),
        "answers": len(load.told.answers),
    }
    return Report(tuple(violations), dict(trouble.done), told, dict(load.replies), after)


@asynccontextmanager
async def _running(machines: list[Machine]) -> AsyncIterator[None]:
    for machine in machines:
        machine.start()
    try:
        yield
    finally:
        await asyncio.gather(*(machine.stop() for machine in machines))


def _share_key(source: Path, target: Path) -> None:
    development_issuer(source, tenant_id=TENANT, base_urls=[])
    target.mkdir(parents=True, exist_ok=True)
    for key in source.glob("issuer-key*"):
        shutil.copy(key, target)


def _tokens(machine: Machine) -> Callable[[], str]:
    issuer = development_issuer(machine.home, tenant_id=TENANT, base_urls=[])
    made: list[tuple[datetime, str]] = []

    def token() -> str:
        now = datetime.now(UTC)
        if not made or (now - made[-1][0]).total_seconds() > 1800:
            made.append((now, issuer.for_app(ADMINISTRATOR, roles=EVERYTHING, now=now).token))
        return made[-1][1]

    return token


async def _ready(http: aiohttp.ClientSession, servers: list[Machine]) -> None:
    async with asyncio.timeout(PATIENCE):
        for machine in servers:
            while not await _is_ready(http, machine):
                await asyncio.sleep(0.05)


async def _is_ready(http: aiohttp.ClientSession, machine: Machine) -> bool:
    try:
        async with http.get(f"{machine.url}/health/ready") as reply:
            return reply.status == 200
    except aiohttp.ClientError:
        return False


async def _unknown_signers(
    http: aiohttp.ClientSession, machine: Machine, load: Load
) -> AsyncIterator[str]:
    """Whoever signed a call must be known to every server, since endpoints ask any of them."""
    async with http.get(f"{machine.url}/outbound/keys") as reply:
        published = {key["kid"] for key in (await reply.json())["keys"]}
    for kid in load.signers - published:
        yield f"{machine.name} does not publish {kid}, which signed a call"


async def _settled(url: str, load: Load) -> float:
    """Wait until everything has ended, and give how long that took; the proof sees what has not."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while loop.time() < began + PATIENCE:
        await asyncio.sleep(0.2)
        await asyncio.wait_for(load.answered(), PATIENCE)
        if not await evidence.still_open(url):
            break
    return loop.time() - began

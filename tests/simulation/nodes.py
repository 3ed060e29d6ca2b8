"""The servers of a simulation, composed as ``ostiary serve`` composes them, and their deaths."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import structlog
from joserfc.jwk import RSAKey
from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from ostiary.extensions.caller import Caller
from ostiary.extensions.signing import Authorization
from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.server.identity import Identity
from ostiary.server.preparing import prepared
from ostiary.settings import ConnectivityTest, Settings
from ostiary.storage.database import Database
from ostiary.storage.failures import DatabaseUnavailable
from ostiary.storage.ids import new_id
from tests.simulation.disk import Disk
from tests.simulation.loop import Life, SimulatedLoop
from tests.simulation.network import Network
from tests.support.callers import NamedCallers

MONDAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
BASE = "http://127.0.0.1:8080"
POLL = timedelta(minutes=5)


@dataclass
class NodeClock:
    """The clock of one machine: simulated time, and how wrong it goes."""

    loop: SimulatedLoop
    wrong: timedelta = timedelta(0)

    def now(self) -> datetime:
        """Give what the machine takes for the present."""
        return MONDAY + timedelta(seconds=self.loop.time()) + self.wrong


@dataclass
class Node:
    """One server with its worker, over several lives."""

    name: str
    loop: SimulatedLoop
    disk: Disk
    network: Network
    random: Random
    rate: float = 0
    """How many calls a second it begins to one extension; 0: as many as it likes."""
    clock: NodeClock = field(init=False)
    life: Life = field(init=False)
    server: Server = field(init=False)
    is_serving: bool = False
    deaths: int = 0
    past: list[Life] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = NodeClock(self.loop)

    def start(self) -> asyncio.Task[None]:
        """Begin a life; the task ends when the server is ready."""
        self.life = Life(self.name)
        self.life.at_death.append(self._died)
        self.past.append(self.life)
        return self.loop.live(self.life, self._begin())

    async def _begin(self) -> None:
        """Start, or end at once when that is not possible, as a process does."""
        try:
            await self._live()
        except (DatabaseUnavailable, DBAPIError):
            self.life.end()
            self.loop.on_death(self.life)

    async def _live(self) -> None:
        settings = _settings(self.name, self.rate)
        database = await Database.open(f"sqlite:///{self.disk.path}")
        tenant = await prepared(settings, database, self.clock.now())
        self.server = composition.composed(
            settings,
            AsyncExitStack(),  # nothing of it is closed: lives end otherwise
            database,
            self.clock,
            tenant_id=tenant,
            urls=[BASE],
            http=self.network,  # type: ignore[arg-type]  # nobody's keys are fetched
        )
        self.server.worker.retry.rng.seed(self.random.getrandbits(32))
        self.loop.live(self.life, self.server.worker.run())
        self.is_serving = True

    def _died(self) -> None:
        self.is_serving = False
        self.deaths += 1


@contextmanager
def simulated(loop: SimulatedLoop, disk: Disk, network: Network, seed: int) -> Iterator[None]:
    """Put the product on the simulated disk and network, and make all that it draws follow."""
    random = Random(seed)
    believed = Identity(authenticator=NamedCallers(), issuer=None)  # type: ignore[arg-type]

    def elapsed() -> int:
        return int((MONDAY.timestamp() + loop.time()) * 1e9)

    with ExitStack() as stack:
        for patched in (
            patch("ostiary.storage.trips.connect", disk.connect),
            patch("ostiary.storage.sqlite.create_async_engine", _engine),
            patch.object(Caller, "_pool", lambda caller: network),
            patch("ostiary.server.outbound.load_or_make", lambda folder: _key()),
            patch("ostiary.server.outbound.Signer", _Signer),
            patch("ostiary.server.identity.compose", lambda *args, **named: believed),
            patch("os.urandom", random.randbytes),
            patch("random._urandom", random.randbytes),
            patch("time.time_ns", elapsed),
            patch("time.process_time", lambda: 0.0),  # how busy we really are is no part of it
        ):
            stack.enter_context(patched)
        new_id.__self__._last = 0  # type: ignore[attr-defined]  # ids start anew, as all else
        stack.enter_context(_quiet())
        yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Log nothing: every fault that is put in would be told at length."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


_COMPILED: dict[Any, Any] = {}
_DIALECTS: list[Any] = []


def _engine(url: URL, **options: Any) -> AsyncEngine:
    """Make an engine that shares with all others what it has compiled: lives are many and short."""
    engine = create_async_engine(url, **options)
    _DIALECTS.append(engine.sync_engine.dialect)
    engine.sync_engine.dialect = engine.sync_engine.pool._dialect = _DIALECTS[0]
    engine.sync_engine._compiled_cache = _COMPILED
    return engine


class _Signer:
    """Signs nothing: proofs have tests of their own, and cost more than all the rest."""

    def __init__(self, issuer: object) -> None:
        """Need nothing of the issuer."""

    async def authorize(self, *about: object, **more: object) -> Authorization:
        """Give a header that nobody reads."""
        return Authorization(header="simulated", nonce=None)


@cache
def _settings(name: str, rate: float) -> Settings:
    return Settings(
        data_dir=Path("/nonexistent"),
        node=name,
        worker_poll=POLL,
        callout_rate_per_extension=rate,
        connectivity_test=ConnectivityTest.OFF,
    )


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": "simulated"})

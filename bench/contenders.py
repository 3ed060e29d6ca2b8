"""Who runs in the race of parks and resumes: the product, a bare application, and the rivals."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Final, Protocol

import aiohttp
import asyncpg
from sqlalchemy import make_url

from bench import copying, story
from bench.load import Endpoint, cpu_seconds, in_parallel, serving
from bench.world import free_port, process
from bench.yardstick import NOTHING

LIBRARIES: Final = {"dbos": "DBOS", "procrastinate": "Procrastinate", "pgqueuer": "PgQueuer"}
"""The rivals by the names of their modules, here and on PyPI."""

BARE: Final = "bare transaction"
EMPTY: Final = "bare route"

LOOK_AGAIN: Final = 0.01
"""Seconds between two looks at what is still open, the same for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round gave, in stories a second, and what it cost its process.

    ``park`` ends when everything waits durably, ``resume`` when every answer is acknowledged, and
    ``finish`` (which begins with the resumes) when everything is done.
    """

    park: float
    resume: float
    finish: float | None = None
    cpu: float
    """Processor time of the contender's own process for one story, in milliseconds."""
    wal: tuple[float, float] | None = None
    """Bytes that PostgreSQL logged for a park, and for a resume with all that follows."""


class Contender(Protocol):
    """Somebody who runs."""

    name: str
    size: int
    """How many stories there are in a round."""

    async def round(self, session: aiohttp.ClientSession, mark: str) -> Round:
        """Run one round; ``mark`` differs from round to round."""


@dataclass
class Ostiary:
    """The whole product: token, permission, rules, ledger, audit, signed calls."""

    size: int
    url: str
    database: str
    setting: story.Setting
    endpoint: Endpoint
    pid: int
    name: str = "Ostiary"

    async def round(self, session: aiohttp.ClientSession, mark: str) -> Round:
        """Run one round."""
        self.endpoint.instances.clear()
        url, setting, used = self.url, self.setting, cpu_seconds(self.pid)
        people, logged = setting.take(self.size), [await self._logged()]
        started = time.perf_counter()
        await in_parallel([partial(story.request, session, url, setting, p) for p in people])
        await self.endpoint.until(self.size)
        await copying.calls_recorded(self.database)
        parked = time.perf_counter()
        logged.append(await self._logged())
        waiting = list(self.endpoint.instances.items())
        jobs = [partial(story.resume, session, url, setting, *one) for one in waiting]
        resumed_from = time.perf_counter()
        await in_parallel(jobs)
        resumed = time.perf_counter()
        await story.all_ended(session, url, setting)
        finished = time.perf_counter()
        logged.append(await self._logged())
        first, second, third = logged
        return Round(
            park=self.size / (parked - started),
            resume=self.size / (resumed - resumed_from),
            finish=self.size / (finished - resumed_from),
            cpu=1000 * (cpu_seconds(self.pid) - used) / self.size,
            wal=((second - first) / self.size, (third - second) / self.size) if third else None,
        )

    async def _logged(self) -> int:
        """Give the place in PostgreSQL's log; 0 on SQLite."""
        if self.database.startswith("sqlite"):
            return 0
        async with copying.target(self.database) as place:
            return int(await place.value("SELECT pg_current_wal_lsn() - '0/0'"))


@dataclass
class Hosted:
    """A rival behind ``rivals/hosting.py``; without an endpoint, the bare application."""

    size: int
    name: str
    url: str
    pid: int
    endpoint: Endpoint | None = None

    async def round(self, session: aiohttp.ClientSession, mark: str) -> Round:
        """Run one round."""
        used = cpu_seconds(self.pid)
        names = [f"{mark}-{number}" for number in range(self.size)]
        if self.endpoint is not None:
            self.endpoint.instances.clear()
        started = time.perf_counter()
        await in_parallel([partial(self._call, session, "park", name) for name in names])
        if self.endpoint is not None:
            await self.endpoint.until(self.size)
            await self._none(session, "calling")
        parked = time.perf_counter()
        await in_parallel([partial(self._call, session, "resume", name) for name in names])
        resumed = time.perf_counter()
        if self.endpoint is not None:
            await self._none(session, "unfinished")
        finished = time.perf_counter()
        return Round(
            park=self.size / (parked - started),
            resume=self.size / (resumed - parked),
            finish=self.size / (finished - parked) if self.endpoint is not None else None,
            cpu=1000 * (cpu_seconds(self.pid) - used) / self.size,
        )

    async def _call(self, session: aiohttp.ClientSession, action: str, name: str) -> None:
        async with session.post(f"{self.url}/{action}/{name}") as reply:
            if reply.status != 204:
                raise RuntimeError(f"{self.name} answered {reply.status}: {await reply.text()}")

    async def _none(self, session: aiohttp.ClientSession, what: str) -> None:
        while True:
            async with session.get(f"{self.url}/{what}") as reply:
                if await reply.text() == "0":
                    return
            await asyncio.sleep(LOOK_AGAIN)


@asynccontextmanager
async def ostiary(
    home: Path, database_url: str, endpoint: Endpoint, *, size: int, rounds: int
) -> AsyncIterator[Ostiary]:
    """Start the product in a process of its own."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with serving(port, home, database_url) as server:
        people = size * rounds
        setting = await story.prepare(url, home, database_url, endpoint.port, people=people)
        yield Ostiary(size, url, database_url, setting, endpoint, server.pid)


@asynccontextmanager
async def bare(home: Path, database_url: str, *, size: int) -> AsyncIterator[Hosted]:
    """Start the bare application; on SQLite it has a file of its own."""
    beside = f"sqlite:///{home / 'bare.db'}"
    place = await _database(database_url, "bare") if "postgresql" in database_url else beside
    async with _yardstick(home, place, size, BARE) as hosted:
        yield hosted


@asynccontextmanager
async def empty(home: Path, *, size: int) -> AsyncIterator[Hosted]:
    """Start the bare application without a database."""
    async with _yardstick(home, NOTHING, size, EMPTY) as hosted:
        yield hosted


@asynccontextmanager
async def _yardstick(home: Path, place: str, size: int, name: str) -> AsyncIterator[Hosted]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = ("-m", "bench.yardstick", place, str(port))
    with process(*command, ready=f"{url}/", log=home / "yardstick.log") as server:
        yield Hosted(size, name, url, server.pid)


@asynccontextmanager
async def rival(
    module: str, home: Path, database_url: str, endpoint: Endpoint, *, size: int
) -> AsyncIterator[Hosted]:
    """Start a rival, with a database of its own on the same server."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    place = await _database(database_url, module)
    command = ("-m", f"bench.rivals.{module}", place, str(port), endpoint.url)
    with process(*command, ready=f"{url}/", log=home / f"{module}.log") as server:
        yield Hosted(size, LIBRARIES[module], url, server.pid, endpoint)


def installed() -> list[str]:
    """Give the rivals that are installed."""
    return [module for module in LIBRARIES if find_spec(module) is not None]


async def _database(database_url: str, name: str) -> str:
    connection = await asyncpg.connect(database_url)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    return make_url(database_url).set(database=name).render_as_string(hide_password=False)

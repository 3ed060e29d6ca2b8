"""What loads a server: the endpoint that it calls, and many jobs at once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import aiohttp
from aiohttp import web

from bench.world import free_port, process

CONCURRENCY = 64


@dataclass
class Endpoint:
    """Takes every callout with 202, and remembers which instance waits for which request."""

    port: int
    delay: float = 0.0
    instances: dict[str, str] = field(default_factory=dict)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def url(self) -> str:
        """Say where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def take(self, request: web.Request) -> web.Response:
        """Answer a callout, after the time that the endpoint needs for it."""
        body = await request.json()
        if self.delay:
            await asyncio.sleep(self.delay)
        if "AccessPackageAssignmentRequestId" not in body:  # the test of a new extension
            return web.Response(status=202)
        async with self.arrived:
            name = body["AccessPackageAssignmentRequestId"]
            self.instances[name] = body["CustomExtensionStageInstanceId"]
            self.arrived.notify_all()
        return web.Response(status=202)

    async def until(self, number: int) -> None:
        """Wait until so many different requests have called out."""
        async with self.arrived:
            await self.arrived.wait_for(lambda: len(self.instances) >= number)


@asynccontextmanager
async def listening(delay: float = 0.0) -> AsyncIterator[Endpoint]:
    """Run an endpoint that takes so many seconds to answer."""
    endpoint = Endpoint(free_port(), delay)
    application = web.Application()
    application.router.add_post("/hook", endpoint.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", endpoint.port, backlog=1024).start()
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def serving(
    port: int, home: Path, database_url: str, *options: str
) -> AbstractContextManager[Popen[bytes]]:
    """Run a server in a process of its own, from when it is ready."""
    serve = ("-c", "from ostiary.cli import main; main()", "serve", "--port", str(port))
    where = ("--data-dir", str(home), "--database-url", database_url)
    ready = f"http://127.0.0.1:{port}/health/ready"
    return process(*serve, *where, *options, ready=ready, log=home / "log")


def client() -> aiohttp.ClientSession:
    """Open a session with as many connections as there are jobs at once."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY))


async def in_parallel(
    jobs: Sequence[Callable[[], Awaitable[None]]], concurrency: int = CONCURRENCY
) -> None:
    """Run all jobs, a fixed number at a time."""
    queue = iter(jobs)

    async def run() -> None:
        for job in queue:
            await job()

    await asyncio.gather(*(run() for _ in range(concurrency)))


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process has used; 0 where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_megabytes(pid: int) -> float:
    """Give the resident memory of a process; 0 where the system does not tell."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:"))

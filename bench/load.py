"""What loads a server: the endpoint that it calls, and many jobs at once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen, TimeoutExpired

import aiohttp
from aiohttp import web

from bench.world import free_port, process

CONCURRENCY = 64
PATIENCE = 180.0
"""Seconds after which a call that has not come will not come."""


@dataclass
class Endpoint:
    """Takes every callout with 202, and remembers which instance waits for which request."""

    port: int
    delay: float = 0.0
    instances: dict[str, str] = field(default_factory=dict)
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)
    awaited: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)

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
            self.times.append(time.perf_counter())
            self.arrived.notify_all()
        waiter = self.awaited.pop(name, None)
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
        return web.Response(status=202)

    async def until(self, number: int) -> None:
        """Wait until so many different requests have called out.

        :raises TimeoutError: some have not, after a time that is too long for any machine.
        """
        async with asyncio.timeout(PATIENCE), self.arrived:
            await self.arrived.wait_for(lambda: len(self.instances) >= number)

    async def call_of(self, name: str, *, after: str | None = None) -> str:
        """Wait for a call for a request, the next one after an instance; give its instance.

        :raises TimeoutError: none comes, as when the callout before it has failed.
        """
        if self.instances.get(name) in (None, after):
            self.awaited[name] = asyncio.get_running_loop().create_future()
            async with asyncio.timeout(PATIENCE):
                await self.awaited[name]
        return self.instances[name]


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


@contextmanager
def working(home: Path, database_url: str, name: str) -> Iterator[Popen[bytes]]:
    """Run a worker in a process of its own, from when it says that it runs."""
    log = home / f"{name}.log"
    work = ("-c", "from ostiary.cli import main; main()", "worker", "--node", name)
    where = ("--data-dir", str(home), "--database-url", database_url)
    with log.open("wb") as output:
        running = Popen([sys.executable, *work, *where], stdout=output, stderr=output)
    try:
        while "runs on" not in log.read_text(errors="replace"):
            if running.poll() is not None:
                raise RuntimeError(log.read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(timeout=30)
        except TimeoutExpired:
            running.kill()


def client(connections: int = CONCURRENCY) -> aiohttp.ClientSession:
    """Open a session with as many connections as there are jobs at once.

    It lets go of a resting connection before servers do, so that none is used as it is closed.
    """
    connector = aiohttp.TCPConnector(limit=connections, keepalive_timeout=2)
    return aiohttp.ClientSession(connector=connector)


async def in_parallel(
    jobs: Iterable[Callable[[], Awaitable[object]]], concurrency: int = CONCURRENCY
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
    return _status_megabytes(str(pid), "VmRSS")


def forget_peak() -> None:
    """Let the peak of this process's memory count from now on, where the system can do that."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_megabytes() -> float:
    """Give the most resident memory of this process; 0 where the system does not tell."""
    return _status_megabytes("self", "VmHWM")


def _status_megabytes(process: str, name: str) -> float:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))

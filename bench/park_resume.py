"""Parks and resumes requests through the real API, on both databases, beside a yardstick.

    python -m bench.park_resume [--requests 500] [--rounds 3] [--database sqlite] …

A park is the whole way: POST of an assignment request, its storing, the signed call to a real
endpoint, the wait on disk. A resume is the whole way too: token, permission, validation, ledger,
audit, commit, 204. The yardstick is a bare ASGI application that does one driver transaction for
each call (``yardstick.py``). Both get the same load from the same client in the same run, rounds
interleaved; medians are printed, and their ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web

from bench import story
from bench.world import databases, free_port, process

CONCURRENCY = 64


@dataclass
class Endpoint:
    """Takes every callout with 202, and remembers which instance waits for which request."""

    port: int
    instances: dict[str, str]
    arrived: asyncio.Condition

    async def take(self, request: web.Request) -> web.Response:
        """Answer a callout."""
        body = await request.json()
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
async def listening() -> AsyncIterator[Endpoint]:
    """Run an endpoint; its address ends with ``/hook``."""
    endpoint = Endpoint(free_port(), {}, asyncio.Condition())
    application = web.Application()
    application.router.add_post("/hook", endpoint.take)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", endpoint.port).start()
    try:
        yield endpoint
    finally:
        await runner.cleanup()


def serving(port: int, home: Path, database_url: str) -> AbstractContextManager[object]:
    """Run a server in a process of its own, from when it is ready."""
    serve = ("-c", "from ostiary.cli import main; main()", "serve", "--port", str(port))
    where = ("--data-dir", str(home), "--database-url", database_url)
    ready = f"http://127.0.0.1:{port}/health/ready"
    return process(*serve, *where, ready=ready, log=home / "log")


async def in_parallel(jobs: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run all jobs, a fixed number at a time."""
    queue = iter(jobs)

    async def run() -> None:
        for job in queue:
            await job()

    await asyncio.gather(*(run() for _ in range(CONCURRENCY)))


async def park_and_resume(
    session: aiohttp.ClientSession, url: str, setting: story.Setting, endpoint: Endpoint, n: int
) -> tuple[float, float]:
    """Give parks and resumes a second of one round."""
    endpoint.instances.clear()
    people = setting.take(n)
    started = time.perf_counter()
    await in_parallel([partial(story.request, session, url, setting, p) for p in people])
    await endpoint.until(n)
    await story.all_parked(session, url, setting, n)
    parked = time.perf_counter()
    waiting = list(endpoint.instances.items())
    jobs = [partial(story.resume, session, url, setting, *one) for one in waiting]
    resumed_from = time.perf_counter()
    await in_parallel(jobs)
    resumed = time.perf_counter()
    await story.all_ended(session, url, setting)
    return n / (parked - started), n / (resumed - resumed_from)


async def yardstick(session: aiohttp.ClientSession, url: str, n: int, mark: str) -> list[float]:
    """Give inserts and updates a second of the bare application in one round."""

    async def call(action: str, name: str) -> None:
        async with session.post(f"{url}/{action}/{name}") as reply:
            if reply.status != 204:
                raise RuntimeError(f"the yardstick answered {reply.status}")

    rates = []
    for action in ("park", "resume"):
        started = time.perf_counter()
        jobs = [partial(call, action, f"{mark}-{i}") for i in range(n)]
        await in_parallel(jobs)
        rates.append(n / (time.perf_counter() - started))
    return rates


async def measure(kind: str, database_url: str, options: argparse.Namespace) -> None:
    """Measure one database and print what was found."""
    home = Path(tempfile.mkdtemp(prefix=f"ostiary-bench-{kind}-"))
    ours, bare = free_port(), free_port()
    bare_url = f"http://127.0.0.1:{bare}/"
    beside = ("-m", "bench.yardstick", _beside(database_url, home), str(bare))
    async with listening() as endpoint:
        with (
            serving(ours, home, database_url),
            process(*beside, ready=bare_url, log=home / "bare.log"),
        ):
            total = options.requests * (options.rounds + 1)
            url = f"http://127.0.0.1:{ours}"
            setting = await story.prepare(url, home, database_url, endpoint.port, people=total)
            found = await _rounds(url, bare_url.rstrip("/"), setting, endpoint, options)
    _report(kind, found)


async def _rounds(
    url: str,
    bare_url: str,
    setting: story.Setting,
    endpoint: Endpoint,
    options: argparse.Namespace,
) -> dict[str, list[float]]:
    """Give the rates of the rounds that count; the first one warms up."""
    found: dict[str, list[float]] = defaultdict(list)
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    async with aiohttp.ClientSession(connector=connector) as session:
        for number in range(options.rounds + 1):
            ours = await park_and_resume(session, url, setting, endpoint, options.requests)
            bare = await yardstick(session, bare_url, options.requests, f"r{number}")
            if number:
                names = ("park", "resume", "insert", "update")
                for name, rate in zip(names, [*ours, *bare], strict=True):
                    found[name].append(rate)
    return found


def _beside(database_url: str, home: Path) -> str:
    """The yardstick has a table of its own on PostgreSQL and a file of its own on SQLite."""
    return database_url if "postgresql" in database_url else f"sqlite:///{home / 'bare.db'}"


def _report(kind: str, found: dict[str, list[float]]) -> None:
    median = {name: statistics.median(rates) for name, rates in found.items()}
    for ours, bare in (("park", "insert"), ("resume", "update")):
        spread = "–".join(f"{rate:.0f}" for rate in (min(found[ours]), max(found[ours])))
        print(
            f"{kind:10}  {ours + 's/s':10} {median[ours]:8.0f}  ({spread})   "
            f"bare {bare}s/s {median[bare]:8.0f}   ratio {median[ours] / median[bare]:5.2f}",
            flush=True,
        )


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=500, help="requests in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument(
        "--database", action="append", choices=("sqlite", "postgresql"), help="default: both"
    )
    options = parser.parse_args()
    names = options.database or ["sqlite", "postgresql"]
    print(
        f"{options.requests} requests a round, {options.rounds} rounds, {CONCURRENCY} at a time; "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}"
    )
    with databases(names) as urls:
        for kind, url in urls.items():
            asyncio.run(measure(kind, url, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

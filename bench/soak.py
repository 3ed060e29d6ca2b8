"""Full load for minutes: whether memory stays flat and the rate steady.

    python -m bench.soak [--minutes 10] [--database sqlite]

64 clients live through whole requests one after the other: ask, wait for the call, answer; the
access is then delivered. On PostgreSQL the API and the worker are processes of their own, on SQLite
one process is both. The resident memory of each is sampled every second. What is printed for the
first, the middle and the last third, and the slope of memory over the last two thirds, tell whether
anything grows; the first third is when caches and pools fill.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import uvloop

from bench import story
from bench.load import (
    CONCURRENCY,
    Endpoint,
    client,
    listening,
    resident_megabytes,
    serving,
    working,
)
from bench.world import databases, free_port

PEOPLE = 20_000


@dataclass
class Course:
    """What happened, by seconds since the beginning."""

    ends: list[float] = field(default_factory=list)
    """When lives ended."""

    memory: dict[str, list[tuple[float, float]]] = field(default_factory=dict)
    """The megabytes of each process, with when they were sampled."""


def lives(first: story.Setting, others: list[story.Setting]) -> Iterator[tuple[story.Setting, str]]:
    """Give everybody in each package, so that nobody asks twice for the same."""
    for setting in (first, *others):
        for person in setting.people:
            yield setting, person


async def load(
    session: aiohttp.ClientSession,
    url: str,
    endpoint: Endpoint,
    left: Iterator[tuple[story.Setting, str]],
    course: Course,
    until: float,
    started: float,
) -> None:
    """Live through one request after the other."""
    while (now := time.perf_counter()) < until:
        setting, person = next(left)
        name = await story.request(session, url, setting, person)
        instance = await endpoint.call_of(name)
        await story.resume(session, url, setting, name, instance)
        del endpoint.instances[name]
        course.ends.append(now - started)


async def watch(processes: dict[str, int], course: Course, started: float) -> None:
    """Sample the memory of the processes until cancelled."""
    while True:
        for name, pid in processes.items():
            sample = (time.perf_counter() - started, resident_megabytes(pid))
            course.memory.setdefault(name, []).append(sample)
        await asyncio.sleep(1)


async def soak(url: str, minutes: float) -> Course:
    """Load a server for so long."""
    home, port = Path(tempfile.mkdtemp(prefix="ostiary-bench-soak-")), free_port()
    address, course = f"http://127.0.0.1:{port}", Course()
    apart = url.startswith("postgresql")
    async with listening() as endpoint, client() as session:
        with ExitStack() as stack:
            options = ["--no-worker"] if apart else []
            server = stack.enter_context(serving(port, home, url, *options))
            processes = {"API" if apart else "server": server.pid}
            if apart:
                worker = stack.enter_context(working(home, url, "soak"))
                processes["worker"] = worker.pid
            packages = max(1, round(minutes * 60 * 1200 / PEOPLE))
            few = min(PEOPLE, int(minutes * 60 * 1200))
            first = await story.prepare(address, home, url, endpoint.port, people=few)
            others = [await story.another(address, first, endpoint.port) for _ in range(packages)]
            left = lives(first, others)
            started = time.perf_counter()
            until = started + minutes * 60
            watching = asyncio.create_task(watch(processes, course, started))
            clients = (
                load(session, address, endpoint, left, course, until, started)
                for _ in range(CONCURRENCY)
            )
            await asyncio.gather(*clients)
            watching.cancel()
            await asyncio.to_thread(stack.close)
    return course


def report(kind: str, course: Course, minutes: float) -> None:
    """Print the thirds, and the slopes."""
    third = minutes * 20
    bounds = [(third * place, third * (place + 1)) for place in range(3)]
    rates = [sum(low <= at < high for at in course.ends) / third for low, high in bounds]
    print(f"{kind}: {len(course.ends):,} requests lived through in {minutes:g} minutes")
    print("  a second          " + "".join(f"{rate:10.0f}" for rate in rates))
    for name, samples in course.memory.items():
        means = [
            statistics.fmean([mb for at, mb in samples if low <= at < high] or [0.0])
            for low, high in bounds
        ]
        later = [(at / 60, mb) for at, mb in samples if at >= third]
        slope = statistics.linear_regression(*zip(*later, strict=True)).slope
        cells = "".join(f"{mean:10.1f}" for mean in means)
        print(f"  MB of the {name:8}{cells}   {slope:+.2f} MB a minute", flush=True)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}", flush=True)
    with databases(options.database or ["postgresql"]) as urls:
        for kind, url in urls.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                report(kind, runner.run(soak(url, options.minutes)), options.minutes)
    return 0


if __name__ == "__main__":
    sys.exit(main())

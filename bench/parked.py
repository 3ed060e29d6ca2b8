"""A million parked requests: what one costs, and what they do to the server.

    python -m bench.parked [--parked 1000000] [--due 100000] [--database sqlite] …

One request is parked through the API and copied in the database (``copying.py``). Measured are the
bytes of one instance, the resident memory of the server, the time from its start until it is ready,
resumes a second beside a server with an empty database (rounds interleaved), and how long it takes
to work off time-outs that are due in the same second. The lag of a time-out is the time from its
deadline to the completion that its request records; a worker looks for what is due every two
seconds, so that much is always in it. ``--small`` is a quick form.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any

import aiohttp
import uvloop
from sqlalchemy import make_url

from bench import copying, story
from bench.load import client, in_parallel, listening, resident_megabytes, serving
from bench.world import databases, free_port

FAR = timedelta(days=30)
SOON = timedelta(seconds=6)
PREPARING = timedelta(milliseconds=0.25)
"""How long it may take to bring one deadline forward."""


@dataclass
class Place:
    """A database, and the server that runs on it."""

    name: str
    url: str
    home: Path
    port: int
    setting: story.Setting

    @property
    def address(self) -> str:
        """Say where the server listens."""
        return f"http://127.0.0.1:{self.port}"


async def prepared(name: str, url: str, parked: int) -> tuple[Place, tuple[float, float]]:
    """Park one request, and copy it; give the bytes of a person and of a wait."""
    home, port = Path(tempfile.mkdtemp(prefix=f"ostiary-bench-{name}-")), free_port()
    address = f"http://127.0.0.1:{port}"
    async with listening() as endpoint, client() as session:
        with serving(port, home, url):
            setting = await story.prepare(address, home, url, endpoint.port, people=1)
            (person,) = setting.take(1)
            await story.request(session, address, setting, person)
            await endpoint.until(1)
            await copying.calls_recorded(url)
    async with copying.target(url) as target:
        sizes = await copying.copy(target, parked, deadline=datetime.now(UTC) + FAR)
    return Place(name, url, home, port, setting), sizes


async def sample(place: Place, number: int) -> list[tuple[str, str]]:
    """Draw waiting requests with their callouts, from all over the table."""
    async with copying.target(place.url) as target:
        found = await target.rows(
            "SELECT id, callout_id FROM assignment_requests "  # noqa: S608  # a number
            f"WHERE status = 'WaitingForCallback' ORDER BY random() LIMIT {number}"
        )
    return [(request, callout) for request, callout in found]


async def resumes(session: aiohttp.ClientSession, place: Place, number: int) -> float:
    """Resume so many of a place; give the rate, once they have gone on to their end."""
    waiting = await sample(place, number)
    if len(waiting) < number:
        raise RuntimeError(f"only {len(waiting)} requests wait in the {place.name} database")
    jobs = [partial(story.resume, session, place.address, place.setting, *one) for one in waiting]
    started = time.perf_counter()
    await in_parallel(jobs)
    rate = number / (time.perf_counter() - started)
    await ended(place, [request for request, _ in waiting])
    return rate


async def ended(place: Place, requests: Sequence[str]) -> None:
    """Return when these requests have come to their end."""
    names = ", ".join(f"'{request}'" for request in requests)
    open_ = (
        f"SELECT count(*) FROM assignment_requests WHERE completed_at IS NULL AND id IN ({names})"  # noqa: S608  # ids
    )
    async with copying.target(place.url) as target:
        while await target.value(open_):
            await asyncio.sleep(0.1)


async def time_out(place: Place, number: int) -> tuple[list[float], float]:
    """Make so many waits end in the same second; give their lags, and when the last was gone."""
    at = (datetime.now(UTC) + SOON + number * PREPARING).replace(microsecond=0)
    instant = f"'{at:%Y-%m-%dT%H:%M:%S}.000000Z'"
    due = "FROM work WHERE kind = 'callout.timeout'"
    async with copying.target(place.url) as target:
        last = await target.value(f"SELECT key {due} ORDER BY key LIMIT 1 OFFSET {number - 1}")
        for statement in (
            f"UPDATE callouts SET deadline = {instant} WHERE outcome IS NULL AND id <= '{last}'",  # noqa: S608
            f"UPDATE work SET due_at = {instant} WHERE kind = 'callout.timeout' AND key <= '{last}'",  # noqa: S608, E501
        ):
            await target.run(statement)
        early = (at - datetime.now(UTC)).total_seconds()
        if early < 0:
            raise RuntimeError(f"the deadlines were brought forward {-early:.1f} s too late")
        await asyncio.sleep(early)
        while await target.value(f"SELECT count(*) {due} AND due_at <= {instant}"):
            await asyncio.sleep(0.2)
        gone = (datetime.now(UTC) - at).total_seconds()
        done = await target.rows(
            "SELECT r.completed_at FROM callouts AS c JOIN assignment_requests AS r "  # noqa: S608
            f"ON r.id = c.owner_id WHERE c.deadline = {instant} AND c.outcome = 'timedOut'"
        )
    if len(done) != number:
        raise RuntimeError(f"{len(done)} of {number} have timed out")
    return [(_instant(completed) - at).total_seconds() for (completed,) in done], gone


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


async def measure(kind: str, url: str, beside: str, options: argparse.Namespace) -> None:
    """Measure one database and print what was found."""
    each = options.requests * (options.rounds + 1)
    few, _ = await prepared("empty", beside, each)
    started = time.perf_counter()
    many, (person, wait) = await prepared("full", url, options.parked)
    print(f"{kind}: {options.parked:,} parked, made in {time.perf_counter() - started:.0f} s")
    print(f"  bytes of an instance {wait:7.0f}   (and {person:.0f} of its person in the directory)")
    await _shares(many, options.parked)
    async with client() as session:
        started = time.perf_counter()
        with serving(few.port, few.home, few.url) as small:
            small_ready = time.perf_counter() - started
            started = time.perf_counter()
            with serving(many.port, many.home, many.url) as large:
                ready = time.perf_counter() - started
                print(f"  start until ready    {ready:7.2f} s (empty database {small_ready:.2f} s)")
                await _rounds(session, few, many, options)
                _memory("  resident memory     ", large, small)
                await _time_outs(many, options.due)
                _memory("  and after time-outs ", large, small)


async def _shares(place: Place, parked: int) -> None:
    async with copying.target(place.url) as target:
        found = await copying.shares(target)
    if found:
        cells = (f"{name} {size / parked:.0f}" for name, size in found.items())
        print("  with indexes, of " + ", ".join(cells), flush=True)


async def _rounds(
    session: aiohttp.ClientSession, few: Place, many: Place, options: argparse.Namespace
) -> None:
    rates: dict[str, list[float]] = {few.name: [], many.name: []}
    for number in range(options.rounds + 1):
        for place in (few, many):
            rate = await resumes(session, place, options.requests)
            if number:  # the first round warms up
                rates[place.name].append(rate)
    empty, full = (statistics.median(found) for found in rates.values())
    spread = "–".join(f"{rate:.0f}" for rate in (min(rates["full"]), max(rates["full"])))
    print(
        f"  resumes              {full:7.0f}/s ({spread}), {full / empty:.2f} times the "
        f"{empty:.0f}/s of an empty database",
        flush=True,
    )


async def _time_outs(place: Place, number: int) -> None:
    lags, gone = await time_out(place, number)
    lags.sort()
    print(
        f"  {number:,} time-outs of one second: all worked off after {gone:.1f} s "
        f"({number / gone:.0f}/s); lag p50 {lags[len(lags) // 2]:.1f} s, "
        f"p99 {lags[int(len(lags) * 0.99)]:.1f} s, last {lags[-1]:.1f} s"
    )


def _memory(label: str, large: Popen[bytes], small: Popen[bytes]) -> None:
    full, empty = resident_megabytes(large.pid), resident_megabytes(small.pid)
    print(f"{label} {full:7.0f} MB (empty database {empty:.0f} MB)", flush=True)


async def beside_of(url: str) -> str:
    """Make a second database of the same kind."""
    if url.startswith("sqlite"):
        return url.replace("bench.db", "beside.db")
    async with copying.target(url) as target:
        await target.run("CREATE DATABASE beside")
    return make_url(url).set(database="beside").render_as_string(hide_password=False)


async def both(kind: str, url: str, options: argparse.Namespace) -> None:
    """Measure one kind of database, with a second one beside it."""
    await measure(kind, url, await beside_of(url), options)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--parked", type=int, default=1_000_000)
    parser.add_argument("--due", type=int, default=100_000, help="time-outs of one second")
    parser.add_argument("--requests", type=int, default=1000, help="resumes in each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--small", action="store_true", help="20,000 parked, 2,000 due")
    options = parser.parse_args()
    if options.small:
        options.parked, options.due, options.requests, options.rounds = 20_000, 2_000, 300, 2
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}", flush=True)
    with databases(options.database or ["sqlite", "postgresql"]) as urls:
        for kind, url in urls.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(both(kind, url, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Parks and resumes a second with 1, 2 and 4 worker processes, where the endpoint takes 50 ms.

    python -m bench.scale [--seconds 8] [--calls 4] [--workers 1 --workers 2 …]

One process serves the API, the workers run beside it, all on one PostgreSQL. Each worker may have
so many calls on the wire to one extension (``--calls``), as endpoints usually demand, so a worker
makes at most ``calls / 0.05`` calls a second, however fast it is: that is what further workers add
to. A park is request, call, wait. A resume is the answer, and the call of the next extension of the
policy. Rates are taken while the load is steady, between the first and the last tenth of the calls.

The share of the processors that was busy is printed with each rate: near 100 % the machine is the
limit, and not the number of workers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import aiohttp
import uvloop

from bench import story
from bench.load import Endpoint, client, in_parallel, listening, serving, working
from bench.world import databases, free_port

DELAY = 0.05
IN_FLIGHT = 48
"""How many stories each worker has before it at once."""


@dataclass
class Client:
    """Who asks for access, and answers the calls."""

    session: aiohttp.ClientSession
    url: str
    setting: story.Setting
    endpoint: Endpoint

    async def park(self, person: str, parked: dict[str, str]) -> None:
        """Ask, and wait for the call."""
        name = await story.request(self.session, self.url, self.setting, person)
        parked[name] = await self.endpoint.call_of(name)

    async def resume(self, name: str, instance: str) -> None:
        """Answer, and wait for the next call."""
        await story.resume(self.session, self.url, self.setting, name, instance)
        await self.endpoint.call_of(name, after=instance)


@dataclass(frozen=True, slots=True)
class Result:
    """What a number of workers did."""

    park: float
    resume: float
    busy: tuple[float, float]


async def measure(who: Client, number: int, in_flight: int) -> Result:
    """Park so many, and resume them."""
    parked: dict[str, str] = {}
    rates, shares = [], []
    people = who.setting.take(number)
    for phase in ("park", "resume"):
        who.endpoint.times.clear()
        before = _processors()
        if phase == "park":
            await in_parallel([partial(who.park, one, parked) for one in people], in_flight)
        else:
            await in_parallel([partial(who.resume, *one) for one in parked.items()], in_flight)
        after = _processors()
        shares.append(1 - (after[1] - before[1]) / (after[0] - before[0]))
        rates.append(_steady(who.endpoint.times))
    park, resume = rates
    return Result(park, resume, (shares[0], shares[1]))


def _steady(times: list[float]) -> float:
    """Give the rate between the first and the last tenth."""
    tenth = max(1, len(times) // 10)
    middle = sorted(times)[tenth:-tenth]
    return (len(middle) - 1) / (middle[-1] - middle[0])


def _processors() -> tuple[float, float]:
    """Give the time of all processors, and how much of it was idle."""
    fields = [float(part) for part in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return sum(fields), fields[3] + fields[4]


async def run(url: str, options: argparse.Namespace) -> dict[int, list[Result]]:
    """Measure each number of workers, in interleaved rounds."""
    os.environ["OSTIARY_CALLOUT_CONCURRENCY_PER_EXTENSION"] = str(options.calls)
    home, port = Path(tempfile.mkdtemp(prefix="ostiary-bench-scale-")), free_port()
    address = f"http://127.0.0.1:{port}"
    os.environ["OSTIARY_PUBLIC_URL"] = address
    each = int(options.seconds * options.calls / DELAY)
    people = each * sum(options.workers) * options.rounds
    found: dict[int, list[Result]] = {workers: [] for workers in options.workers}
    async with listening(DELAY) as endpoint, client(IN_FLIGHT * max(options.workers)) as session:
        with serving(port, home, url, "--no-worker"):
            setting = await story.prepare(address, home, url, endpoint.port, people=people, calls=2)
            who = Client(session, address, setting, endpoint)
            for number in range(options.rounds):
                for workers in options.workers:
                    with ExitStack() as stack:
                        for place in range(workers):
                            node = f"{number}-{workers}-{place}"
                            await asyncio.to_thread(stack.enter_context, working(home, url, node))
                        result = await measure(who, each * workers, IN_FLIGHT * workers)
                        found[workers].append(result)
                        await asyncio.to_thread(stack.close)
    return found


def report(found: dict[int, list[Result]], calls: int) -> None:
    """Print the rates, and how many times those of the fewest workers they are."""
    fewest = min(found)
    print(f"workers  most calls/s   parks/s  times  busy   resumes/s  times  busy   ({calls} each)")

    def median(workers: int, what: str) -> float:
        rates: list[float] = [getattr(result, what) for result in found[workers]]
        return statistics.median(rates)

    for workers, results in found.items():
        cells = []
        for place, what in enumerate(("park", "resume")):
            rate = median(workers, what)
            busy = statistics.median(result.busy[place] for result in results)
            cells.append(f"{rate:9.0f}  {rate / median(fewest, what):5.2f}  {busy:4.0%}")
        print(f"{workers:7}  {workers * calls / DELAY:12.0f} " + "   ".join(cells), flush=True)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=8, help="of each phase, about")
    parser.add_argument("--calls", type=int, default=4, help="at once, for each worker")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, action="append")
    options = parser.parse_args()
    options.workers = options.workers or [1, 2, 4]
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}", flush=True)
    fast = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with databases(["postgresql"]) as urls, fast as runner:
        report(runner.run(run(urls["postgresql"], options)), options.calls)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Parks and resumes requests through the real API, on both databases, in a race.

    python -m bench.park_resume [--requests 1000] [--rounds 5] [--database sqlite] …

A park is the whole way: POST of an assignment request, its storing, the signed call to a real
endpoint, the wait on disk. A resume is the whole way too: token, permission, validation, ledger,
audit, commit, 204. Beside it run, in processes of their own:

* a bare ASGI application that does one driver transaction for each call (``yardstick.py``), and the
  same application without a database,
* on PostgreSQL, DBOS, Procrastinate and PgQueuer with the same story (``rivals``), as far as they
  are installed: ``pip install -e .[bench]``.

All get the same load from the same client and call the same endpoint, 64 at a time; their rounds
are interleaved, and medians are printed. Slower contenders have shorter rounds. Nothing is asked of
the rivals that the product does besides: they check no token, write no audit and sign no call.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.contenders import (
    BARE,
    LIBRARIES,
    Contender,
    Round,
    bare,
    empty,
    installed,
    ostiary,
    rival,
)
from bench.load import CONCURRENCY, Endpoint, client, listening
from bench.world import databases

Found = dict[str, list[Round]]

SHARES = {"dbos": 10, "procrastinate": 4, "pgqueuer": 2}
"""How many times fewer stories a rival has in a round."""


async def contenders(
    stack: AsyncExitStack, url: str, endpoint: Endpoint, options: argparse.Namespace
) -> list[Contender]:
    """Start everybody who runs on a database."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-bench-"))
    size = options.requests
    ours = ostiary(home, url, endpoint, size=size, rounds=options.rounds + 1)
    started: list[Contender] = [
        await stack.enter_async_context(ours),
        await stack.enter_async_context(bare(home, url, size=size)),
        await stack.enter_async_context(empty(home, size=size)),
    ]
    if "postgresql" in url:
        for module in options.rivals:
            few = max(1, size // SHARES[module])
            other = rival(module, home, url, endpoint, size=few)
            started.append(await stack.enter_async_context(other))
    return started


async def race(url: str, options: argparse.Namespace) -> Found:
    """Give the rounds of everybody that count; the first one warms up."""
    async with listening() as endpoint, client() as session, AsyncExitStack() as stack:
        running = await contenders(stack, url, endpoint, options)
        found: Found = {one.name: [] for one in running}
        for number in range(options.rounds + 1):
            for one in running:
                result = await one.round(session, f"r{number}")
                if number:
                    found[one.name].append(result)
    return found


def report(kind: str, found: Found) -> None:
    """Print a table, and the ratios that are promised."""
    print(f"\n{kind:17} {'parks/s':>20} {'resumes/s':>20} {'to the end/s':>20}   CPU")
    for name, rounds in found.items():
        ends = [one.finish for one in rounds if one.finish is not None]
        cells = [
            _cell([one.park for one in rounds]),
            _cell([one.resume for one in rounds]),
            _cell(ends) if ends else "",
        ]
        cpu = statistics.median(one.cpu for one in rounds)
        print(f"  {name:15} " + " ".join(f"{cell:>20}" for cell in cells) + f"   {cpu:.2f} ms")
    ours, yard = found["Ostiary"], found[BARE]
    others = [found[name] for name in found.keys() & LIBRARIES.values()]
    for what in ("park", "resume"):
        ratio = f"  {what}: {_median(ours, what) / _median(yard, what):.2f} times the bare one"
        if others:
            best = max(_median(rounds, what) for rounds in others)
            ratio += f", {_median(ours, what) / best:.1f} times the best rival"
        print(ratio)
    if logged := [one.wal for one in ours if one.wal]:
        park, rest = (statistics.median(part) for part in zip(*logged, strict=True))
        print(
            f"  PostgreSQL logs {park:.0f} bytes for a park, {rest:.0f} from the answer to the end"
        )
    sys.stdout.flush()


def _median(rounds: Sequence[Round], what: str) -> float:
    rates: list[float] = [getattr(one, what) for one in rounds]
    return statistics.median(rates)


def _cell(rates: Sequence[float]) -> str:
    return f"{statistics.median(rates):.0f} ({min(rates):.0f}–{max(rates):.0f})"


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--requests", type=int, default=1000, help="requests in each round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count")
    parser.add_argument(
        "--database", action="append", choices=("sqlite", "postgresql"), help="default: both"
    )
    parser.add_argument(
        "--rival", dest="rivals", action="append", choices=tuple(SHARES), help="default: all"
    )
    parser.add_argument("--alone", action="store_true", help="no rivals")
    options = parser.parse_args()
    options.rivals = [] if options.alone else options.rivals or installed()
    print(
        f"{options.requests} requests a round, {options.rounds} rounds, {CONCURRENCY} at a time; "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}"
    )
    with databases(options.database or ["sqlite", "postgresql"]) as urls:
        for kind, url in urls.items():
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                report(kind, runner.run(race(url, options)))
    return 0


if __name__ == "__main__":
    sys.exit(main())

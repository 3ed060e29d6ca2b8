"""Run many histories, or one again: ``python -m tests.simulation --seeds 1000``."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.history import History, Report

_AT_A_TIME = 20


def main() -> int:
    """Run what the arguments ask for; 1 when something did not hold."""
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of a history
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])  # noqa: S606
    options = _options()
    if options.trace is not None:
        return _tell(History(options.trace).run())
    return _many(options.first, options.seeds, options.jobs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many histories to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at a time")
    parser.add_argument("--trace", type=int, metavar="SEED", help="run one seed and tell its story")
    return parser.parse_args()


def _tell(report: Report) -> int:
    for line in report.trace:
        print(line)
    print(report.faults)
    for violation in report.violations:
        print(f"seed {report.seed}: {violation}")
    return 1 if report.violations else 0


def _many(first: int, number: int, jobs: int) -> int:
    began = time.monotonic()
    faults: Counter[str] = Counter()
    broken = done = 0
    for report in _reports(first, number, jobs):
        done += 1
        faults.update(report.faults)
        faults.update(requests=report.requests, calls=report.calls, answers=report.answers)
        for violation in report.violations:
            print(f"seed {report.seed}: {violation}", flush=True)
        broken += bool(report.violations)
        if done % 100 == 0:
            print(f"{done} histories, {broken} broken", flush=True)
    told = ", ".join(f"{count} {what}" for what, count in sorted(faults.items()))
    print(f"{done} histories in {time.monotonic() - began:.0f} s, {broken} broken: {told}")
    return 1 if broken else 0


def _reports(first: int, number: int, jobs: int) -> Iterator[Report]:
    seeds = range(first, first + number)
    chunks = [seeds[at : at + _AT_A_TIME] for at in range(0, number, _AT_A_TIME)]
    with ProcessPoolExecutor(jobs) as pool:
        for reports in pool.map(_run, chunks):
            yield from reports


def _run(seeds: range) -> list[Report]:
    return [History(seed).run() for seed in seeds]


if __name__ == "__main__":
    sys.exit(main())

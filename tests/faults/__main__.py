"""Run one trial for as long as wanted: ``python -m tests.faults --seconds 600 --seed 1``."""

from __future__ import annotations

import argparse
import asyncio
import sys
from random import SystemRandom

from tests.faults.trial import Report, Terms, postgresql, sqlite

_TRIALS = {"postgresql": postgresql, "sqlite": sqlite}


def main() -> int:
    """Run what the arguments ask for; 1 when something did not hold."""
    options = _options()
    terms = Terms(
        seed=options.seed,
        seconds=options.seconds,
        pause=options.pause,
        at_a_time=options.at_a_time,
        people=int(options.seconds * 60),
        fails_over=options.failover,
    )
    what = f"{options.database}{' with a standby' if terms.fails_over else ''}"
    print(f"{what}: seed {terms.seed}, {terms.seconds:.0f} s", flush=True)
    return _tell(asyncio.run(_TRIALS[options.database](terms)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long things fail")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10_000))
    parser.add_argument("--database", choices=_TRIALS, default="postgresql")
    parser.add_argument("--failover", action="store_true", help="a standby takes over midway")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between two faults")
    parser.add_argument("--at-a-time", type=int, default=8, help="stories at the same time")
    options = parser.parse_args()
    if options.failover and options.database != "postgresql":
        parser.error("--failover is for PostgreSQL")
    return options


def _tell(report: Report) -> int:
    for what in ("faults", "told", "replies"):
        pairs = sorted(getattr(report, what).items())
        print(f"{what}: {', '.join(f'{number} {name}' for name, number in pairs)}")
    print(f"everything had ended {report.settled_after:.1f} s after the last fault")
    print(f"the slowest reply took {report.slowest_reply:.1f} s")
    for violation in report.violations[:50]:
        print(f"VIOLATED: {violation}")
    print(f"{len(report.violations)} violations")
    return 1 if report.violations else 0


if __name__ == "__main__":
    sys.exit(main())

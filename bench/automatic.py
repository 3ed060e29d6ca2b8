"""An automatic policy over a large directory: does the work grow with the people who change?

    python -m bench.automatic [--people 100000] [--moved 20000] [--database sqlite] …

A policy gives a package to a department. So many people move into the department and as many out of
it, and the server follows: rules are asked, requests made, access given and taken. The same is done
with a fifth of the people, and with a directory a tenth as large, so that two ratios come out of
one run: per person who changes, and by the size of the directory. ``--small`` is a quick form.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from bench.load import forget_peak, peak_megabytes
from bench.query import Door, door_of
from bench.world import databases
from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.directory.store import users
from ostiary.server.composition import Server, opened
from ostiary.settings import Settings
from ostiary.storage.batches import chunks
from ostiary.storage.ids import new_id

PORTION = 1_000
MANAGEMENT = "/v1.0/identityGovernance/entitlementManagement"


@dataclass(frozen=True)
class Cost:
    """What something cost."""

    seconds: float
    processor: float
    """Seconds of this process alone, which other load on the machine does not lengthen."""
    statements: int
    peak: float
    """The most resident memory meanwhile, in megabytes; 0 where the system does not tell."""


class Meter:
    """Counts the statements of the whole process, and takes time and memory."""

    def __init__(self) -> None:
        self.statements = 0
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, *_: Any) -> None:
        self.statements += 1

    async def measure(self, job: Callable[[], Awaitable[Any]]) -> Cost:
        """Measure a job."""
        forget_peak()
        before, started, busy = self.statements, time.perf_counter(), time.process_time()
        await job()
        return Cost(
            seconds=time.perf_counter() - started,
            processor=time.process_time() - busy,
            statements=self.statements - before,
            peak=peak_megabytes(),
        )


async def populate(server: Server, number: int) -> list[str]:
    """Add people, every second of whom is in the department; give their ids."""
    made: list[str] = []
    for start in range(0, number, PORTION):
        drafts = [
            User(
                id=new_id(),
                display_name=f"Person {n}",
                user_principal_name=f"p{n}@bench.example",
                department="Sales" if n % 2 else "Law",
            )
            for n in range(start, min(start + PORTION, number))
        ]
        async with server.database.transaction() as conn:
            await changes.add_users(conn, drafts, now=server.clock.now(), actor=SYSTEM)
        made += [draft.id for draft in drafts]
    return made


async def move(server: Server, people: Sequence[str]) -> None:
    """Let each of these people change sides."""
    for some in chunks(people, PORTION):
        async with server.database.transaction() as conn:
            before = await users(conn, some)
            pairs = [
                (
                    one,
                    msgspec.structs.replace(
                        one, department="Law" if one.department == "Sales" else "Sales"
                    ),
                )
                for one in before.values()
            ]
            await changes.update_users(conn, pairs, now=server.clock.now(), actor=SYSTEM)


async def make_policy(door: Door) -> None:
    """Make a package that gives nothing, and the policy that gives it."""

    async def post(path: str, body: Any) -> str:
        made: str = msgspec.json.decode(await door("POST", f"{MANAGEMENT}/{path}", "", body))["id"]
        return made

    catalog = await post("catalogs", {"displayName": "Bench"})
    package = await post("accessPackages", {"displayName": "Bench", "catalog": {"id": catalog}})
    rule = {
        "@odata.type": "#microsoft.graph.attributeRuleMembers",
        "membershipRule": 'user.department -eq "Sales"',
    }
    settings = {
        "requestAccessForAllowedTargets": True,
        "removeAccessWhenTargetLeavesAllowedTargets": True,
    }
    body = {
        "displayName": "Sales",
        "accessPackage": {"id": package},
        "allowedTargetScope": "specificDirectoryUsers",
        "specificAllowedTargets": [rule],
        "automaticRequestSettings": settings,
    }
    await post("assignmentPolicies", body)


async def check(server: Server) -> None:
    """Make sure that exactly the department holds the package.

    :raises RuntimeError: it does not.
    """
    wrong = (
        "SELECT count(*) FROM directory_objects o WHERE (o.department = 'Sales') <> EXISTS "
        "(SELECT 1 FROM assignments a WHERE a.target_id = o.id AND a.state = 'delivered')"
        " AND o.kind = 'user' AND o.department IS NOT NULL"
    )
    async with server.database.reading() as conn:
        count = await conn.scalar(text(wrong))
    if count:
        raise RuntimeError(f"{count} people hold what they should not, or lack what they should")


async def run(url: str, *, people: int, moves: Sequence[int]) -> list[Cost]:
    """Measure the following of each number of moves, after the policy was made."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-bench-"))
    settings = Settings(data_dir=home, database_url=url)
    meter = Meter()
    async with opened(settings, base_urls=["http://localhost"]) as server:
        everybody = await populate(server, people)
        await make_policy(door_of(server))
        first = await meter.measure(server.worker.settle)
        await check(server)
        found = [first]
        for number in moves:
            await move(server, everybody[:number])
            found.append(await meter.measure(server.worker.settle))
            await check(server)
        return found


def _line(name: str, cost: Cost, number: int) -> None:
    each = f"{cost.processor / number * 1e3:6.2f} ms and {cost.statements / number:5.2f} statements"
    memory = f"   {cost.peak:4.0f} MB" if cost.peak else ""
    print(f"  {name:34} {cost.seconds:8.1f} s   each {each}{memory}", flush=True)


async def compare(kind: str, urls: Callable[[], str], options: argparse.Namespace) -> None:
    """Measure one database and print what was found."""
    people, moved = options.people, options.moved
    fewer = max(moved // 5, 1)
    print(f"{kind}: {people:,} people, {moved:,} of whom move", flush=True)
    large = await run(urls(), people=people, moves=[fewer, moved])
    small = await run(urls(), people=max(people // 10, fewer), moves=[fewer])
    _line(f"first: {people // 2:,} in the department", large[0], people // 2)
    _line(f"{fewer:,} of {people:,} move", large[1], fewer)
    _line(f"{moved:,} of {people:,} move", large[2], moved)
    _line(f"{fewer:,} of {max(people // 10, fewer):,} move", small[1], fewer)
    growth = (large[2].processor / moved) / (large[1].processor / fewer)
    size = large[1].processor / small[1].processor
    print(f"  per person, {moved / fewer:.0f} times as many move: {growth:.2f}")
    print(f"  the same moves in a directory ten times as large: {size:.2f}", flush=True)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--moved", type=int, default=20_000)
    parser.add_argument("--small", action="store_true", help="2,000 people, 500 of whom move")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    if options.small:
        options.people, options.moved = 2_000, 500
    for kind in options.database or ["sqlite", "postgresql"]:
        with databases([kind]) as first, databases([kind]) as second:
            left = [second[kind], first[kind]]
            asyncio.run(compare(kind, left.pop, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

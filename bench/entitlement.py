"""Whole requests a second, through the real API, with nothing stored and with a long history.

    python -m bench.entitlement [--existing 1000000] [--requests 300] [--rounds 3] …

One life is: POST of the request, the signed call of its extension, the answer, the approver's look
at what is open and the decision, and the membership of the group. The same server does it with an
empty history first, and then with so many delivered requests and assignments; both rates and their
ratio come out of one run. ``--small`` is a quick form.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bench import story
from bench.load import CONCURRENCY, Endpoint, in_parallel, listening, serving
from bench.story import MANAGEMENT, Setting
from bench.world import databases, free_port, tenant_of
from ostiary.entitlement.tables import assignment_requests, assignments
from ostiary.identity.ports import Subject
from ostiary.server.issuing import development_issuer
from ostiary.storage.database import Database

LOOK_AGAIN = 0.25
NEW_PEOPLE = 20_000
"""Rows of the history that are written in one statement."""


class Bench:
    """A client of one server: the administrator, the approver, and who watches the group."""

    session: aiohttp.ClientSession

    def __init__(self, url: str, setting: Setting) -> None:
        self.url, self.setting = url, setting
        self.approver: dict[str, str] = {}
        self.group = ""

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Keep connections to the server."""
        connector = aiohttp.TCPConnector(limit=CONCURRENCY)
        async with aiohttp.ClientSession(connector=connector) as self.session:
            yield

    async def send(
        self, method: str, path: str, body: Any = None, *, by: dict[str, str] | None = None
    ) -> Any:
        """Give what the server replies.

        :raises RuntimeError: it refuses.
        """
        headers = by or self.setting.headers
        reply = self.session.request(method, f"{self.url}{path}", json=body, headers=headers)
        async with reply as answer:
            if answer.status >= 400:
                raise RuntimeError(f"{method} {path}: {await answer.text()}")
            is_json = "json" in answer.headers.get("content-type", "")
            return await answer.json() if is_json else await answer.text()

    async def prepare(self, data_dir: Path) -> None:
        """Let the package give a group, and its policy ask somebody."""
        (approver,) = self.setting.take(1)
        issuer = development_issuer(data_dir, tenant_id=tenant_of(self.url), base_urls=[self.url])
        scopes = ["EntitlementManagement.ReadWrite.All"]
        person, now = Subject(object_id=approver), datetime.now(UTC)
        token = issuer.for_user(person, now=now, scopes=scopes).token
        self.approver = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        group = {
            "displayName": "Bench",
            "mailEnabled": False,
            "mailNickname": "bench",
            "securityEnabled": True,
        }
        self.group = (await self.send("POST", "/v1.0/groups", group))["id"]
        await self._offer()
        place = f"{MANAGEMENT}/assignmentPolicies/{self.setting.policy}"
        asks = {"@odata.type": "#microsoft.graph.singleUser", "userId": approver}
        approval = {
            "isApprovalRequiredForAdd": True,
            "stages": [{"durationBeforeAutomaticDenial": "P9D", "primaryApprovers": [asks]}],
        }
        await self.send("PATCH", place, {"requestApprovalSettings": approval})

    async def _offer(self) -> None:
        package = f"{MANAGEMENT}/accessPackages/{self.setting.package}"
        catalog = (await self.send("GET", f"{package}?$expand=catalog"))["catalog"]["id"]
        origin = {"originId": self.group, "originSystem": "AadGroup"}
        adding = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": origin}
        await self.send("POST", f"{MANAGEMENT}/resourceRequests", adding)
        role = {"originId": f"Member_{self.group}", "originSystem": "AadGroup"}
        await self.send("POST", f"{package}/resourceRoleScopes", {"role": role, "scope": origin})

    async def live(self, endpoint: Endpoint, person: str) -> None:
        """Lead one request from its beginning to its decision."""
        body = {
            "requestType": "adminAdd",
            "assignment": {
                "targetId": person,
                "assignmentPolicyId": self.setting.policy,
                "accessPackageId": self.setting.package,
            },
            "parameters": [{"name": "IsApprovalRequired", "value": "true"}],
        }
        request = (await self.send("POST", f"{MANAGEMENT}/assignmentRequests", body))["id"]
        async with endpoint.arrived:
            await endpoint.arrived.wait_for(lambda: request in endpoint.instances)
        instance = endpoint.instances[request]
        await story.resume(self.session, self.url, self.setting, request, instance)
        stages = f"{MANAGEMENT}/accessPackageAssignmentApprovals/{request}/stages"
        while True:
            try:
                found = (await self.send("GET", stages, by=self.approver))["value"]
            except RuntimeError:  # nobody has been asked yet
                found = []
            if found and found[0]["assignedToMe"]:
                break
            await asyncio.sleep(LOOK_AGAIN)
        decision = {"reviewResult": "Approve", "justification": "bench"}
        await self.send("PATCH", f"{stages}/{found[0]['id']}", decision, by=self.approver)

    async def members(self) -> int:
        """Count those who have the access."""
        by = {**self.setting.headers, "ConsistencyLevel": "eventual"}
        return int(await self.send("GET", f"/v1.0/groups/{self.group}/members/$count", by=by))

    async def round(self, endpoint: Endpoint, number: int) -> float:
        """Give the lives a second of one round."""
        endpoint.instances.clear()
        goal = await self.members() + number
        started = time.perf_counter()
        jobs = [partial(self.live, endpoint, person) for person in self.setting.take(number)]
        await in_parallel(jobs)
        while await self.members() < goal:
            await asyncio.sleep(LOOK_AGAIN)
        return number / (time.perf_counter() - started)


async def add_history(database_url: str, number: int) -> None:
    """Copy a delivered request and its assignment so many times, each for somebody else."""
    database = await Database.open(database_url)
    try:
        async with database.transaction() as conn:
            for start in range(0, number, NEW_PEOPLE):
                rows = min(NEW_PEOPLE, number - start)
                for table in (assignments, assignment_requests):
                    await conn.execute(text(_copying(conn, table, start, rows)))
        async with database.transaction() as conn:
            await conn.execute(text("ANALYZE"))
    finally:
        await database.close()


def _copying(conn: AsyncConnection, table: Table, start: int, rows: int) -> str:
    """Write the statement that copies the first delivered row of a table."""
    on_sqlite = conn.dialect.name == "sqlite"
    number = f"(n + {start})"
    digits = f"printf('%012x', {number})" if on_sqlite else f"lpad(to_hex({number}), 12, '0')"
    instead = {
        "id": f"'00000000-0000-4000-8000-' || {digits}",
        "assignment_id": f"'00000000-0000-4000-8000-' || {digits}",
        "target_id": f"'00000000-0000-4000-9000-' || {digits}",
        "requestor_id": f"'00000000-0000-4000-9000-' || {digits}",
        "holder_key": f"'bench:' || {digits}",
        "package_id": "'00000000-0000-4000-a000-000000000000'",
    }
    names = [column.name for column in table.columns]
    values = ", ".join(instead.get(name, name) for name in names)
    counted = "SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < "
    counting = f"(WITH RECURSIVE s(n) AS ({counted}{rows}) SELECT n FROM s)"  # noqa: S608  # numbers
    series = f"{counting} AS s" if on_sqlite else f"generate_series(1, {rows}) AS s(n)"
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {series} "  # noqa: S608  # our own names
        f"CROSS JOIN (SELECT * FROM {table.name} WHERE state = 'delivered' LIMIT 1) AS pattern"
    )


async def measure(kind: str, database_url: str, options: argparse.Namespace) -> None:
    """Measure one database and print what was found."""
    home = Path(tempfile.mkdtemp(prefix=f"ostiary-bench-{kind}-"))
    port = free_port()
    async with listening() as endpoint:
        with serving(port, home, database_url):
            url = f"http://127.0.0.1:{port}"
            total = options.requests * (2 * options.rounds + 2) + 1
            setting = await story.prepare(url, home, database_url, endpoint.port, people=total)
            bench = Bench(url, setting)
            async with bench.connected():
                await bench.prepare(home)
                empty = await _rounds(bench, endpoint, options)
            await add_history(database_url, options.existing)
            async with bench.connected():
                full = await _rounds(bench, endpoint, options)
    print(f"{kind}: lives a second, {options.requests} a round, {CONCURRENCY} at a time")
    print(f"  {'with nothing stored':26} {empty:8.1f}")
    many = f"with {options.existing:,} of each"
    print(f"  {many:26} {full:8.1f}   ratio {full / empty:5.2f}")
    sys.stdout.flush()


async def _rounds(bench: Bench, endpoint: Endpoint, options: argparse.Namespace) -> float:
    """Give the median of the rounds; the first one warms up."""
    rates = [await bench.round(endpoint, options.requests) for _ in range(options.rounds + 1)]
    return statistics.median(rates[1:])


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--existing", type=int, default=1_000_000)
    parser.add_argument("--requests", type=int, default=300, help="requests in each round")
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument("--small", action="store_true", help="10,000 existing, 50 a round")
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    if options.small:
        options.existing, options.requests, options.rounds = 10_000, 50, 1
    with databases(options.database or ["sqlite", "postgresql"]) as urls:
        for kind, url in urls.items():
            asyncio.run(measure(kind, url, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

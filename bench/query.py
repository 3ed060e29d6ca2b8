"""Lists a million requests: first and late pages, filters and expansions, beside bare SQL.

    python -m bench.query [--rows 1000000] [--repeat 40] [--database sqlite] …

The route is the whole product without the network: token, permission, options, SQL, rows to types,
JSON. The bare page is the same SQL statement with its rows encoded as JSON. Medians and 99th
percentiles of interleaved repetitions, and their ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from sqlalchemy import func, select, text

from bench.copying import POSTGRESQL, SQLITE
from bench.world import databases
from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.model import User
from ostiary.directory.tables import directory_objects
from ostiary.entitlement.tables import access_packages, assignment_requests
from ostiary.graph.paging import write_token
from ostiary.identity.ports import Client
from ostiary.server.composition import Server, opened
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

REQUESTS = "/v1.0/identityGovernance/entitlementManagement/assignmentRequests"
PAGES = {
    "first page": "",
    "late page": "$skiptoken={late}",
    "filtered, first": "$filter=state eq 'delivered'",
    "filtered, late": "$filter=state eq 'delivered'&$skiptoken={late}",
    "expanded, first": "$expand=accessPackage,requestor",
    "expanded, late": "$expand=accessPackage,requestor&$skiptoken={late}",
}


class Door:
    """Calls the application as its HTTP server would."""

    def __init__(self, server: Server, token: str) -> None:
        self._app = server.app
        self._headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"host", b"localhost"),
        ]

    async def __call__(self, method: str, path: str, query: str = "", body: Any = None) -> Any:
        """Give the decoded reply.

        :raises RuntimeError: it is an error.
        """
        sent: list[dict[str, Any]] = []
        content = b"" if body is None else msgspec.json.encode(body)

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": self._headers,
            "scheme": "http",
            "server": ("localhost", 80),
        }
        await self._app(scope, receive, send)
        if sent[0]["status"] >= 400:
            raise RuntimeError(sent[1]["body"])
        return sent[1]["body"]


def door_of(server: Server) -> Door:
    """Give a door for an application that may do everything here."""
    assert server.issuer is not None
    roles = ["EntitlementManagement.ReadWrite.All", "Group.ReadWrite.All"]
    client = Client(app_id=new_id(), object_id=new_id())
    return Door(server, server.issuer.for_app(client, roles=roles, now=server.clock.now()).token)


async def one_request(server: Server, door: Door) -> None:
    """Make one delivered request, the pattern of all others."""
    management = "/v1.0/identityGovernance/entitlementManagement"

    async def post(path: str, body: Any) -> str:
        made: str = msgspec.json.decode(await door("POST", f"{management}/{path}", "", body))["id"]
        return made

    async with server.database.transaction() as conn:
        draft = User(
            id=new_id(),
            display_name="Pattern",
            user_principal_name=f"{new_id()}@bench.example",
            account_enabled=True,
            mail_nickname="pattern",
        )
        (person,) = await changes.add_users(conn, [draft], now=server.clock.now(), actor=SYSTEM)
    catalog = await post("catalogs", {"displayName": "Bench"})
    package = await post("accessPackages", {"displayName": "Bench", "catalog": {"id": catalog}})
    policy = await post(
        "assignmentPolicies",
        {
            "displayName": "Bench",
            "accessPackage": {"id": package},
            "allowedTargetScope": "notSpecified",
        },
    )
    names = {"targetId": person.id, "assignmentPolicyId": policy, "accessPackageId": package}
    await post("assignmentRequests", {"requestType": "adminAdd", "assignment": names})
    await server.worker.settle()


async def multiply(server: Server, rows: int) -> None:
    """Copy the one request until there are so many, each a second older than the one before."""
    names = [c.name for c in assignment_requests.columns if c.name not in ("id", "created_at")]
    columns = ", ".join(names)
    if server.database.dialect == "sqlite":
        ids = SQLITE.uuid(0)
        at = "strftime('%Y-%m-%dT%H:%M:%S.000000Z', '2026-01-05', '-'||n||' seconds')"
        numbers = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {rows})"
        series = "s"
    else:
        ids, at = POSTGRESQL.uuid(0), "timestamptz '2026-01-05' - n * interval '1 second'"
        numbers, series = "", f"generate_series(1, {rows}) AS s(n)"
    statement = (
        f"{numbers.format(rows=rows)} INSERT INTO assignment_requests (id, created_at, {columns}) "  # noqa: S608
        f"SELECT {ids}, {at}, {columns} FROM {series} CROSS JOIN "
        "(SELECT * FROM assignment_requests LIMIT 1) AS pattern"
    )
    if server.database.dialect == "sqlite":
        prefix, _, rest = statement.partition(" INSERT INTO ")
        head, _, body = rest.partition(" SELECT ")
        statement = f"INSERT INTO {head} {prefix} SELECT {body}"
    async with server.database.transaction() as conn:
        await conn.execute(text(statement))
    async with server.database.transaction() as conn:
        await conn.execute(text("ANALYZE"))


async def late_token(server: Server, rows: int) -> str:
    """Give the token of a position near the end."""
    at, key = assignment_requests.c.created_at, assignment_requests.c.id
    async with server.database.reading() as conn:
        query = select(at, key).order_by(at.desc(), key).offset(int(rows * 0.99)).limit(1)
        row = (await conn.execute(query)).one()
    return write_token(list(row))


async def bare(server: Server, position: datetime | None, expanded: bool) -> None:
    """The page as SQL alone, with the two queries of its expansions; its rows encoded as JSON."""
    at, key = assignment_requests.c.created_at, assignment_requests.c.id
    query = select(assignment_requests).order_by(at.desc(), key).limit(101)
    if position is not None:
        query = query.where(at <= position)
    async with server.database.reading() as conn:
        found = list((await conn.execute(query)).mappings().all())
        if expanded:
            packages = {row["package_id"] for row in found}
            people = {row["requestor_id"] for row in found}
            for table, ids in ((access_packages, packages), (directory_objects, people)):
                more = await conn.execute(select(table).where(table.c.id.in_(ids)))
                found += more.mappings().all()
    msgspec.json.encode([dict(row) for row in found])


async def timed(job: Callable[[], Awaitable[Any]], into: list[float]) -> None:
    """Add the milliseconds that a job takes."""
    started = time.perf_counter()
    await job()
    into.append((time.perf_counter() - started) * 1000)


async def measure(kind: str, url: str, options: argparse.Namespace) -> None:
    """Measure one database and print what was found."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-bench-"))
    settings = Settings(data_dir=home, database_url=url)
    async with opened(settings, base_urls=["http://localhost"]) as server:
        door = door_of(server)
        await one_request(server, door)
        await multiply(server, options.rows)
        async with server.database.reading() as conn:
            total = await conn.scalar(select(func.count()).select_from(assignment_requests))
        token = await late_token(server, options.rows)
        position = datetime.fromisoformat(msgspec.json.decode(_decoded(token))[1][0])
        print(f"{kind}: {total:,} requests", flush=True)
        yards = {
            "bare first": partial(bare, server, None, False),
            "bare late": partial(bare, server, position, False),
            "bare expanded": partial(bare, server, None, True),
        }
        found: dict[str, list[float]] = {name: [] for name in [*PAGES, *yards]}
        for number in range(options.repeat + 3):
            round_: dict[str, list[float]] = {name: [] for name in found}
            for name, query in PAGES.items():
                text_ = quote(query.format(late=token), safe="$=&,")
                await timed(partial(door, "GET", REQUESTS, text_), round_[name])
            for name, yard in yards.items():
                await timed(yard, round_[name])
            if number >= 3:  # the first rounds warm up
                for name, values in round_.items():
                    found[name] += values
    _report(found)


def _decoded(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


def _report(found: dict[str, list[float]]) -> None:
    median = {name: statistics.median(values) for name, values in found.items()}
    for name, values in found.items():
        p99 = sorted(values)[max(0, int(len(values) * 0.99) - 1)]
        kind = "expanded" if "expanded" in name else "late" if "late" in name else "first"
        ratio = median[name] / median[f"bare {kind}"]
        measured = f"p50 {median[name]:8.2f} ms   p99 {p99:8.2f} ms"
        print(f"  {name:16} {measured}   ratio {ratio:5.2f}")
    print(f"  late / first: {median['late page'] / median['first page']:.2f}", flush=True)


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeat", type=int, default=40)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options = parser.parse_args()
    with databases(options.database or ["sqlite", "postgresql"]) as urls:
        for kind, url in urls.items():
            asyncio.run(measure(kind, url, options))
    return 0


if __name__ == "__main__":
    sys.exit(main())

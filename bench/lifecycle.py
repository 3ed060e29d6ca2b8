"""Runs a leaver workflow over many people at once, on both databases.

    python -m bench.lifecycle [--people 100000] [--database sqlite] [--mode plain] …

The workflow has five tasks that change the directory. In the mode ``waiting`` a custom task
extension stands in their middle: everybody is parked, and resumed through the API. Each number is
that of a process of its own, which composes the whole server and settles its worker; its peak
memory counts from before the run. Every mode is measured with half the people first: twice as many
should take at most 2.2 times as long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from sqlalchemy import func, select, text

from bench.load import in_parallel
from bench.query import Door
from bench.world import databases, free_port, process
from ostiary.audit.events import SYSTEM
from ostiary.directory import changes
from ostiary.directory.model import AssignedLicense, Group, User
from ostiary.directory.tables import directory_objects
from ostiary.identity.ports import Client
from ostiary.lifecycle.tables import runs, task_processing_results
from ostiary.server.composition import Server, opened
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

WORKFLOWS: Final = "/v1.0/identityGovernance/lifecycleWorkflows"
NS: Final = "#microsoft.graph.identityGovernance."
ROLES: Final = ["LifecycleWorkflows.ReadWrite.All", "LifecycleWorkflows-CustomExt.ReadWrite.All"]
TASKS: Final = (
    "1953a66c-751c-45e5-8bfe-01462c70da3c",  # remove from selected groups
    "8fa97d28-3e52-4985-b3a9-a1126f9b8b4e",  # remove all licences
    "509589a4-0466-4471-829e-49c5e502bdee",  # revoke refresh tokens
    "b3a31406-2a15-4c9a-b25b-a658fa5f07fc",  # remove from all groups
    "1dfdfcc7-52fa-4c2e-bf3a-e3919cc12950",  # disable the account
)
CUSTOM: Final = "4262b724-8dba-4fad-afc3-43fcbb497a0e"
PAGE: Final = 2_000


async def people_in_groups(server: Server, number: int) -> tuple[str, str]:
    """Make so many people, all in two groups; give the ids of these."""
    now = server.clock.now()
    group = Group(mail_enabled=False, security_enabled=True, mail_nickname="g", display_name="g")
    pattern = User(
        display_name="Pattern",
        user_principal_name=f"{new_id()}@bench.example",
        account_enabled=True,
        mail_nickname="pattern",
    )
    licence = AssignedLicense(sku_id=new_id())
    async with server.database.transaction() as conn:
        groups = await changes.add_groups(conn, [group, group], now=now, actor=SYSTEM)
        (user,) = await changes.add_users(conn, [pattern], now=now, actor=SYSTEM)
        await changes.set_licenses(conn, {user.id: [licence]}, now=now, actor=SYSTEM)
    first, second = (one.id for one in groups)
    await _multiply(server, user.id, number - 1)
    async with server.database.transaction() as conn:
        for id in (first, second):
            await conn.execute(
                text(
                    "INSERT INTO memberships (group_id, member_id, added_at) SELECT :id, id, "
                    "created_date_time FROM directory_objects WHERE display_name = 'Pattern'"
                ),
                {"id": id},
            )
        await conn.execute(text("ANALYZE"))
    return first, second


async def _multiply(server: Server, pattern: str, number: int) -> None:
    """Copy one person so many times, in the database."""
    unlike = ("id", "unique_name", "user_principal_name")
    names = ", ".join(c.name for c in directory_objects.columns if c.name not in unlike)
    if server.database.dialect == "sqlite":
        series = (
            "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :number) "
            "SELECT n, lower(hex(randomblob(4)) || '-0000-4000-8000-' || hex(randomblob(6))) AS i "
            "FROM s LIMIT :number)"
        )
    else:
        series = (
            "(SELECT n, gen_random_uuid()::text AS i FROM generate_series(1, :number) AS t(n) "
            "OFFSET 0)"
        )
    statement = (
        f"INSERT INTO directory_objects (id, unique_name, user_principal_name, {names}) "  # noqa: S608  # names of columns
        f"SELECT made.i, 'p' || made.n || '@bench.example', 'p' || made.n || '@bench.example', "
        f"{names} FROM {series} AS made CROSS JOIN "
        "(SELECT * FROM directory_objects WHERE id = :pattern) AS pattern"
    )
    async with server.database.transaction() as conn:
        await conn.execute(text(statement), {"number": number, "pattern": pattern})


async def leaver_workflow(door: Door, group: str, hook: str | None) -> str:
    """Make the workflow; with a hook it waits for an extension in its middle."""

    def task(name: str, definition: str, **arguments: str) -> dict[str, Any]:
        given = [{"name": n, "value": v} for n, v in arguments.items()]
        return {"displayName": name, "taskDefinitionId": definition, "arguments": given}

    tasks = [task(f"Task {place}", definition) for place, definition in enumerate(TASKS)]
    tasks[0]["arguments"] = [{"name": "groupID", "value": group}]
    if hook is not None:
        extension = await _extension(door, hook)
        tasks[2] = task("Call out", CUSTOM, customTaskExtensionID=extension)
    body = {
        "category": "leaver",
        "displayName": "Leavers",
        "executionConditions": {"@odata.type": f"{NS}onDemandExecutionOnly"},
        "tasks": tasks,
    }
    made = await door("POST", f"{WORKFLOWS}/workflows", "", body)
    return str(msgspec.json.decode(made)["id"])


async def _extension(door: Door, hook: str) -> str:
    body = {
        "displayName": "Bench",
        "endpointConfiguration": {
            "@odata.type": "#microsoft.graph.httpRequestEndpoint",
            "targetUrl": hook,
        },
        "authenticationConfiguration": {
            "@odata.type": "#microsoft.graph.azureAdPopTokenAuthentication"
        },
        "callbackConfiguration": {
            "@odata.type": f"{NS}customTaskExtensionCallbackConfiguration",
            "timeoutDuration": "PT3H",
        },
    }
    made = await door("POST", f"{WORKFLOWS}/customTaskExtensions", "", body)
    return str(msgspec.json.decode(made)["id"])


async def activate(door: Door, workflow: str, group: str) -> None:
    """Run the workflow for everybody in a group."""
    scope = {"@odata.type": f"{NS}activateGroupScope", "group": {"id": group}}
    path = f"{WORKFLOWS}/workflows/{workflow}/activateWithScope"
    await door("POST", path, "", {"scope": scope})


async def resume_all(server: Server, door: Door, workflow: str) -> int:
    """Resume every task that waits, as its endpoint would; give how many there were."""
    data = {"operationStatus": "completed"}

    async def resume(id: str, task: str) -> None:
        path = f"{WORKFLOWS}/workflows/{workflow}/tasks/{task}/taskProcessingResults/{id}/resume"
        await door("POST", path, "", {"source": "bench", "type": "bench", "data": data})

    total = 0
    async for page in _waiting(server):
        await in_parallel([partial(resume, id, task) for id, task in page])
        total += len(page)
    return total


async def _waiting(server: Server) -> AsyncIterator[list[tuple[str, str]]]:
    results, last = task_processing_results.c, ""
    while True:
        query = (
            select(results.id, results.task_id)
            .where(results.processing_status == "inProgress", results.id > last)
            .order_by(results.id)
            .limit(PAGE)
        )
        async with server.database.reading() as conn:
            page = [(id, task) for id, task in await conn.execute(query)]
        if not page:
            return
        last = page[-1][0]
        yield page


async def one(url: str, number: int, hook: str | None) -> dict[str, float]:
    """Do one measurement in this process."""
    home = Path(tempfile.mkdtemp(prefix="ostiary-bench-"))
    found: dict[str, float] = {}

    async def timed(name: str, job: Callable[[], Awaitable[Any]]) -> None:
        started, used = time.perf_counter(), time.process_time()
        await job()
        found[name] = time.perf_counter() - started
        found["cpu"] = found.get("cpu", 0.0) + time.process_time() - used

    settings = Settings(data_dir=home, database_url=url)
    async with opened(settings, base_urls=["http://localhost"]) as server:
        assert server.issuer is not None
        client = Client(app_id=new_id(), object_id=new_id())
        token = server.issuer.for_app(client, roles=ROLES, now=datetime.now(UTC)).token
        door = Door(server, token)
        first, second = await people_in_groups(server, number)
        workflow = await leaver_workflow(door, second, hook)
        await server.worker.settle()
        await timed("start", partial(activate, door, workflow, first))
        await timed("run", server.worker.settle)
        if hook is not None:
            await timed("resume", partial(resume_all, server, door, workflow))
            await timed("finish", server.worker.settle)
        await _check(server, number)
    found["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return found


async def _check(server: Server, number: int) -> None:
    enabled = select(func.count()).where(
        directory_objects.c.display_name == "Pattern", directory_objects.c.account_enabled
    )
    async with server.database.reading() as conn:
        status, done, failed = (
            await conn.execute(
                select(runs.c.processing_status, runs.c.people_completed, runs.c.tasks_failed)
            )
        ).one()
        left = await conn.scalar(enabled)
    if (status, done, failed, left) != ("completed", number, 0, 0):
        raise RuntimeError(f"the run is {status}: {done} done, {failed} failed, {left} enabled")


def measure(name: str, number: int, mode: str) -> dict[str, float]:
    """Measure in a process of its own, with a fresh database."""
    with databases([name]) as urls, _endpoint(mode) as hook:
        command = [sys.executable, "-m", "bench.lifecycle", "--one", urls[name]]
        command += ["--people", str(number), *(["--hook", hook] if hook else [])]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:] + done.stdout[-1000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def _endpoint(mode: str) -> Any:
    if mode == "plain":
        yield None
        return
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = Path(tempfile.mkdtemp(prefix="ostiary-bench-")) / "endpoint.log"
    with process("-m", "bench.lifecycle", "--endpoint", str(port), ready=url, log=log):
        yield f"{url}/hook"


async def _take(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(status=202)


def serve(port: int) -> None:
    """Take every call with 202."""
    application = web.Application()
    application.router.add_post("/hook", _take)
    web.run_app(application, host="127.0.0.1", port=port, access_log=None, print=None)


def report(name: str, mode: str, number: int, found: dict[str, float]) -> tuple[float, float]:
    """Print one measurement; give its wall time, and the processor's time in our process."""
    stages = {key: value for key, value in found.items() if key not in ("memory", "cpu")}
    wall = sum(stages.values())
    parts = "  ".join(f"{k} {v:7.1f} s" for k, v in stages.items())
    print(
        f"{name:10} {mode:8} {number:8,} people  {wall:7.1f} s  {number / wall:7.0f} people/s  "
        f"{found['memory']:5.0f} MB   cpu {found['cpu']:7.1f} s   ({parts})",
        flush=True,
    )
    return wall, found["cpu"]


def main() -> int:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--mode", action="append", choices=("plain", "waiting"))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--hook", help=argparse.SUPPRESS)
    parser.add_argument("--endpoint", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.endpoint:
        serve(options.endpoint)
        return 0
    if options.one:
        print(json.dumps(asyncio.run(one(options.one, options.people, options.hook))))
        return 0
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, Python {sys.version.split()[0]}", flush=True)
    for name in options.database or ["sqlite", "postgresql"]:
        for mode in options.mode or ["plain", "waiting"]:
            sizes = (options.people // 2, options.people)
            half, whole = (report(name, mode, n, measure(name, n, mode)) for n in sizes)
            print(
                f"{name:10} {mode:8} twice the people: {whole[0] / half[0]:.2f} times as long, "
                f"{whole[1] / half[1]:.2f} times the processor's time",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The nodes of a trial: what each is started with, and tokens that all of them know."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.world import free_port

from ostiary.server.issuing import development_issuer
from ostiary.storage.ids import new_id
from tests.faults.machines import Machine
from tests.scenarios.house import ADMINISTRATOR, EVERYTHING

TENANT: Final = new_id()
NODES: Final = {
    "serve-1": ("serve", "--no-worker"),
    "serve-2": ("serve",),
    "worker-1": ("worker",),
}


def new_node(home: Path, name: str, url: str, *arguments: str) -> Machine:
    """Give a node, not started yet, that works on the database at ``url``."""
    port = free_port() if arguments[0] == "serve" else None
    environment = {
        "OSTIARY_DATABASE_URL": url,
        "OSTIARY_NODE": name,
        "OSTIARY_TENANT_ID": TENANT,
        "OSTIARY_CONNECTIVITY_TEST": "off",
        "OSTIARY_WORKER_LEASE": "PT10S",
        "OSTIARY_CALLOUT_PATIENCE": "PT5S",  # an endpoint that was silent is soon called again
        "OSTIARY_LOG_LEVEL": "warning",
    }
    if port is not None:
        environment["OSTIARY_PORT"] = str(port)
    return Machine(name, arguments, home / name, environment, port)


@asynccontextmanager
async def running(machines: list[Machine]) -> AsyncIterator[None]:
    """Keep the nodes running, with one key, so that a token is good at every server."""
    for other in machines[1:]:
        _share_key(machines[0].home, other.home)
    for machine in machines:
        machine.start()
    try:
        yield
    finally:
        await asyncio.gather(*(machine.stop() for machine in machines))


def _share_key(source: Path, target: Path) -> None:
    development_issuer(source, tenant_id=TENANT, base_urls=[])
    target.mkdir(parents=True, exist_ok=True)
    for key in source.glob("issuer-key*"):
        shutil.copy(key, target)


def tokens(machine: Machine) -> Callable[[], str]:
    """Give what makes tokens of an administrator."""
    issuer = development_issuer(machine.home, tenant_id=TENANT, base_urls=[])
    made: list[tuple[datetime, str]] = []

    def token() -> str:
        now = datetime.now(UTC)
        if not made or (now - made[-1][0]).total_seconds() > 1800:
            made.append((now, issuer.for_app(ADMINISTRATOR, roles=EVERYTHING, now=now).token))
        return made[-1][1]

    return token

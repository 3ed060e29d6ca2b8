"""What every history begins with: one organisation, its packages and its workflow, on a file."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import httpx

from ostiary.directory import seed
from ostiary.storage.database import Database
from tests.scenarios import bodies
from tests.scenarios.access import Access
from tests.scenarios.api import Api, Json
from tests.scenarios.bodies import APPROVED, CREATED, GRANTED, REMOVED
from tests.scenarios.workflows import Workflows
from tests.simulation.disk import Disk
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Network, Transport
from tests.simulation.nodes import BASE, MONDAY, Node, simulated
from tests.support.callers import application

ENDPOINT = "http://127.0.0.1:9999/hook"
WAIT = "PT30M"
PERMISSIONS = (
    "EntitlementManagement.ReadWrite.All",
    "LifecycleWorkflows.ReadWrite.All",
    "Directory.ReadWrite.All",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A package that gives membership of a group."""

    name: str
    package: str
    policy: str
    group: str
    approvers: tuple[str, ...]
    """Who has to agree, each at a stage of their own."""
    awaited: tuple[str, ...]
    """The stages before delivery at which an extension is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The file with it all, and what can be asked for and run there."""

    file: Path
    offers: tuple[Offer, ...]
    workflow: str
    joined: str
    """The group that the workflow puts people into."""


LEE, MIRIAM = "lee", "miriam"
_OFFERS: dict[str, tuple[tuple[str, ...], dict[str, str | None]]] = {
    "checked": ((), {CREATED: WAIT}),
    "approved": ((LEE,), {CREATED: None, APPROVED: WAIT}),
    "ticketed": ((LEE,), {GRANTED: WAIT}),
    "told": ((), {CREATED: None, GRANTED: None, REMOVED: WAIT}),
    "joint": ((LEE, MIRIAM), {}),
}
"""Who must agree, all at once, and who is called at which stage, awaited for how long."""


@cache
def places() -> Places:
    """Build the organisation once for this process."""
    folder = Path(tempfile.mkdtemp(prefix="ostiary-simulation-"))
    loop = SimulatedLoop()
    disk = Disk(folder / "template.db", Random(1))
    network = Network(loop, Random(2))
    node = Node("builder", loop, disk, network, Random(3))
    with simulated(loop, disk, network, 4):
        found = loop.run_until_complete(_build(node, disk.path))
        node.life.end()
        loop.bury(node.life)
        loop.run_until_complete(asyncio.sleep(1))
    loop.close()
    return found


async def _build(node: Node, file: Path) -> Places:
    database = await Database.open(f"sqlite:///{file}")
    await database.upgrade()
    async with database.transaction() as conn:
        await seed.small_organisation(conn, MONDAY)
    await node.start()
    transport = Transport(node.network, node, application(*PERMISSIONS))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        api = Api(http, lambda: "believed")
        offers = [await _offer(api, name) for name in _OFFERS]
        flows = Workflows(api)
        extension = await flows.make_task_extension(ENDPOINT, wait=WAIT, retries=1)
        joined = await _group(api, "joined")
        workflow = await flows.make_workflow(
            "Onboard",
            bodies.custom_task(extension),
            bodies.joining_task(joined),
            bodies.custom_task(extension, name="Tell", go_on=True),
        )
    await database.close()
    return Places(file=file, offers=tuple(offers), workflow=workflow, joined=joined)


async def _offer(api: Api, name: str) -> Offer:
    approvers, stages = _OFFERS[name]
    group = await _group(api, name)
    calls = [
        (stage, bodies.extension(ENDPOINT, wait=wait, retries=1)) for stage, wait in stages.items()
    ]
    if len(approvers) > 1:
        made = await Access(api).offer_under(group, lambda package: _joint(package, approvers))
    else:
        approver = seed.person_id(approvers[0]) if approvers else ""
        made = await Access(api).make_offer(group, *calls, approver=approver)
    awaited = tuple(stage for stage, wait in stages.items() if wait and stage != REMOVED)
    return Offer(
        name=name,
        package=made.package,
        policy=made.policy,
        group=group,
        approvers=approvers,
        awaited=awaited,
    )


def _joint(package: str, approvers: Sequence[str]) -> Json:
    """Give a policy that asks all at once; the last has less time, and the first may step in."""
    users = [bodies.user(seed.person_id(alias)) for alias in approvers]
    stages: list[Json] = [
        {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": [user]} for user in users
    ]
    stages[-1] |= {
        "durationBeforeAutomaticDenial": "PT50M",
        "durationBeforeEscalation": "PT10M",
        "isEscalationEnabled": True,
        "escalationApprovers": users[:1],
    }
    body = bodies.deciding(package, *stages)
    body["requestApprovalSettings"]["approvalMode"] = "Parallel"
    return body


async def _group(api: Api, name: str) -> str:
    return str((await api.post("/v1.0/groups", bodies.group(name)))["id"])

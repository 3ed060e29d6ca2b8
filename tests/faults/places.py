"""What there is before anything fails: people, packages whose requests call out, a workflow."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import httpx
from bench.story import add_people

from tests.scenarios import bodies
from tests.scenarios.access import Access
from tests.scenarios.api import Api
from tests.scenarios.bodies import CREATED, GRANTED
from tests.scenarios.workflows import Workflows
from tests.simulation.world import Offer

ENTITLEMENT: Final = "/v1.0/identityGovernance/entitlementManagement"
LIFECYCLE: Final = "/v1.0/identityGovernance/lifecycleWorkflows"
_WAIT: Final = "PT1H"
_OFFERS: Final[dict[str, dict[str, str | None]]] = {
    "checked": {CREATED: _WAIT},
    "told": {CREATED: _WAIT, GRANTED: None},
}
"""Who is called at which stage, awaited for how long."""


@dataclass
class Places:
    """What can be asked for and run, and the people who have not asked yet."""

    endpoint_port: int
    offers: tuple[Offer, ...] = ()
    workflow: str = ""
    people: list[str] = field(default_factory=list)


async def build(places: Places, api: Api, database_url: str, *, people: int) -> None:
    """Make it all, through a server that runs, but for the people."""
    url = f"http://127.0.0.1:{places.endpoint_port}/hook"
    places.people = await add_people(database_url, people)
    places.offers = tuple([await _offer(api, name, url) for name in _OFFERS])
    flows = Workflows(api)
    extension = await flows.make_task_extension(url, wait="PT3H", retries=1)
    places.workflow = await flows.make_workflow(
        "Onboard",
        bodies.custom_task(extension),
        bodies.joining_task(await _group(api, "joined")),
    )


def api_of(url: str, token: str) -> tuple[httpx.AsyncClient, Api]:
    """Give an administrator of the server at ``url``."""
    http = httpx.AsyncClient(base_url=url, timeout=30)
    return http, Api(http, lambda: token)


async def _offer(api: Api, name: str, url: str) -> Offer:
    group = await _group(api, name)
    stages = _OFFERS[name]
    calls = [(stage, bodies.extension(url, wait=wait, retries=1)) for stage, wait in stages.items()]
    made = await Access(api).make_offer(group, *calls)
    return Offer(
        name=name,
        package=made.package,
        policy=made.policy,
        group=group,
        approvers=(),
        awaited=tuple(stage for stage, wait in stages.items() if wait),
    )


async def _group(api: Api, name: str) -> str:
    return str((await api.post("/v1.0/groups", bodies.group(name)))["id"])

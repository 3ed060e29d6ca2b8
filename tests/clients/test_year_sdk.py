"""Sixty days of joiners, movers and leavers, by workflows that the Graph SDK makes of templates.

The server is composed as ``ostiary serve`` does it, and the clock is moved day by day.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from azure.core.credentials import AccessToken
from kiota_authentication_azure.azure_identity_authentication_provider import (
    AzureIdentityAuthenticationProvider,
)
from msgraph.generated.identity_governance.lifecycle_workflows.workflows.item.microsoft_graph_identity_governance_activate.activate_post_request_body import (  # noqa: E501
    ActivatePostRequestBody,
)
from msgraph.generated.models.group import Group
from msgraph.generated.models.identity_governance.group_based_subject_set import (
    GroupBasedSubjectSet,
)
from msgraph.generated.models.identity_governance.lifecycle_management_settings import (
    LifecycleManagementSettings,
)
from msgraph.generated.models.identity_governance.on_demand_execution_only import (
    OnDemandExecutionOnly,
)
from msgraph.generated.models.identity_governance.task import Task
from msgraph.generated.models.identity_governance.trigger_and_scope_based_conditions import (
    TriggerAndScopeBasedConditions,
)
from msgraph.generated.models.identity_governance.workflow import Workflow
from msgraph.generated.models.identity_governance.workflow_template import WorkflowTemplate
from msgraph.generated.models.key_value_pair import KeyValuePair
from msgraph.generated.models.user import User
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph.graph_service_client import GraphServiceClient

from ostiary.lifecycle import catalogue
from ostiary.lifecycle.tasks.provided import SYSTEMS
from ostiary.mail import store as mail_store
from ostiary.mail.store import Filters
from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.settings import ClockKind, ConnectivityTest, Settings
from tests.extensions.endpoints import ScriptedEndpoint
from tests.scenarios.house import BASE, House
from tests.scenarios.names import V1
from tests.support.databases import PostgreSQL

GROUP_CHANGE: Final = "Employee group membership changes"
RUNS: Final = {
    "Onboard pre-hire employee": ("jo", "2026-01-13"),
    "Onboard new hire employee": ("jo", "2026-01-20"),
    "Post-Onboarding of an employee": ("jo", "2026-01-27"),
    "Real-time employee job change": ("moe", "2026-02-01"),
    GROUP_CHANGE: ("moe", "2026-02-02"),
    "Employee job profile change": ("moe", "2026-02-02"),
    "Real-time employee termination": ("tom", "2026-02-09"),
    "Pre-Offboarding of an employee": ("lea", "2026-02-13"),
    "Offboard an employee": ("lea", "2026-02-20"),
    "Post-Offboarding of an employee": ("lea", "2026-02-27"),
}
"""For whom each template runs, and on which day."""

START: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
SKU: Final = "6fd2c87f-b296-42f0-b197-1e91e994b900"
TEAM: Final = "1baa57fa-3c4e-4526-ba5a-db47a9df95f0"
DAY: Final = timedelta(days=1)


class FreshToken:
    """The credential of an application, good at whatever instant the clock shows."""

    def __init__(self, house: House) -> None:
        self._house = house

    def get_token(self, *_: str, **__: object) -> AccessToken:
        """Give a token of now."""
        token = self._house.admin.token()
        return AccessToken(token, int(self._house.clock.now().timestamp()) + 3600)


@asynccontextmanager
async def opened(data_dir: Path, endpoint: ScriptedEndpoint, **more: Any) -> AsyncIterator[House]:
    """Give a server on a simulated clock."""
    settings = Settings(
        data_dir=data_dir,
        clock=ClockKind.SIMULATED,
        clock_start=START.isoformat(),
        connectivity_test=ConnectivityTest.OFF,
        **more,
    )
    async with composition.opened(settings, base_urls=[BASE]) as server:
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            yield House(server=server, http=http, endpoint=endpoint)


@asynccontextmanager
async def sdk(server: Server, house: House) -> AsyncIterator[GraphServiceClient]:
    """Give the published SDK, with the server's application in the place of the network."""
    provider = AzureIdentityAuthenticationProvider(
        FreshToken(house), scopes=["https://graph.microsoft.com/.default"], allowed_hosts=[]
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app)) as client:
        adapter = GraphRequestAdapter(provider, client)
        adapter.base_url = f"{BASE}/v1.0"
        yield GraphServiceClient(request_adapter=adapter)


class Year:
    """The organisation, the workflows by the number of their template, and what became of them."""

    def __init__(self, house: House, graph: GraphServiceClient) -> None:
        self.house = house
        self.workflows = graph.identity_governance.lifecycle_workflows
        self.ids: dict[str, str] = {}
        self.made: dict[str, str] = {}

    async def person(self, alias: str, **properties: Any) -> str:
        """Add somebody of the marketing department; give the id."""
        usual = {
            "displayName": alias.title(),
            "userPrincipalName": f"{alias}@contoso.example",
            "mail": f"{alias}@contoso.example",
            "mailNickname": alias,
            "accountEnabled": True,
            "department": "Marketing",
            "usageLocation": "DE",
            "passwordProfile": {"password": "Not-kept-anywhere-1"},
        }
        made = await self.house.admin.post("/v1.0/users", usual | properties)
        self.ids[alias] = made["id"]
        if alias != "mia":
            await self.house.admin.call(
                "PUT",
                f"/v1.0/users/{made['id']}/manager/$ref",
                {"@odata.id": f"{BASE}/v1.0/users/{self.ids['mia']}"},
                status=204,
            )
        return str(made["id"])

    async def group(self, name: str, *aliases: str) -> str:
        """Add a group with members; give its id."""
        body = {
            "displayName": name,
            "mailEnabled": False,
            "securityEnabled": True,
            "mailNickname": name.lower(),
        }
        self.ids[name] = str((await self.house.admin.post("/v1.0/groups", body))["id"])
        for alias in aliases:
            await self.join(name, alias)
        return self.ids[name]

    async def join(self, name: str, alias: str) -> None:
        """Put somebody into a group."""
        reference = {"@odata.id": f"{BASE}/v1.0/directoryObjects/{self.ids[alias]}"}
        path = f"/v1.0/groups/{self.ids[name]}/members/$ref"
        await self.house.admin.post(path, reference, status=204)

    async def change(self, alias: str, **properties: Any) -> None:
        """Change somebody."""
        path = f"/v1.0/users/{self.ids[alias]}"
        await self.house.admin.call("PATCH", path, properties, status=204)

    async def groups_of(self, alias: str) -> set[str]:
        """Name the groups that somebody is a member of."""
        found = await self.house.admin.values(f"/v1.0/users/{self.ids[alias]}/memberOf")
        return {one["displayName"] for one in found}

    async def from_template(self, template: WorkflowTemplate, **arguments: str) -> None:
        """Make the workflow of a template as the SDK reads it, with what it leaves open filled."""
        conditions = template.execution_conditions
        assert conditions is not None
        assert template.tasks
        assert template.display_name
        if isinstance(conditions, TriggerAndScopeBasedConditions) and isinstance(
            conditions.scope, GroupBasedSubjectSet
        ):
            conditions.scope.groups = [Group(id=self.ids["Movers"])]
        for task in template.tasks:
            definition = catalogue.definition_of(task.task_definition_id or "")
            assert definition is not None
            given = {pair.name or "": pair.value for pair in task.arguments or []}
            names = [p.name for p in definition.parameters if p.name in arguments]
            given |= {name: arguments[name] for name in names}
            task.arguments = [KeyValuePair(name=n, value=v) for n, v in given.items()]
        made = await self.workflows.workflows.post(
            Workflow(
                category=template.category,
                display_name=template.display_name,
                description=template.description,
                is_enabled=True,
                is_scheduling_enabled=not isinstance(conditions, OnDemandExecutionOnly),
                execution_conditions=conditions,
                tasks=template.tasks,
            )
        )
        assert made is not None
        assert made.id
        self.made[template.display_name] = made.id

    async def activate(self, name: str, alias: str) -> None:
        """Run a workflow for somebody, now."""
        item = self.workflows.workflows.by_workflow_id(self.made[name])
        body = ActivatePostRequestBody(subjects=[User(id=self.ids[alias])])
        await item.microsoft_graph_identity_governance_activate.post(body)

    async def results(self, name: str) -> list[tuple[str, str, str]]:
        """Give whom a workflow was run for, on which day, and how that ended."""
        path = f"{V1.workflows}/workflows/{self.made[name]}/userProcessingResults"
        aliases = {id: alias for alias, id in self.ids.items()}
        return [
            (aliases[one["subject"]["id"]], one["scheduledDateTime"][:10], one["processingStatus"])
            for one in await self.house.admin.values(path)
        ]


@pytest.fixture
async def year(tmp_path: Path) -> AsyncIterator[Year]:
    """The server, with an endpoint that does the work of Teams."""
    async with ScriptedEndpoint() as endpoint:
        async with opened(tmp_path, endpoint) as house:
            teams = await house.workflows().make_task_extension(endpoint.url, wait=None)
        providers = dict.fromkeys(SYSTEMS, teams)
        async with (
            opened(tmp_path, endpoint, task_providers=providers) as house,
            sdk(house.server, house) as graph,
        ):
            yield Year(house, graph)


@pytest.fixture
async def week(postgresql: PostgreSQL, tmp_path: Path) -> AsyncIterator[Year]:
    """A server on PostgreSQL."""
    async with (
        postgresql.fresh(tables=False) as url,
        ScriptedEndpoint() as endpoint,
        opened(tmp_path, endpoint, database_url=url) as house,
        sdk(house.server, house) as graph,
    ):
        yield Year(house, graph)


async def test_a_week_of_joiners_and_leavers_on_postgresql(week: Year) -> None:
    house = week.house
    await week.workflows.settings.patch(
        LifecycleManagementSettings(workflow_schedule_interval_in_hours=24)
    )
    await week.person("mia")
    await week.person("jo", accountEnabled=False, employeeHireDate="2026-01-07T00:00:00Z")
    await week.person("tom")
    await week.person("lea", employeeLeaveDateTime="2026-01-09T00:00:00Z")
    await week.group("Newcomers")
    await week.group("Keys", "mia", "lea", "tom")
    templates = await week.workflows.workflow_templates.get()
    assert templates is not None
    by_name = {one.display_name: one for one in templates.value or []}
    joins, leaves = "Onboard new hire employee", "Offboard an employee"
    ends = "Real-time employee termination"
    for name in (joins, ends, leaves):
        template = by_name[name]
        template.tasks = [task for task in template.tasks or [] if _is_local(task)]
        await week.from_template(template, groupID=week.ids["Newcomers"])

    while house.clock.now() < START + 6 * DAY:
        await house.advance(days=1)
        if house.clock.now().day == 8:
            await week.activate(ends, "tom")

    assert {name: await week.results(name) for name in week.made} == {
        joins: [("jo", "2026-01-07", "completed")],
        ends: [("tom", "2026-01-08", "completed")],
        leaves: [("lea", "2026-01-09", "completed")],
    }
    assert (await _person(week, "jo"))["accountEnabled"]
    assert await week.groups_of("jo") == {"Newcomers"}
    assert await house.members(week.ids["Keys"]) == {week.ids["mia"]}
    assert not (await _person(week, "lea"))["accountEnabled"]


def _is_local(task: Task) -> bool:
    """Say whether a task is carried out here, and not by a system that is not."""
    return task.task_definition_id not in {*SYSTEMS, catalogue.RUN_CUSTOM_EXTENSION}


async def test_the_templates_govern_sixty_days_of_an_organisation(year: Year) -> None:
    house, admin = year.house, year.house.admin
    await year.workflows.settings.patch(
        LifecycleManagementSettings(workflow_schedule_interval_in_hours=24)
    )
    await year.person("mia")
    await year.person("jo", accountEnabled=False, employeeHireDate="2026-01-20T00:00:00Z")
    await year.person("moe", department="Sales")
    await year.person("lea", employeeLeaveDateTime="2026-02-20T00:00:00Z")
    await year.person("tom")
    licences = {"addLicenses": [{"skuId": SKU}], "removeLicenses": []}
    await admin.post(f"/v1.0/users/{year.ids['lea']}/assignLicense", licences, status=200)
    await year.group("Newcomers")
    await year.group("Marketing")
    await year.group("Movers")
    await year.group("Sales", "moe")
    await year.group("Keys", "lea", "tom")
    await year.group("Everybody", "mia", "jo", "moe", "lea", "tom")
    catalog = await house.access().make_catalog()
    old = await house.access().make_offer(await year.group("Prices"), catalog=catalog)
    new = await house.access().make_offer(await year.group("Campaigns"), catalog=catalog)
    await house.access().request_add(old, year.ids["moe"])
    await house.settle()
    custom = await house.workflows().make_task_extension(house.endpoint.url, wait=None)

    templates = await year.workflows.workflow_templates.get()
    assert templates is not None
    assert templates.value is not None
    groups = iter(["Newcomers", "Marketing", "Sales", "Keys"])
    for template in templates.value:
        definitions = {task.task_definition_id for task in template.tasks or []}
        needs_group = definitions & {catalogue.ADD_TO_GROUPS, catalogue.REMOVE_FROM_GROUPS}
        await year.from_template(
            template,
            groupID=year.ids[next(groups)] if needs_group else "",
            teamID=TEAM,
            customTaskExtensionID=custom,
            accessPackageId=(old if template.display_name == GROUP_CHANGE else new).package,
            assignmentPolicyId=new.policy,
        )
    assert len(year.made) == 10

    while house.clock.now() < START + 60 * DAY:
        await house.advance(days=1)
        match house.clock.now().date().isoformat():
            case "2026-01-19":
                assert not (await _person(year, "jo"))["accountEnabled"]
            case "2026-02-01":
                await year.change("moe", department="Marketing")
                await year.join("Movers", "moe")
                await year.activate("Real-time employee job change", "moe")
            case "2026-02-09":
                await year.activate("Real-time employee termination", "tom")
            case "2026-02-19":
                assert (await _person(year, "lea"))["accountEnabled"]
            case _:
                pass

    assert {name: await year.results(name) for name in year.made} == {
        name: [(alias, day, "completed")] for name, (alias, day) in RUNS.items()
    }
    assert (await _person(year, "jo"))["accountEnabled"]
    assert await year.groups_of("jo") == {"Everybody", "Newcomers", "Marketing"}
    assert await year.groups_of("moe") == {"Everybody", "Movers", "Campaigns"}
    assert await year.groups_of("mia") == {"Everybody"}
    gone = await admin.values("/v1.0/directory/deletedItems/microsoft.graph.user")
    assert {one["id"] for one in gone} == {year.ids["lea"], year.ids["tom"]}
    assert await house.members(year.ids["Everybody"]) == {year.ids[a] for a in ("mia", "jo", "moe")}
    assert await _mails(year) == [
        ("temporary-access-pass", "mia"),
        ("welcome", "jo"),
        *[("user-moved", "mia")] * 2,
    ]


async def _person(year: Year, alias: str) -> Any:
    return await year.house.admin.get(f"/v1.0/users/{year.ids[alias]}")


async def _mails(year: Year) -> list[tuple[str, str]]:
    """Give the mails of workflows, in their order: which, and to whom."""
    aliases = {id: alias for alias, id in year.ids.items()}
    async with year.house.database.reading() as conn:
        found = await mail_store.listed(conn, Filters(limit=100))
    ordered = sorted(found, key=lambda mail: (mail.created_at, mail.template))
    return [
        (mail.template, aliases[mail.recipient_id or ""])
        for mail in ordered
        if not mail.template.startswith("access-")
    ]

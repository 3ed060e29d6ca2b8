"""Everything that a request needs, on one database: the API, a worker, people, an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import httpx

from ostiary.directory.following import Following
from ostiary.durable.worker import Worker
from ostiary.entitlement.assignment_owner import AssignmentOwner
from ostiary.entitlement.letters import TEMPLATES
from ostiary.entitlement.model.strays import STRAYS
from ostiary.entitlement.owner import RequestOwner
from ostiary.entitlement.process.provisioning import Provisioning
from ostiary.entitlement.process.sweeping import Automation
from ostiary.entitlement.providers import settings as provider_settings
from ostiary.entitlement.providers.http import HTTPProvider
from ostiary.entitlement.routes import resources, role_resources
from ostiary.entitlement.service import Entitlement, ensure_controls, ensure_general
from ostiary.entitlement.store import environments
from ostiary.entitlement.work import handlers
from ostiary.extensions import ledger
from ostiary.extensions.caller import Caller
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.owners import Owners
from ostiary.extensions.plans import Addresses
from ostiary.extensions.resumes import Resumes
from ostiary.extensions.work import CalloutWork
from ostiary.graph.app import GraphApp
from ostiary.graph.engine import Engine
from ostiary.graph.reading import Reader
from ostiary.graph.resources import Singleton
from ostiary.mail import store as mail_store
from ostiary.mail.letters import Sender
from ostiary.mail.mails import Mail
from ostiary.mail.store import Filters
from ostiary.mail.templates import Templates
from ostiary.mail.work import MailWork
from ostiary.storage.database import Database
from tests.entitlement.inhabitants import ADMINISTRATOR, Inhabitants
from tests.extensions.endpoints import Call, ScriptedEndpoint
from tests.support.callers import NamedCallers, application, person
from tests.support.clocks import FixedClock

BASE = "http://127.0.0.1:8080"
EM = "/v1.0/identityGovernance/entitlementManagement"
BETA = "/beta/identityGovernance/entitlementManagement"
ROLES = "/v1.0/roleManagement/entitlementManagement"
GRAPH = "#microsoft.graph."

SENDER = Sender(name="Contoso", address="no-reply@contoso.example")
EVERYTHING = ("EntitlementManagement.ReadWrite.All", "Group.ReadWrite.All")
SUBJECT = "EntitlementMgmt-SubjectAccess.ReadWrite"
APPROVER = "EntitlementManagement.ReadWrite.All"

REQUEST_EXTENSION = f"{GRAPH}accessPackageAssignmentRequestWorkflowExtension"
ASSIGNMENT_EXTENSION = f"{GRAPH}accessPackageAssignmentWorkflowExtension"


class House(Inhabitants):
    """One deployment in one process."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        caller: Caller,
        endpoint: ScriptedEndpoint,
        *,
        origins: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        self.database = database
        self.clock = clock
        self.endpoint = endpoint
        owners = Owners([RequestOwner(), AssignmentOwner()])
        self.resumes = Resumes(database, clock, owners)
        egress = EgressPolicy(loopback=True)
        settings.setdefault("own_domains", ("contoso.example",))
        self.origins = provider_settings.read(origins or {})
        providers = [HTTPProvider(one, caller) for one in self.origins]
        self.services = Entitlement.of(
            database, resumes=self.resumes, egress=egress, providers=providers, **settings
        )
        provisioning = Provisioning(database, clock, {one.system: one for one in providers})
        self.callouts = CalloutWork(
            database, clock, owners, caller, addresses=Addresses(base_url=BASE), node="test"
        )
        templates = Templates([TEMPLATES], zone=UTC)
        self.mail_work = MailWork(database, clock, templates, sender=SENDER)
        automation = Automation(is_told_first=settings.get("is_told_first", False))
        work = [
            *handlers(domain="contoso.example"),
            *automation.handlers(),
            *Following([automation]).handlers(),
            *provisioning.handlers(),
            *self.callouts.handlers(),
            *self.mail_work.handlers(),
        ]
        self.worker = Worker(database, clock, work, node="test")
        engine = Engine(
            roots=[
                Singleton(name="identityGovernance", children=(resources(self.services),)),
                Singleton(name="roleManagement", children=(role_resources(self.services),)),
            ],
            database=database,
            clock=clock,
            authenticator=NamedCallers(),
            reader=Reader(strays=STRAYS),
        )
        self.api = httpx.AsyncClient(
            transport=httpx.ASGITransport(GraphApp(engine=engine)),
            base_url=BASE,
            headers=application(*EVERYTHING, id=ADMINISTRATOR.id),
        )

    async def start(self) -> None:
        """Prepare the database."""
        async with self.database.transaction() as conn:
            await ensure_general(conn, now=self.clock.now())
            await ensure_controls(conn, now=self.clock.now())
            places = [place for one in self.origins for place in one.environments]
            await environments.ensure(conn, places, now=self.clock.now())

    async def close(self) -> None:
        """Let go of everything."""
        await self.api.aclose()
        await self.services.close()
        await self.resumes.close()
        await self.callouts.close()
        await self.mail_work.close()

    async def settle(self) -> None:
        """Do everything that is due."""
        await self.worker.settle()

    async def call(
        self, method: str, path: str, body: Any = None, *, status: int, **options: Any
    ) -> Any:
        """Call the API below the container, and make sure of the status."""
        url = path if path.startswith("/") else f"{EM}/{path}"
        reply = await self.api.request(method, url, json=body, **options)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    async def post(self, path: str, body: Any = None, *, status: int = 201, **options: Any) -> Any:
        """POST, and make sure of the status."""
        return await self.call("POST", path, body, status=status, **options)

    async def get(self, path: str, *, status: int = 200, **options: Any) -> Any:
        """GET, and make sure of the status."""
        return await self.call("GET", path, status=status, **options)

    async def values(self, path: str, **options: Any) -> list[Any]:
        """GET a collection."""
        found: list[Any] = (await self.get(path, **options))["value"]
        return found

    async def refused(
        self, method: str, path: str, body: Any = None, *, status: int = 400, **options: Any
    ) -> tuple[str, str, str | None]:
        """Call what is refused; give code, message and target of the error."""
        error = (await self.call(method, path, body, status=status, **options))["error"]
        return error["code"], error["message"], error.get("target")

    async def catalog(self, name: str = "Sales") -> str:
        """Create a catalog and give its id."""
        return str((await self.post("catalogs", {"displayName": name}))["id"])

    async def extension(self, catalog: str, *, wait: str | None = "PT1H", **more: Any) -> str:
        """Create a request extension that calls the endpoint; give its id."""
        body = extension(self.endpoint.url, wait=wait, **more)
        path = f"catalogs/{catalog}/customWorkflowExtensions"
        return str((await self.post(path, body))["id"])

    async def package(self, catalog: str, *groups: str, name: str = "Sales") -> str:
        """Create a package that gives membership of groups; give its id."""
        body = {"displayName": name, "catalog": {"id": catalog}}
        package = str((await self.post("accessPackages", body))["id"])
        for group in groups:
            await self.offer(catalog, package, group)
        return package

    async def offer(self, catalog: str, package: str, group: str) -> str:
        """Add membership of a group to a package; give the id of the role scope."""
        resource = {"originId": group, "originSystem": "AadGroup"}
        known = await self.values(f"catalogs/{catalog}/resources?$filter=originId eq '{group}'")
        if not known:
            body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": resource}
            await self.post("resourceRequests", body)
        body = {"role": {"originId": f"Member_{group}", "originSystem": "AadGroup"}}
        scope = {"originId": group, "originSystem": "AadGroup"}
        made = await self.post(
            f"accessPackages/{package}/resourceRoleScopes", {**body, "scope": scope}
        )
        return str(made["id"])

    async def take_in(self, catalog: str, resource: Mapping[str, Any], **more: Any) -> None:
        """Add a resource to a catalog."""
        body = {"requestType": "adminAdd", "catalog": {"id": catalog}, "resource": resource}
        await self.post("resourceRequests", {**body, **more})

    async def hand_out(self, package: str, resource: Mapping[str, Any], role: str) -> str:
        """Add a role of a resource to a package, by what its origin calls it."""
        system, origin = resource["originSystem"], resource["originId"]
        body = {
            "role": {
                "originId": role,
                "originSystem": system,
                "resource": {"originId": origin, "originSystem": system},
            },
            "scope": {"originId": origin, "originSystem": system},
        }
        made = await self.post(f"accessPackages/{package}/resourceRoleScopes", body)
        return str(made["id"])

    async def policy(self, package: str, *stages: Mapping[str, Any], **changes: Any) -> str:
        """Create a policy that lets all members ask; give its id."""
        return str(
            (await self.post("assignmentPolicies", policy(package, *stages, **changes)))["id"]
        )

    # what happens

    async def ask(self, who: str, package: str, policy: str, **more: Any) -> str:
        """Ask for a package for oneself; give the id of the request."""
        assignment = {"accessPackageId": package, "assignmentPolicyId": policy}
        body = {"requestType": "userAdd", "assignment": assignment, **more}
        made = await self.post("assignmentRequests", body, headers=person(who, SUBJECT))
        return str(made["id"])

    async def assign(self, who: str, package: str, policy: str, **more: Any) -> str:
        """Assign a package to somebody; give the id of the request."""
        body = {
            "requestType": "adminAdd",
            "assignment": {
                "targetId": who,
                "accessPackageId": package,
                "assignmentPolicyId": policy,
            },
            **more,
        }
        return str((await self.post("assignmentRequests", body))["id"])

    async def remove(self, assignment: str) -> str:
        """Take an assignment away; give the id of the request."""
        body = {"requestType": "adminRemove", "assignment": {"id": assignment}}
        return str((await self.post("assignmentRequests", body))["id"])

    async def standing(self, request: str) -> tuple[str, str]:
        """Give state and status of a request."""
        found = await self.get(f"assignmentRequests/{request}")
        return found["state"], found["status"]

    async def assignment_of(self, request: str) -> dict[str, Any]:
        """Give the assignment of a request."""
        found = await self.get(f"assignmentRequests/{request}?$expand=assignment")
        return dict(found["assignment"])

    async def resume(
        self, call: Call, *, state: str | None = None, status: int = 204, **more: Any
    ) -> Any:
        """Answer a call as its endpoint would, at the address that it carried."""
        told = call.json()
        data = {
            "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
            "stage": told["Stage"],
            "customExtensionStageInstanceId": told["CustomExtensionStageInstanceId"],
            "customExtensionStageInstanceDetail": "checked",
            **({"state": state} if state else {}),
            **more,
        }
        body = {"source": "Contoso.SodCheckProcess", "type": "any", "data": data}
        path = told["CallbackUri"].removeprefix(BASE)
        return await self.post(path, body, status=status)

    async def mails(self, about: str | None = None) -> list[Mail]:
        """Give the mails that were written, or those about one request, the oldest first."""
        async with self.database.reading() as conn:
            found = await mail_store.listed(conn, Filters(about=about, limit=500))
        return sorted(found, key=lambda mail: (mail.created_at, mail.template))

    async def told(self, about: str | None = None) -> list[tuple[str, str]]:
        """Give who was told what: the beginning of the address, and the template."""
        found = await self.mails(about)
        return [((mail.address or "").partition("@")[0], mail.template) for mail in found]

    async def answers(self, request: str) -> list[tuple[str, str | None]]:
        """Give what the ledger says of the answers to a request's callouts."""
        async with self.database.reading() as conn:
            entries = await ledger.read(conn, [request])
        return [(entry.result, entry.label) for entry in entries if entry.direction == "in"]


def extension(url: str, *, wait: str | None = "PT1H", **more: Any) -> dict[str, Any]:
    """Give a request extension as a body has it."""
    body: dict[str, Any] = {
        "@odata.type": REQUEST_EXTENSION,
        "displayName": "sod-check",
        "endpointConfiguration": {"@odata.type": f"{GRAPH}httpRequestEndpoint", "targetUrl": url},
        "authenticationConfiguration": {"@odata.type": f"{GRAPH}azureAdPopTokenAuthentication"},
        "clientConfiguration": {"maximumRetries": 0, "timeoutInMilliseconds": 2000},
    }
    if wait is not None:
        body["callbackConfiguration"] = {
            "@odata.type": "microsoft.graph.customExtensionCallbackConfiguration",
            "durationBeforeTimeout": wait,
        }
    return {**body, **more}


def policy(package: str, *stages: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Give a policy that lets all members ask, as a body has it; ``stages`` are decisions."""
    usual = {
        "displayName": "All staff",
        "description": "",
        "accessPackage": {"id": package},
        "allowedTargetScope": "allMemberUsers",
        "expiration": {"type": "noExpiration"},
        "requestorSettings": {
            "enableTargetsToSelfAddAccess": True,
            "enableTargetsToSelfRemoveAccess": True,
        },
        "requestApprovalSettings": {
            "isApprovalRequiredForAdd": bool(stages),
            "stages": list(stages),
        },
    }
    return {**usual, **changes}


def decision(*approvers: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """Give an approval stage as a body has it."""
    usual = {"durationBeforeAutomaticDenial": "P2D", "primaryApprovers": list(approvers)}
    return {**usual, **changes}


def user(id: str) -> dict[str, Any]:
    """Name one user as an approver or a target."""
    return {"@odata.type": f"{GRAPH}singleUser", "userId": id}


def calls(*pairs: tuple[str, str]) -> list[dict[str, Any]]:
    """Give stage settings from pairs of stage and extension."""
    return [
        {"stage": stage, "customExtension": {"@odata.type": REQUEST_EXTENSION, "id": id}}
        for stage, id in pairs
    ]

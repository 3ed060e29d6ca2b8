"""Entitlement management as its callers tell it: make, ask, resume, decide."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tests.extensions.endpoints import Call
from tests.scenarios import bodies
from tests.scenarios.api import Api, Json
from tests.scenarios.names import V1, Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What can be asked for: a package that gives membership of a group."""

    catalog: str
    package: str
    policy: str
    group: str


@dataclass(frozen=True, slots=True)
class Access:
    """A caller of entitlement management, in one of its vocabularies."""

    api: Api
    names: Names = V1

    async def make_catalog(self, name: str = "Partners") -> str:
        """Create a catalog; give its id."""
        return await self._made(self.names.catalogs, {"displayName": name})

    async def make_extension(
        self, catalog: str, url: str, *, wait: str | None = "PT1H", **changes: Any
    ) -> str:
        """Create an extension in a catalog; give its id."""
        body = bodies.extension(url, wait=wait, **changes)
        return await self._made(f"{self._catalog(catalog)}/{self.names.extensions}", body)

    async def make_package(self, catalog: str, group: str) -> str:
        """Create a package that gives membership of a group; give its id."""
        resource = {"originId": group, "originSystem": "AadGroup"}
        named = {"catalog": {"id": catalog}, "resource": resource}
        await self._made(self.names.resource_requests, {"requestType": "adminAdd", **named})
        package = await self._made(
            "accessPackages", {"displayName": "Partner work", "catalog": {"id": catalog}}
        )
        role = {"originId": f"Member_{group}", "originSystem": "AadGroup"}
        path = f"accessPackages/{package}/{self.names.role_scopes}"
        await self._made(path, {"role": role, "scope": resource})
        return package

    async def make_policy(
        self, package: str, *, calls: Iterable[tuple[str, str]] = (), approver: str = ""
    ) -> str:
        """Create a policy that lets all members ask; give its id."""
        body = bodies.policy(package, calls=calls, approver=approver)
        return await self._made(self.names.policies, body)

    async def offer_under(
        self, group: str, body: Callable[[str], Json], *, catalog: str | None = None
    ) -> Offer:
        """Create a package that gives membership of a group, under a policy of one's own.

        ``body`` gives the policy for the package's id.
        """
        catalog = catalog or await self.make_catalog()
        package = await self.make_package(catalog, group)
        policy = await self._made(self.names.policies, body(package))
        return Offer(catalog=catalog, package=package, policy=policy, group=group)

    async def make_offer(
        self, group: str, *calls: tuple[str, Json], approver: str = "", catalog: str | None = None
    ) -> Offer:
        """Create all that is needed to ask; ``calls`` are stages and the extensions called there.

        The same extension at several stages is created once.
        """
        catalog = catalog or await self.make_catalog()
        path = f"{self._catalog(catalog)}/{self.names.extensions}"
        made: dict[int, str] = {}
        for _, body in calls:
            if id(body) not in made:
                made[id(body)] = await self._made(path, body)
        package = await self.make_package(catalog, group)
        pairs = [(stage, made[id(body)]) for stage, body in calls]
        policy = await self.make_policy(package, calls=pairs, approver=approver)
        return Offer(catalog=catalog, package=package, policy=policy, group=group)

    async def request_add(self, offer: Offer, target: str, **more: Any) -> str:
        """Assign a package to somebody; give the id of the request."""
        assignment = {
            "targetId": target,
            "assignmentPolicyId": offer.policy,
            "accessPackageId": offer.package,
        }
        body = {"requestType": self.names.admin_add, self.names.assignment: assignment, **more}
        return await self._made(self.names.requests, body)

    async def ask(self, offer: Offer, **more: Any) -> str:
        """Ask for a package for oneself; give the id of the request."""
        assignment = {"assignmentPolicyId": offer.policy, "accessPackageId": offer.package}
        body = {"requestType": self.names.user_add, self.names.assignment: assignment, **more}
        return await self._made(self.names.requests, body)

    async def request_removal(self, assignment: str) -> str:
        """Take an assignment away; give the id of the request."""
        body = {
            "requestType": self.names.admin_remove,
            self.names.assignment: {"id": assignment},
        }
        return await self._made(self.names.requests, body)

    async def resume(self, call: Call, *, status: int = 204, **changes: Any) -> Any:
        """Answer a callout about a request as the documentation does."""
        request = call.json()["AccessPackageAssignmentRequestId"]
        body = bodies.answer(call, **changes)
        return await self.api.post(self.resume_path(request), body, status=status)

    async def decide(self, request: str, result: str) -> None:
        """Approve or deny what this caller is asked to decide about a request."""
        path = f"{self.names.management}/accessPackageAssignmentApprovals/{request}"
        stages = await self.api.values(f"{path}/{self.names.stages}")
        (mine,) = [one for one in stages if one["assignedToMe"]]
        body = {"reviewResult": result, "justification": "She takes over the partner."}
        await self.api.call("PATCH", f"{path}/{self.names.stages}/{mine['id']}", body, status=204)

    async def asked(self) -> list[str]:
        """Give the requests whose approval asks this caller to decide now."""
        path = f"{self.names.management}/accessPackageAssignmentApprovals"
        on = "filterByCurrentUser(on='approver')"
        found = await self.api.values(f"{path}/{on}?$expand={self.names.stages}")
        return [
            one["id"]
            for one in found
            if any(stage["assignedToMe"] for stage in one[self.names.stages])
        ]

    async def state_of(self, request: str) -> tuple[str, str]:
        """Give state and status of a request, the state spelled as in v1.0."""
        found = await self.api.get(self.request_path(request))
        state: str = found[self.names.state]
        return state[0].lower() + state[1:], found[self.names.status]

    async def instances_of(self, request: str) -> list[tuple[str, str | None]]:
        """Give status and detail of the callouts about a request."""
        found = await self.api.get(self.request_path(request))
        shown = found["customExtensionCalloutInstances"]
        return [(one["status"], one["detail"]) for one in shown]

    async def whole(self, request: str) -> Json:
        """Give a request with all that belongs to it."""
        names = self.names
        expanded = f"accessPackage,requestor,{names.assignment}($expand=target)"
        return dict(await self.api.get(f"{self.request_path(request)}?$expand={expanded}"))

    async def assignment_of(self, request: str) -> Json:
        """Give the assignment that a request is about."""
        path = f"{self.request_path(request)}?$expand={self.names.assignment}"
        return dict((await self.api.get(path))[self.names.assignment])

    async def assignment_state(self, request: str) -> str:
        """Give the state of the assignment that a request is about, spelled as in v1.0."""
        state: str = (await self.assignment_of(request))[self.names.assignment_state]
        return state[0].lower() + state[1:]

    def request_path(self, request: str) -> str:
        """Give the path of a request."""
        return f"{self.names.management}/{self.names.requests}/{request}"

    def resume_path(self, request: str) -> str:
        """Give the path at which a request is resumed."""
        return f"{self.request_path(request)}/resume"

    def extensions_path(self, catalog: str) -> str:
        """Give the path of the extensions of a catalog."""
        return f"{self.names.management}/{self._catalog(catalog)}/{self.names.extensions}"

    def _catalog(self, catalog: str) -> str:
        return f"{self.names.catalogs}/{catalog}"

    async def _made(self, path: str, body: Json) -> str:
        made = await self.api.post(f"{self.names.management}/{path}", body)
        return str(made["id"])

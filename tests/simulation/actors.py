"""Everybody outside: who asks, approves, cancels and runs, and the endpoint that is called.

They are honest and impatient: when no reply comes, or one that says to come again, they repeat what
they sent, perhaps at another node. What they were told with a 2xx is noted, to be held against the
server in the end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ostiary.directory.seed import person_id
from tests.simulation.loop import SimulatedLoop
from tests.simulation.network import Answered, Incoming, Lost, Network
from tests.simulation.nodes import Node
from tests.simulation.world import Offer, Places
from tests.support.callers import application, person

EVERYTHING = ("EntitlementManagement.ReadWrite.All", "LifecycleWorkflows.ReadWrite.All")
ASK = "EntitlementMgmt-SubjectAccess.ReadWrite"
ADMINISTRATOR = "0d9c7f9c-5c0a-4c9e-8f62-3c7a3a4b5c6d"
ENTITLEMENT = "/v1.0/identityGovernance/entitlementManagement"
LIFECYCLE = "/v1.0/identityGovernance/lifecycleWorkflows"
TRIES = 12


@dataclass
class Told:
    """What the server has promised with a 2xx."""

    requests: dict[str, Offer] = field(default_factory=dict)
    answers: list[tuple[str, str]] = field(default_factory=list)
    """Callout and verdict."""
    decisions: list[tuple[str, str]] = field(default_factory=list)
    """Stage and result."""
    cancels: list[str] = field(default_factory=list)
    runs: int = 0


@dataclass
class Outside:
    """Everybody who calls the servers, and what each was told."""

    loop: SimulatedLoop
    network: Network
    nodes: Sequence[Node]
    random: Random
    places: Places
    told: Told = field(default_factory=Told)
    calls: list[Mapping[str, Any]] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    """Replies that no caller should ever get."""
    at_call: Any = None
    """Asked with each callout's id as it arrives."""
    is_kind: bool = False
    """From now on the endpoint takes every call and gives one answer at once."""
    busy: int = 0

    # who acts

    async def asks(self, alias: str, offer: Offer) -> str | None:
        """Ask for a package for oneself; give the id of the request, if it was promised."""
        assignment = {"assignmentPolicyId": offer.policy, "accessPackageId": offer.package}
        body = {"requestType": "userAdd", "assignment": assignment}
        who = person(person_id(alias), ASK)
        reply = await self._insists("POST", f"{ENTITLEMENT}/assignmentRequests", body, who)
        if reply is None or reply.status != 201:
            return None
        request = str(reply.json()["id"])
        self.told.requests[request] = offer
        return request

    async def assigns(self, alias: str, offer: Offer) -> str | None:
        """Assign a package to somebody; give the id of the request, if it was promised."""
        assignment = {
            "targetId": person_id(alias),
            "assignmentPolicyId": offer.policy,
            "accessPackageId": offer.package,
        }
        body = {"requestType": "adminAdd", "assignment": assignment}
        reply = await self._administers("POST", f"{ENTITLEMENT}/assignmentRequests", body)
        if reply is None or reply.status != 201:
            return None
        request = str(reply.json()["id"])
        self.told.requests[request] = offer
        return request

    async def removes(self, request: str) -> None:
        """Take away what a request gave, if it did."""
        path = f"{ENTITLEMENT}/assignmentRequests/{request}?$expand=assignment"
        reply = await self._administers("GET", path)
        found = reply.json() if reply is not None and reply.status == 200 else {}
        assignment = (found.get("assignment") or {}).get("id")
        if assignment is None:
            return
        body = {"requestType": "adminRemove", "assignment": {"id": assignment}}
        reply = await self._administers("POST", f"{ENTITLEMENT}/assignmentRequests", body)
        if reply is not None and reply.status == 201:
            self.told.requests[str(reply.json()["id"])] = self.told.requests[request]

    async def cancels(self, request: str) -> None:
        """Cancel a request, if it still can be."""
        path = f"{ENTITLEMENT}/assignmentRequests/{request}/cancel"
        reply = await self._administers("POST", path, {})
        if reply is not None and reply.status == 204:
            self.told.cancels.append(request)

    async def decides(self, request: str, result: str, alias: str) -> None:
        """Decide what somebody is asked about a request."""
        who = person(person_id(alias), EVERYTHING[0])
        path = f"{ENTITLEMENT}/accessPackageAssignmentApprovals/{request}/stages"
        reply = await self._insists("GET", path, None, who)
        stages = reply.json()["value"] if reply is not None and reply.status == 200 else []
        for stage in stages:
            if not stage["assignedToMe"] or stage["status"] == "Completed":
                continue
            body = {"reviewResult": result, "justification": "Because."}
            done = await self._insists("PATCH", f"{path}/{stage['id']}", body, who)
            if done is not None and done.status == 204:
                self.told.decisions.append((stage["id"], result))

    async def runs(self, workflow: str, aliases: Sequence[str]) -> None:
        """Run a workflow for people."""
        body = {"subjects": [{"id": person_id(alias)} for alias in aliases]}
        reply = await self._administers("POST", f"{LIFECYCLE}/workflows/{workflow}/activate", body)
        if reply is not None and reply.status == 204:
            self.told.runs += 1

    # the endpoint

    async def take(self, body: Mapping[str, Any]) -> int | None:
        """Take a callout, answer it now, later, twice, or never."""
        self.calls.append(body)
        callout, path = about(body)
        self.trace.append(f"{self.loop.time():.6f} called {callout}")
        if self.at_call is not None:
            self.at_call(callout)
        draw = self.random.random()
        if self.is_kind:
            self._answers_later(callout, path, body, 0.0, "yes")
            return 202
        if draw < 0.12:
            return self.random.choice([500, 503, 429])
        if draw < 0.17:
            return 400
        for _ in range(self.random.choice([0, 1, 1, 1, 1, 2, 3])):
            after = self.random.choice([0.0, 0.01, 1.0, 60.0, 900.0, 1795.0, 1800.0, 4000.0])
            self._answers_later(callout, path, body, after, self.random.choice(VERDICTS))
        return None if draw < 0.25 else 202

    def _answers_later(
        self, callout: str, path: str, body: Mapping[str, Any], after: float, verdict: str
    ) -> None:
        self.busy += 1
        self.loop.apart(self._answers(callout, path, body, after, verdict))

    async def _answers(
        self, callout: str, path: str, body: Mapping[str, Any], after: float, verdict: str
    ) -> None:
        await asyncio.sleep(after)
        reply = await self._administers("POST", path, answer(body, verdict))
        if reply is not None and reply.status == 204:
            self.told.answers.append((callout, verdict))
        self.busy -= 1

    # how they call

    async def _administers(self, method: str, path: str, body: Any = None) -> Answered | None:
        who = application(*EVERYTHING, id=ADMINISTRATOR)
        return await self._insists(method, path, body, who)

    async def _insists(
        self, method: str, path: str, body: Any, who: Mapping[str, str]
    ) -> Answered | None:
        """Send a request until somebody says something final; None when nobody ever did."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = {**who, "Content-Type": "application/json", "Host": "127.0.0.1:8080"}
        asked = Incoming(method=method, path=path, headers=headers, body=content)
        for attempt in range(TRIES):
            node = self.random.choice(self.nodes)
            try:
                reply = await self.network.ask(node, asked)
            except Lost:
                self.trace.append(f"{self.loop.time():.6f} {method} {path} lost")
                await asyncio.sleep(self.random.random() * 2**attempt)
                continue
            self.trace.append(f"{self.loop.time():.6f} {method} {path} {reply.status}")
            if reply.status in (500, 501):
                self.surprises.append(f"{method} {path}: {reply.status} {reply.body!r}")
                return None
            if reply.status < 500 and reply.status != 429:
                return reply
            await asyncio.sleep(self.random.random() * 2**attempt)
        return None


VERDICTS = ("yes", "yes", "yes", "no")


def about(body: Mapping[str, Any]) -> tuple[str, str]:
    """Say which callout a call is about, and the path at which it is answered."""
    if "Stage" in body:
        request = body["AccessPackageAssignmentRequestId"]
        path = f"{ENTITLEMENT}/assignmentRequests/{request}/resume"
        return str(body["CustomExtensionStageInstanceId"]), path
    data = body["data"]
    return str(data["taskProcessingResult"]["id"]), f"/v1.0{data['callbackUriPath']}"


def answer(body: Mapping[str, Any], verdict: str) -> Mapping[str, Any]:
    """Give the answer to a call: one text for one verdict, so that repeats are the same."""
    if "Stage" not in body:
        status = "Completed" if verdict == "yes" else "Failed"
        return {"source": "sim", "type": "lifecycleEvent", "data": {"operationStatus": status}}
    data = {
        "@odata.type": "microsoft.graph.accessPackageAssignmentRequestCallbackData",
        "stage": body["Stage"],
        "customExtensionStageInstanceId": body["CustomExtensionStageInstanceId"],
        "customExtensionStageInstanceDetail": verdict,
    }
    if verdict == "no" and body["Stage"] == "assignmentRequestCreated":
        data["state"] = "Denied"
    kind = f"microsoft.graph.accessPackageCustomExtensionStage.{body['Stage']}"
    return {"source": "sim", "type": kind, "data": data}

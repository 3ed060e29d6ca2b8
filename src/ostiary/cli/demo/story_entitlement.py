"""Access that an extension has a say in: one request is granted, one refused, one forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from ostiary.cli.demo import bodies
from ostiary.cli.demo.client import Client, expect
from ostiary.cli.demo.endpoint import ENTITLEMENT_PATH, Call
from ostiary.cli.demo.stage import ADMINISTRATOR, Stage
from ostiary.directory.seed import group_id, person_id

EM: Final = "/v1.0/identityGovernance/entitlementManagement"
GROUP: Final = "Partner portal"


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked for."""

    package_id: str
    policy_id: str


async def tell(stage: Stage) -> Offer:
    """Tell the whole story, and give what it has left on offer.

    :raises Unexpected: a step went otherwise.
    """
    offer = await _offer(stage)
    await _granted(stage, offer)
    await _denied(stage, offer)
    await _forgotten(stage, offer)
    return offer


async def _offer(stage: Stage) -> Offer:
    """An administrator puts a group on offer, under a policy with an extension and an approver."""
    grady, show = stage.client(ADMINISTRATOR), stage.show
    show.chapter("An access package whose requests are checked by an extension")

    catalog = await grady.post(f"{EM}/catalogs", {"displayName": "Partners"})
    show.step(grady.name, "makes a catalog", grady.last, f"catalog {catalog['id']}")

    group = {"originId": group_id(GROUP), "originSystem": "AadGroup"}
    added = await grady.post(
        f"{EM}/resourceRequests",
        {"requestType": "adminAdd", "catalog": {"id": catalog["id"]}, "resource": group},
    )
    show.step(grady.name, f"adds the group '{GROUP}' to it", grady.last, str(added["state"]))

    extension = await grady.post(
        f"{EM}/catalogs/{catalog['id']}/customWorkflowExtensions",
        bodies.request_extension(stage.endpoint.url + ENTITLEMENT_PATH),
    )
    show.step(
        grady.name,
        "creates a custom extension that is called and waited for, for an hour",
        "POST …/catalogs/{id}/customWorkflowExtensions 201",
        f"extension {extension['id']}",
        f"calls {stage.endpoint.url}{ENTITLEMENT_PATH}",
    )

    package = await grady.post(
        f"{EM}/accessPackages",
        {"displayName": "Partner work", "catalog": {"id": catalog["id"]}},
    )
    resource = await _resource(grady, catalog["id"])
    await grady.post(
        f"{EM}/accessPackages/{package['id']}/resourceRoleScopes",
        bodies.membership(group_id(GROUP), resource["id"]),
    )
    show.step(grady.name, "makes a package that gives membership", f"package {package['id']}")

    policy = await grady.post(
        f"{EM}/assignmentPolicies",
        bodies.policy(package["id"], extension["id"], fallback_approver=person_id("lee")),
    )
    show.step(
        grady.name,
        "lets all members ask; the extension is asked first, then the manager",
        grady.last,
        f"policy {policy['id']}",
    )
    return Offer(package["id"], policy["id"])


async def _granted(stage: Stage, offer: Offer) -> None:
    """Megan asks, the endpoint has no objection, her manager agrees, and she is in the group."""
    megan, nestor, show = stage.client("megan"), stage.client("nestor"), stage.show
    show.chapter("Megan asks: call out, wait, resume, approve, deliver")

    request = await _ask(stage, megan, offer)
    call = await _called(stage)
    await _waits(stage, megan, request)

    await _answer(stage, call, "No conflicting duties.")
    open_ = await _until(megan, request, "pendingApproval")
    show.step("server", "goes on: the manager is to decide", *_standing(open_))

    stage_id = await _approve(nestor, request)
    show.step(
        nestor.name,
        "approves",
        "PATCH …/accessPackageAssignmentApprovals/{id}/stages/{id} 204",
        f"stage {stage_id}",
    )

    done = await _until(megan, request, "delivered")
    show.step("server", "delivers", *_standing(done)[:2])
    await _check_membership(stage, "megan", is_in=True)
    show.step("directory", f"Megan is a member of '{GROUP}'", f"group {group_id(GROUP)}")


async def _denied(stage: Stage, offer: Offer) -> None:
    """Isaiah asks, and the endpoint says no."""
    isaiah, show = stage.client("isaiah"), stage.show
    show.chapter("Isaiah asks: the endpoint denies")

    request = await _ask(stage, isaiah, offer)
    call = await _called(stage)
    await _waits(stage, isaiah, request)

    await _answer(stage, call, "A security analyst audits the partner portal.", state="denied")
    done = await _until(isaiah, request, "denied")
    show.step("server", "ends the request", *_standing(done))
    await _check_membership(stage, "isaiah", is_in=False)


async def _forgotten(stage: Stage, offer: Offer) -> None:
    """Joni asks, and the endpoint says nothing until it is too late."""
    joni, show = stage.client("joni"), stage.show
    show.chapter("Joni asks: nobody answers")

    request = await _ask(stage, joni, offer)
    call = await _called(stage)
    await _waits(stage, joni, request)

    now = await stage.advance("PT1H")
    show.step("clock", "is moved on by an hour", "POST /ostiary/clock/advance 200", f"now {now}")
    done = await _until(joni, request, "denied")
    show.step("server", "gives up waiting: silence grants nothing", *_standing(done))

    status = await stage.endpoint.answer_request(call, "No conflicting duties.")
    expect(400 <= status < 500, "a refusal of an answer that comes too late", status)
    after = await _until(joni, request, "denied")
    show.step(
        "endpoint", "answers now, too late", f"POST …/resume {status} refused", _standing(after)[0]
    )
    await _check_membership(stage, "joni", is_in=False)


# What the scenes are made of


async def _ask(stage: Stage, who: Client, offer: Offer) -> str:
    assignment = {"accessPackageId": offer.package_id, "assignmentPolicyId": offer.policy_id}
    body = {"requestType": "userAdd", "assignment": assignment, "justification": "A new partner."}
    made = await who.post(f"{EM}/assignmentRequests", body)
    stage.show.step(
        who.name, "asks for the package", who.last, f"request {made['id']}", *_standing(made)
    )
    return str(made["id"])


async def _called(stage: Stage) -> Call:
    call = await stage.endpoint.call()
    stage.show.step(
        "endpoint",
        f"is called about {call.person}, verifies the signature, replies 202",
        f"stage {call.body['Stage']}",
        f"instance {call.body['CustomExtensionStageInstanceId']}",
        f"PoP token of {call.claims['iss']} for {call.sender}",
    )
    return call


async def _waits(stage: Stage, who: Client, request: str) -> None:
    def is_parked(found: dict[str, Any]) -> bool:
        statuses = [one["status"] for one in found["customExtensionCalloutInstances"]]
        return found["status"] == "WaitingForCallback" and statuses == ["waitingForCallback"]

    path = f"{EM}/assignmentRequests/{request}"
    waiting = await who.until(path, is_parked, what=f"the request {request} waiting for a callback")
    stage.show.step("server", "waits for the answer, an hour at most", *_standing(waiting))


async def _answer(stage: Stage, call: Call, detail: str, *, state: str | None = None) -> None:
    status = await stage.endpoint.answer_request(call, detail, state=state)
    expect(status == 204, "204 of the endpoint's answer", status)
    verdict = f"denies: {detail}" if state else f"answers: {detail}"
    stage.show.step(
        "endpoint", verdict, f"POST /beta…/accessPackageAssignmentRequests/{{id}}/resume {status}"
    )


async def _until(who: Client, request: str, state: str) -> dict[str, Any]:
    path = f"{EM}/assignmentRequests/{request}"
    return await who.until(
        path, lambda found: found["state"] == state, what=f"the request {request} in state {state}"
    )


async def _approve(approver: Client, request: str) -> str:
    path = f"{EM}/accessPackageAssignmentApprovals/{request}/stages"
    found = (await approver.get(path))["value"]
    mine = [one for one in found if one["assignedToMe"] and one["status"] == "InProgress"]
    expect(len(mine) == 1, f"one open approval stage for {approver.name}", found)
    decision = {"reviewResult": "Approve", "justification": "She takes over the partner."}
    await approver.patch(f"{path}/{mine[0]['id']}", decision)
    return str(mine[0]["id"])


async def _check_membership(stage: Stage, alias: str, *, is_in: bool) -> None:
    path = f"/v1.0/groups/{group_id(GROUP)}/members?$select=id&$top=999"
    members = (await stage.client(ADMINISTRATOR).get(path))["value"]
    there = person_id(alias) in {member["id"] for member in members}
    wanted = "a member" if is_in else "no member"
    expect(there == is_in, f"{alias} to be {wanted} of '{GROUP}'", members)


async def _resource(client: Client, catalog: str) -> dict[str, Any]:
    path = f"{EM}/catalogs/{catalog}/resources?$filter=originId eq '{group_id(GROUP)}'"
    found = (await client.get(path))["value"]
    expect(len(found) == 1, "the group among the resources of the catalog", found)
    return dict(found[0])


def _standing(request: dict[str, Any]) -> list[str]:
    """Tell how a request stands, and its callout."""
    told = [f"{request['state']} / {request['status']}"]
    for one in request["customExtensionCalloutInstances"]:
        told.append(f"callout {one['status']}")
        told += [f"'{one['detail']}'"] if one["detail"] else []
    return told

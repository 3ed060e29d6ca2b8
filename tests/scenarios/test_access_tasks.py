"""Workflows that ask for access packages and give them up: both governors on one server."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from ostiary.directory.seed import person_id
from ostiary.lifecycle import catalogue
from tests.scenarios.access import Offer
from tests.scenarios.house import House
from tests.scenarios.names import V1

pytestmark = pytest.mark.asyncio(loop_scope="module")

NS = "#microsoft.graph.identityGovernance."
NOWHERE = "00000000-0000-4000-8000-00000000ffff"
PERSON = person_id("megan")


class Runner:
    """Runs workflows of one task for one person."""

    def __init__(self, house: House) -> None:
        self.house = house

    async def workflow(self, definition: str, category: str, arguments: Mapping[str, str]) -> str:
        """Make a workflow of one task."""
        body = {
            "category": category,
            "displayName": self.house.name("workflow"),
            "isEnabled": True,
            "executionConditions": {"@odata.type": f"{NS}onDemandExecutionOnly"},
            "tasks": [
                {
                    "taskDefinitionId": definition,
                    "displayName": "Access",
                    "arguments": [{"name": n, "value": v} for n, v in arguments.items()],
                }
            ],
        }
        made = await self.house.admin.post(f"{V1.workflows}/workflows", body)
        return str(made["id"])

    async def run(self, definition: str, category: str, **arguments: str) -> tuple[str, str | None]:
        """Run a task; give how it ended, and what its result says."""
        return await self._do("activate", definition, category, arguments)

    async def preview(
        self, definition: str, category: str, **arguments: str
    ) -> tuple[str, str | None]:
        """Preview a task; give how it would end, and what the result says."""
        return await self._do("previewWorkflow", definition, category, arguments)

    async def _do(
        self, action: str, definition: str, category: str, arguments: Mapping[str, str]
    ) -> tuple[str, str | None]:
        workflow = await self.workflow(definition, category, arguments)
        path = f"{V1.workflows}/workflows/{workflow}"
        body = {"subjects": [{"id": PERSON}]}
        await self.house.admin.post(f"{path}/{action}", body, status=204)
        await self.house.settle()
        (person,) = await self.house.admin.values(f"{path}/userProcessingResults")
        results = f"{path}/userProcessingResults/{person['id']}/taskProcessingResults"
        (result,) = await self.house.admin.values(results)
        return result["processingStatus"], result["failureReason"] or result["processingInfo"]


@pytest.fixture
def runner(house: House) -> Runner:
    """Runs tasks for megan."""
    return Runner(house)


def named(offer: Offer) -> dict[str, str]:
    return {"accessPackageId": offer.package.upper(), "assignmentPolicyId": offer.policy}


async def of_megan(house: House, offer: Offer) -> list[dict[str, Any]]:
    """Give the requests for her access to a package, the oldest first."""
    path = f"{V1.management}/assignmentRequests"
    query = f"$filter=accessPackage/id eq '{offer.package}'&$orderby=createdDateTime"
    return await house.admin.values(f"{path}?{query}")


async def test_a_joiner_gets_a_package_and_a_leaver_loses_it(house: House, runner: Runner) -> None:
    offer = await house.make_offer(approver=person_id("miriam"))

    gave = await runner.run(catalogue.REQUEST_PACKAGE, "joiner", **named(offer))
    assert gave == ("completed", None)
    assert await house.members(offer.group) == {PERSON}  # nobody was asked to approve
    again = await runner.run(catalogue.REQUEST_PACKAGE, "joiner", **named(offer))
    assert again == ("completed", "The user has the access package already.")

    package = {"accessPackageId": offer.package}
    took = await runner.run(catalogue.REMOVE_PACKAGE, "leaver", **package)
    assert took == ("completed", None)
    assert await house.members(offer.group) == set()
    again = await runner.run(catalogue.REMOVE_PACKAGE, "leaver", **package)
    assert again == ("completed", "The user does not have the access package.")
    types = sorted(one["requestType"] for one in await of_megan(house, offer))
    assert types == ["adminAdd", "adminRemove"]


async def test_a_preview_is_judged_like_a_run_and_stores_nothing(
    house: House, runner: Runner
) -> None:
    offer = await house.make_offer()

    would = await runner.preview(catalogue.REQUEST_PACKAGE, "joiner", **named(offer))
    wrong = {**named(offer), "assignmentPolicyId": NOWHERE}
    would_not = await runner.preview(catalogue.REQUEST_PACKAGE, "joiner", **wrong)

    assert would == ("completed", "Would ask for the access package.")
    assert would_not[0] == "failed"
    assert f"'{NOWHERE}' is no assignment policy" in str(would_not[1])
    assert await of_megan(house, offer) == []
    assert await house.members(offer.group) == set()


async def test_what_nobody_could_get_is_a_fault_of_the_workflow(
    house: House, runner: Runner
) -> None:
    workflow = await runner.workflow(
        catalogue.REMOVE_PACKAGE, "leaver", {"accessPackageId": NOWHERE}
    )

    path = f"{V1.workflows}/workflows/{workflow}/previewTaskFailures"
    found = await house.admin.post(path, None, status=200)

    assert f"There is no access package '{NOWHERE}'." in str(found)


async def test_pending_requests_are_canceled_and_what_is_held_stays(
    house: House, runner: Runner
) -> None:
    held, asked = await house.make_offer(), await house.make_offer(approver=person_id("miriam"))
    await house.access().request_add(held, PERSON)
    request = await house.asker("megan").ask(asked)
    await house.settle()

    would = await runner.preview(catalogue.CANCEL_PACKAGE_REQUESTS, "leaver")
    assert (await house.access().state_of(request))[0] == "pendingApproval"
    done = await runner.run(catalogue.CANCEL_PACKAGE_REQUESTS, "leaver")
    again = await runner.run(catalogue.CANCEL_PACKAGE_REQUESTS, "leaver")

    assert would == ("completed", "Would cancel the pending requests for access packages.")
    assert done == ("completed", None)
    assert again == ("completed", "No request for the user was pending.")
    assert (await house.access().state_of(request))[0] == "canceled"
    assert await house.members(held.group) == {PERSON}


async def test_all_access_ends_at_once_or_after_some_days(house: House, runner: Runner) -> None:
    first, second = await house.make_offer(), await house.make_offer()
    await runner.run(catalogue.REMOVE_ALL_PACKAGES, "leaver")  # what other stories have given
    for offer in (first, second):
        await house.access().request_add(offer, PERSON)
    await house.settle()

    later = await runner.run(catalogue.REMOVE_ALL_PACKAGES, "leaver", daysUntilExpiration="30")
    sooner = await runner.run(catalogue.REMOVE_ALL_PACKAGES, "leaver", daysUntilExpiration="60")

    assert later == ("completed", None)
    assert sooner == ("completed", "Every assignment of the user ends by then.")
    assert await house.members(first.group) == {PERSON}
    filtered = f"$filter=accessPackage/id eq '{first.package}'"
    (shown,) = await house.admin.values(f"{V1.management}/assignments?{filtered}")
    end = house.clock.now() + timedelta(days=30)
    told = shown["schedule"]["expiration"]["endDateTime"]
    assert told == f"{end:%Y-%m-%dT%H:%M:%SZ}"

    assert await runner.run(catalogue.REMOVE_ALL_PACKAGES, "leaver") == ("completed", None)
    assert await house.members(first.group) == await house.members(second.group) == set()
    nothing = await runner.run(catalogue.REMOVE_ALL_PACKAGES, "leaver")
    assert nothing == ("completed", "The user has no assignments of access packages.")

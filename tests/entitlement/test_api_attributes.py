"""What resources ask about people: answered with requests, written with the access, cleared."""

from __future__ import annotations

from typing import Any

import pytest

from ostiary.directory import store
from ostiary.directory.model import User
from tests.entitlement.extending import LETS_EXTEND, approve
from tests.entitlement.house import BETA, GRAPH, SUBJECT, House, decision, user
from tests.support.callers import person

TITLE, NUMBER = "jobTitle", "extensionAttribute7"


def attribute(name: str, **changes: Any) -> dict[str, Any]:
    """Give an attribute as a body has it."""
    question = {
        "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
        "text": f"What is your {name}?",
        "isRequired": True,
        "regexPattern": "[A-Za-z0-9 ]+",
    }
    return {
        "name": name,
        "isEditable": True,
        "isPersistedOnAssignmentRemoval": True,
        "destination": {"@odata.type": f"{GRAPH}accessPackageUserDirectoryAttributeStore"},
        "source": {
            "@odata.type": f"{GRAPH}accessPackageResourceAttributeQuestion",
            "question": question,
        },
        **changes,
    }


async def offer(
    house: House, *wanted: dict[str, Any], **terms: Any
) -> tuple[str, str, dict[str, str]]:
    """Offer a group that asks; give package, policy, and the questions by attribute."""
    catalog, group = await house.catalog(), await house.group("sales")
    resource = {"originId": group, "originSystem": "AadGroup", "attributes": list(wanted)}
    await house.take_in(catalog, resource)
    package = await house.package(catalog, group)
    (kept,) = await house.values(f"catalogs/{catalog}/resources")
    asked = {one["name"]: one["source"]["question"]["id"] for one in kept["attributes"]}
    return package, await house.policy(package, **terms), asked


def answers(*given: tuple[str, str]) -> list[dict[str, Any]]:
    """Give answers as a body has them."""
    return [
        {
            "@odata.type": f"{GRAPH}accessPackageAnswerString",
            "answeredQuestion": {
                "@odata.type": f"{GRAPH}accessPackageTextInputQuestion",
                "id": question,
            },
            "value": value,
        }
        for question, value in given
    ]


async def shown(house: House, who: str) -> User:
    """Give somebody as the directory has them."""
    async with house.database.reading() as conn:
        return (await store.users(conn, [who]))[who]


async def update(house: House, who: str, assignment: str, **more: Any) -> str:
    """Have somebody ask for a change of what they have; give the id of the request."""
    body = {"requestType": "userUpdate", "assignment": {"id": assignment}, **more}
    made = await house.post("assignmentRequests", body, headers=person(who, SUBJECT))
    return str(made["id"])


async def end(house: House, request: str) -> None:
    """Take away what a request has given."""
    await house.remove((await house.assignment_of(request))["id"])
    await house.settle()


@pytest.mark.parametrize("value", ["", "!"])
async def test_whoever_asks_for_access_has_to_answer(cottage: House, value: str) -> None:
    alice = await cottage.person("alice")
    package, policy, asked = await offer(cottage, attribute(TITLE))
    given = answers((asked[TITLE], value)) if value else []
    body = {"accessPackageId": package, "assignmentPolicyId": policy}

    code, _, target = await cottage.refused(
        "POST",
        "assignmentRequests",
        {"requestType": "userAdd", "assignment": body, "answers": given},
        headers=person(alice, SUBJECT),
    )

    assert (code, target) == ("RequiredAnswerMissing", "answers")


async def test_an_answer_is_written_to_the_directory_with_the_access(house: House) -> None:
    alice = await house.person("alice")
    package, policy, asked = await offer(house, attribute(TITLE), attribute(NUMBER))
    given = answers((asked[TITLE], "Clerk"), (asked[NUMBER], "A12"))

    request = await house.ask(alice, package, policy, answers=given)
    assert (await shown(house, alice)).job_title is None
    await house.settle()

    known = await shown(house, alice)
    assert known.on_premises_extension_attributes is not None
    assert known.on_premises_extension_attributes.extension_attribute7 == "A12"
    assert known.job_title == "Clerk"
    await end(house, request)
    assert (await shown(house, alice)).job_title == "Clerk"


async def test_what_is_not_to_last_is_cleared_with_the_access(house: House) -> None:
    alice = await house.person("alice")
    brief = attribute(TITLE, isPersistedOnAssignmentRemoval=False)
    package, policy, asked = await offer(house, brief)
    given = answers((asked[TITLE], "Clerk"))
    request = await house.ask(alice, package, policy, answers=given)
    await house.settle()

    await end(house, request)

    assert (await shown(house, alice)).job_title is None


async def test_what_another_package_asks_for_too_stays(cottage: House) -> None:
    alice = await cottage.person("alice")
    brief = attribute(TITLE, isPersistedOnAssignmentRemoval=False)
    requests = []
    for _ in range(2):
        package, policy, asked = await offer(cottage, brief)
        given = answers((asked[TITLE], "Clerk"))
        requests.append(await cottage.ask(alice, package, policy, answers=given))
    await cottage.settle()

    await end(cottage, requests[0])
    assert (await shown(cottage, alice)).job_title == "Clerk"
    await end(cottage, requests[1])

    assert (await shown(cottage, alice)).job_title is None


async def test_a_value_that_may_not_be_edited_stays(cottage: House) -> None:
    alice, bob = await cottage.person("alice", job_title="Manager"), await cottage.person("bob")
    package, policy, asked = await offer(cottage, attribute(TITLE, isEditable=False))
    for who in (alice, bob):
        await cottage.ask(who, package, policy, answers=answers((asked[TITLE], "Clerk")))

    await cottage.settle()

    assert (await shown(cottage, alice)).job_title == "Manager"
    assert (await shown(cottage, bob)).job_title == "Clerk"


async def test_a_value_that_the_directory_will_not_take_keeps_nobody_from_access(
    cottage: House,
) -> None:
    alice = await cottage.person("alice")
    package, policy, asked = await offer(cottage, attribute("usageLocation"))
    given = answers((asked["usageLocation"], "Nowhere"))

    request = await cottage.ask(alice, package, policy, answers=given)
    await cottage.settle()

    assert (await cottage.standing(request))[0] == "delivered"
    assert (await shown(cottage, alice)).usage_location is None


async def test_an_edited_answer_is_written_when_the_change_has_been_agreed_to(
    house: House,
) -> None:
    alice, boss = await house.person("alice"), await house.person("boss")
    approval = {"isApprovalRequiredForUpdate": True, "stages": [decision(user(boss))]}
    brief = attribute(TITLE, isPersistedOnAssignmentRemoval=False)
    package, policy, asked = await offer(
        house,
        brief,
        attribute(NUMBER),
        requestorSettings=LETS_EXTEND,
        requestApprovalSettings=approval,
    )
    given = answers((asked[TITLE], "Clerk"), (asked[NUMBER], "A12"))
    first = await house.ask(alice, package, policy, answers=given)
    await house.settle()
    held = (await house.assignment_of(first))["id"]
    await house.change(alice, department="Law")

    second = await update(house, alice, held, answers=answers((asked[TITLE], "Head")))
    await house.settle()
    assert (await shown(house, alice)).job_title == "Clerk"
    await approve(house, second, boss)
    await house.settle()

    assert await house.standing(second) == ("delivered", "FulfilledNotificationTriggered")
    known = await shown(house, alice)
    assert (known.job_title, known.department) == ("Head", "Law")
    path = f"{BETA}/accessPackages/{package}/getApplicablePolicyRequirements"
    (asks,) = (await house.post(path, status=200, headers=person(alice, SUBJECT)))["value"]
    told = {one["answeredQuestion"]["id"]: one["value"] for one in asks["existingAnswers"]}
    assert told == {asked[TITLE]: "Head", asked[NUMBER]: "A12"}
    await house.remove(held)
    await house.settle()
    assert (await shown(house, alice)).job_title is None


async def test_what_was_not_edited_is_not_written_again(cottage: House) -> None:
    alice = await cottage.person("alice")
    package, policy, asked = await offer(
        cottage, attribute(TITLE), attribute(NUMBER), requestorSettings=LETS_EXTEND
    )
    given = answers((asked[TITLE], "Clerk"), (asked[NUMBER], "A12"))
    first = await cottage.ask(alice, package, policy, answers=given)
    await cottage.settle()
    held = (await cottage.assignment_of(first))["id"]
    await cottage.change(alice, job_title="Judge")

    await update(cottage, alice, held, answers=answers((asked[NUMBER], "B7")))
    await cottage.settle()

    known = await shown(cottage, alice)
    assert known.on_premises_extension_attributes is not None
    assert known.on_premises_extension_attributes.extension_attribute7 == "B7"
    assert known.job_title == "Judge"


async def test_only_administrators_edit_the_answer_to_what_is_not_editable(house: House) -> None:
    alice = await house.person("alice")
    fixed = attribute(TITLE, isEditable=False)
    package, policy, asked = await offer(house, fixed, requestorSettings=LETS_EXTEND)
    first = await house.ask(alice, package, policy, answers=answers((asked[TITLE], "Clerk")))
    await house.settle()
    held = (await house.assignment_of(first))["id"]
    edited = {"assignment": {"id": held}, "answers": answers((asked[TITLE], "Head"))}

    code, text, target = await house.refused(
        "POST",
        "assignmentRequests",
        {"requestType": "userUpdate", **edited},
        headers=person(alice, SUBJECT),
    )
    assert (code, target) == ("InvalidModel", "answers")
    assert "cannot be edited" in text
    await house.post("assignmentRequests", {"requestType": "adminUpdate", **edited})
    await house.settle()

    assert (await shown(house, alice)).job_title == "Head"


async def test_an_administrator_need_not_answer(cottage: House) -> None:
    alice = await cottage.person("alice")
    package, policy, _ = await offer(cottage, attribute(TITLE))

    request = await cottage.assign(alice, package, policy)
    await cottage.settle()

    assert (await cottage.standing(request))[0] == "delivered"

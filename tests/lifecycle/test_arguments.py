"""What an argument of a task may be: each form by itself, and the refusal by name and position."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ostiary.directory.model import EmployeeOrgData, User
from ostiary.lifecycle import catalogue
from ostiary.lifecycle.argument_forms import addresses, ids, locale, recipients, whole_number
from ostiary.lifecycle.attribute_updates import read_updates, updated
from tests.lifecycle.house import House, task, workflow

ONE = "1baa57fa-3c4e-4526-ba5a-db47a9df95f0"
TWO = "8cdf25a8-c9d2-423e-a03d-3f39f03c3e97"


@pytest.mark.parametrize("value", [ONE, f"{ONE},{TWO}", f" {ONE.upper()} , {TWO} ", f"{ONE},"])
def test_ids_stand_between_commas_in_any_case(value: str) -> None:
    assert ids(value) is None


@pytest.mark.parametrize("value", ["all", f"{ONE};{TWO}", ONE.replace("-", ""), ","])
def test_what_is_no_list_of_ids_is_none(value: str) -> None:
    assert ids(value) is not None


@pytest.mark.parametrize(
    ("value", "sound"),
    [("10", True), ("43200", True), ("9", False), ("43201", False), ("1e3", False), ("-10", False)],
)
def test_a_number_lies_within_its_bounds(value: str, sound: bool) -> None:
    assert (whole_number(10, 43_200)(value) is None) is sound


@pytest.mark.parametrize(
    "value", ["User", "manager", "Managers", "Sponsor", "sponsors", f"{ONE}, {TWO}"]
)
def test_mails_go_to_roles_or_to_people(value: str) -> None:
    assert recipients(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "User/otherMails",
        "User/onPremisesExtensionAttributes/extensionAttribute15",
        "User/customSecurityAttributes/set/name",
        "user/extension_9d98ed114c2f4b1b8f6d_private",
    ],
)
def test_a_pass_may_go_to_an_address_in_an_attribute(value: str) -> None:
    assert addresses(value) is None
    assert recipients(value) is not None


def test_languages_look_like_languages() -> None:
    assert locale("en-us") is None
    assert locale("English please") is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "must be JSON"),
        ("[]", "between 1 and 10"),
        (json.dumps([{"attribute": "department", "value": "x"}] * 2), "twice"),
        (json.dumps([{"attribute": "employeeLeaveDateTime", "value": "x"}]), "no workflow"),
        (json.dumps([{"attribute": "displayName", "value": ""}]), "would clear"),
        (json.dumps([{"attribute": "city", "value": "x", "else": 1}]), "must be JSON"),
        (
            json.dumps(
                [
                    {"attribute": f"onPremisesExtensionAttributes/extensionAttribute{n}"}
                    for n in range(1, 12)
                ]
            ),
            "between 1 and 10",
        ),
    ],
)
def test_updates_that_cannot_be_made_are_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_updates(text)


def test_updates_reach_into_nested_values_and_an_empty_value_clears() -> None:
    wanted = [
        {"attribute": "EmployeeOrgData/costCenter", "value": "100"},
        {"attribute": "employeeOrgData/division", "value": ""},
        {"attribute": "department", "value": "Sales"},
    ]
    user = User(employee_org_data=EmployeeOrgData(cost_center="1", division="x"))

    after = updated(user, read_updates(json.dumps(wanted)))

    assert after.department == "Sales"
    assert after.employee_org_data == EmployeeOrgData(cost_center="100", division=None)


BAD: list[tuple[str, dict[str, str], str, int]] = [
    (catalogue.ADD_TO_GROUPS, {"groupID": "all"}, "joiner", 0),
    (catalogue.ADD_TO_TEAMS, {"teamID": "all"}, "joiner", 0),
    (catalogue.GENERATE_TAP, {"tapIsUsableOnce": "true", "tapLifetimeMinutes": "9"}, "joiner", 1),
    (catalogue.ASSIGN_LICENSES, {"licenses": "E5"}, "joiner", 0),
    (catalogue.REMOVE_PACKAGE, {"accessPackageId": f"{ONE},{TWO}"}, "leaver", 0),
    (catalogue.REMOVE_ALL_PACKAGES, {"daysUntilExpiration": "soon"}, "leaver", 0),
    (catalogue.UPDATE_ATTRIBUTES, {"attributeUpdates": "[]"}, "mover", 0),
    (catalogue.SEND_WELCOME, {"cc": "bob@contoso.example"}, "joiner", 0),
    (catalogue.SEND_WELCOME, {"to": "Everybody"}, "joiner", 0),
    (catalogue.SEND_WELCOME, {"customSubject": "x", "locale": "??"}, "joiner", 1),
]


@pytest.mark.parametrize(("definition", "arguments", "category", "at"), BAD)
async def test_a_bad_argument_is_refused_by_name_and_position(
    cottage: House, definition: str, arguments: dict[str, Any], category: str, at: int
) -> None:
    body = workflow(task(definition, "Task", **arguments), category=category)

    error = (await cottage.post("workflows", body, status=400))["error"]

    assert (error["code"], error["target"]) == ("invalidTask", f"tasks/0/arguments/{at}/value")
    assert list(arguments)[at] in error["message"]


async def test_null_arguments_are_taken_as_none(cottage: House) -> None:
    body = workflow({**task(catalogue.ENABLE_ACCOUNT, "Enable"), "arguments": None})

    made = await cottage.post("workflows", body, status=201)

    assert made["tasks"][0]["arguments"] == []

"""The manual names every mail: when, to whom, by which template, and what that may name."""

from __future__ import annotations

import re
from typing import Final

from ostiary.entitlement.letters import SAMPLES
from ostiary.entitlement.notices import TABLE
from ostiary.lifecycle import catalogue
from ostiary.lifecycle.letters import LETTERS, PASS
from ostiary.lifecycle.letters import SAMPLES as OF_TASKS
from ostiary.mail.mails import MailState
from tests.docs.pages import REFERENCE, named, rows

PAGE: Final = REFERENCE / "mails.md"
USUAL: Final = {"package", "requestor", "target", "is_own"}
EVERYWHERE: Final = {"recipient", "organization", "portal_url"}


def told() -> list[list[str]]:
    """Give the rows of the table of mails."""
    return [list(row) for row in rows(PAGE) if len(row) == 4 and "`" in row[2]]


def code(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def test_every_mail_is_told_with_whom_it_goes_to_and_whether_it_can_be_switched_off() -> None:
    words = {
        "its approvers": "approvers",
        "its escalation approvers": "escalationApprovers",
        "the requestor": "requestor",
        "the target": "target",
    }
    documented = {(words[row[1]], *code(row[2]), "¹" in row[2]) for row in told()}

    assert documented == {(n.audience.value, n.template, n.is_of_assignment) for n in TABLE}


def test_every_name_of_a_template_is_documented() -> None:
    for row in told():
        (template,) = code(row[2])
        usual = {"package"} if template == "access-expires-soon" else USUAL
        assert code(row[3]) | usual == set(SAMPLES[template]), template


def test_every_mail_of_a_task_is_told_with_whom_it_goes_to() -> None:
    words = {
        "the user": "user",
        "the user's manager": "manager",
        "whoever sponsors somebody together with the user": "co-sponsors",
    }
    names = {definition.id: definition.display_name for definition in catalogue.DEFINITIONS}
    found = [row for row in rows(PAGE) if len(row) == 3 and row[1] in words]
    documented = {(row[0], words[row[1]], *code(row[2])) for row in found}

    assert documented == {
        (names[one.definition_id], one.audience.value, one.template) for one in (*LETTERS, PASS)
    }


def test_every_name_of_a_mail_of_a_task_is_documented() -> None:
    assert named(PAGE) >= {name for values in OF_TASKS.values() for name in values}


def test_states_and_names_of_every_template_are_explained() -> None:
    assert {state.value for state in MailState} <= named(PAGE)
    assert named(PAGE) >= EVERYWHERE

"""Texts that an administrator wrote: dynamic attributes, the few marks, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.directory.model import EmployeeOrgData, OnPremisesExtensionAttributes, User
from ostiary.directory.people import Person
from ostiary.mail import attributes, texts
from ostiary.mail.mails import Mail
from ostiary.mail.templates import Templates
from tests.support.clocks import MONDAY

HIRED = datetime(2026, 2, 2, 8, 0, tzinfo=UTC)
USER = User(
    id="megan",
    display_name="Megan <Bowen>",
    given_name="Megan",
    surname="Bowen",
    user_principal_name="megan@contoso.example",
    employee_hire_date=HIRED,
    created_date_time=MONDAY,
    department="Sales",
    employee_org_data=EmployeeOrgData(cost_center="4711"),
    on_premises_extension_attributes=OnPremisesExtensionAttributes(extension_attribute7="seven"),
)
MANAGER = Person(
    id="boss",
    display_name="Boss",
    user_principal_name="boss@contoso.example",
    mail="boss@contoso.example",
    created_date_time=MONDAY,
)


def make_mail(body: str | None = None, subject: str | None = None, **changes: Any) -> Mail:
    usual: dict[str, Any] = {
        "id": "mail",
        "template": "ready",
        "recipient_name": "Megan",
        "values": {"thing": "Parcel", "until": MONDAY},
        "attributes": attributes.of(USER, MANAGER),
        "custom_subject": subject,
        "custom_body": body,
        "created_at": MONDAY,
    }
    return Mail(**{**usual, **changes})


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{{userDisplayName}}", "Megan <Bowen>"),
        ("{{ userGivenName }} {{USERSURNAME}}", "Megan Bowen"),
        ("{{userPrincipalName}}", "megan@contoso.example"),
        ("{{userEmployeeHireDate}}", "February 2, 2026"),
        ("({{userEmployeeLeaveDateTime}})", "()"),
        ("{{managerDisplayName}}, {{managerEmail}}", "Boss, boss@contoso.example"),
        ("{{user.displayName}} {{user.givenName}}", "Megan <Bowen> Megan"),
        ("{{user.employeeHireDate}}", "February 2, 2026"),
        ("{{user.createdDateTime}}", "January 5, 2026"),
        ("{{user.department}}/{{user.companyName}}", "Sales/"),
        ("{{user.employeeOrgData/costCenter}}", "4711"),
        ("{{user.onPremisesExtensionAttributes/extensionAttribute7}}", "seven"),
        ("{{user.onPremisesExtensionAttributes/extensionAttribute8}}!", "!"),
        ("{{user.customSecurityAttributes/HR/Badge}}!", "!"),
        ("[UserDisplayName] [ManagerDisplayName]", "Megan <Bowen> Boss"),
        ("{{userShoeSize}} [UserGuide]", "{{userShoeSize}} [UserGuide]"),
    ],
)
def test_attributes_are_filled_in_whatever_their_notation(
    templates: Templates, typed: str, said: str
) -> None:
    rendered = templates.render(make_mail(typed, typed))

    assert rendered.subject == said
    assert rendered.text.startswith(f"{said}\n")


def test_dates_of_attributes_follow_the_language_of_the_mail(templates: Templates) -> None:
    said = templates.render(make_mail("Ab {{userEmployeeHireDate}}", language="de"))

    assert said.text.startswith("Ab 2. Februar 2026\n")
    assert said.subject == "Parcel ist fertig"


def test_names_that_are_no_attributes_are_found_so_that_somebody_can_be_told() -> None:
    text = "{{userShoeSize}} {{userDisplayName}} [UserGuide] {{userShoeSize}} {{user.hat}}"

    assert attributes.unknown(text, attributes.of(USER)) == ["{{userShoeSize}}", "{{user.hat}}"]


def test_a_custom_subject_leaves_the_text_of_the_template(templates: Templates) -> None:
    said = templates.render(make_mail(subject="Welcome\nBcc: x@y.example"))

    assert said.subject == "Welcome Bcc: x@y.example"
    assert "Parcel is ready" in said.text


def test_a_mail_that_hands_over_a_pass_has_it_whatever_was_written(templates: Templates) -> None:
    known = attributes.of(USER, temporaryAccessPass="p4ss+w")

    lacking = templates.render(make_mail("Hello!", attributes=known, is_confidential=True))
    named = templates.render(make_mail("Use {{temporaryAccessPass}}.", attributes=known))

    assert lacking.text.startswith("Hello!\n\np4ss+w\n")
    assert named.text.startswith("Use p4ss+w.\n")
    assert named.text.count("p4ss+w") == 1


@pytest.mark.parametrize(
    ("typed", "plain", "html"),
    [
        ("<b>Bold</b> & <I>it</I>", "Bold & it", "<p><b>Bold</b> &amp; <i>it</i></p>"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        (
            '<a href="https://contoso.example/?a=1&b=2">Start</a>',
            "Start (https://contoso.example/?a=1&b=2)",
            '<p><a href="https://contoso.example/?a=1&amp;b=2">Start</a></p>',
        ),
        (
            '<a href="javascript:alert(1)">x</a>',
            '<a href="javascript:alert(1)">x</a>',
            "<p>&lt;a href=&quot;javascript:alert(1)&quot;&gt;x&lt;/a&gt;</p>",
        ),
        ("<b onclick='x'>y</b>", "<b onclick='x'>y</b>", None),
        ("<script>alert(1)</script>", "<script>alert(1)</script>", None),
        ("<b><i>open", "open", "<p><b><i>open</i></b></p>"),
        ("<b><i>x</b>y</i>", "xy</i>", "<p><b><i>x</i></b>y&lt;/i&gt;</p>"),
        ("a < b > c", "a < b > c", "<p>a &lt; b &gt; c</p>"),
    ],
)
def test_a_few_marks_count_and_everything_else_is_shown_as_it_was_typed(
    typed: str, plain: str, html: str | None
) -> None:
    said, shown = texts.marked(typed)

    assert said == plain
    if html is not None:
        assert shown == html
    assert "<script" not in shown
    assert "onclick='" not in shown


@given(st.text(alphabet="<>/abiu =\"'href:jscriptonl&;\n-!", max_size=60))
@settings(max_examples=200)
def test_no_text_brings_a_mark_that_is_not_allowed(typed: str) -> None:
    _, shown = texts.marked(typed)

    import re

    for tag in re.findall(r"<[^>]*>", shown):
        assert re.fullmatch(r'</?[biu]>|<br>|</?p>|</a>|<a href="https?://[^"<>]*">', tag)
    assert shown.count("<b>") == shown.count("</b>")

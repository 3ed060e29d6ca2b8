"""How rules are written, and what is said about those that are not written right."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary.directory.rules import RuleError, Syntax, parse
from ostiary.directory.rules.attributes import ATTRIBUTES, Kind

FILTERS = (
    "(department eq 'Marketing')",
    "(department ne 'Marketing')",
    "(department in ('Marketing'))",
    "(accountEnabled eq true)",
    "(employeeOrgData/costCenter eq '100')",
    "(otherMails/any(p:startsWith(p, 'Av')))",
    "(department eq 'Marketing') and (accountEnabled in (true))",
    "(department eq 'Marketing') or (not (city eq 'Redmond'))",
    "department eq 'Marketing'",
    "otherMails/any(p:p eq 'x')",
    "assignedPlans/any(a:a/service eq 'exchange')",
    "(DEPARTMENT Eq 'Marketing') AND NOT(city eq 'Bonn')",
    "STARTSWITH( displayName , 'O''Neil' )",
    "onPremisesExtensionAttributes/extensionAttribute15 in ('a', 'b')",
)
MEMBERSHIPS = (
    'user.department -eq "Sales"',
    '(user.department -eq "Sales") -or (user.department -eq "Marketing")',
    '(user.department -eq "Sales") -and -not (user.jobTitle -startsWith "SDE")',
    "user.department \u2013eq \"Marketing\" \u2013and user.country \u2013eq 'US'",
    'user.department eq "Sales" and user.accountEnabled eq true',
    'user.department -in ["50001","50002",50003]',
    "user.mail -ne null",
    "user.mail -ne $null",
    'user.otherMails -endsWith"@contoso.com"',
    '(user.proxyAddresses -any (_ -startsWith "contoso"))',
    'user.proxyAddresses -any _ -startsWith "contoso"',
    'user.assignedPlans -any (assignedPlan.servicePlanId -eq "efb8" -and '
    'assignedPlan.capabilityStatus -eq "Enabled")',
    "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)",
    "user.memberOf -any (group.objectId -in ['value'])",
    "user.memberof -any (group.objectId -eq 'value')",
    'Direct Reports for "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb"',
    "user.objectId -ne null",
    "user.employeehiredate -ge system.now -plus p1d ",
    "user.employeehiredate -le 2020-06-10T18:13:20Z ",
    "(user.employeeHireDate -ge (system.now -minus P30D) -and user.mail -ne null)",
    "user.dirSyncEnabled -eq true",
    "user.employeeOrgData.costCenter -eq '100'",
    'user.extensionAttribute15 -eq "Marketing"',
)


@pytest.mark.parametrize("text", FILTERS)
def test_filters_are_read(text: str) -> None:
    assert parse(text).syntax is Syntax.FILTER


@pytest.mark.parametrize("text", MEMBERSHIPS)
def test_membership_rules_are_read(text: str) -> None:
    assert parse(text).syntax is Syntax.MEMBERSHIP


@pytest.mark.parametrize("syntax", Syntax)
def test_every_attribute_can_be_asked_for_in_any_case(syntax: Syntax) -> None:
    values = {Kind.TEXT: ("'x'", '"x"'), Kind.BOOLEAN: ("true", "true")}
    for attribute in ATTRIBUTES:
        if syntax in attribute.syntaxes and attribute.kind in values:
            name = attribute.name_in(syntax).upper()
            forms = (
                f"{name} eq {values[attribute.kind][0]}",
                f"user.{name} -eq {values[attribute.kind][1]}",
            )
            rule = parse(forms[syntax is Syntax.MEMBERSHIP], syntax=syntax)
            assert rule.attributes() == {attribute.path}


def test_and_binds_tighter_than_or_and_not_tighter_than_both() -> None:
    plain = parse("not city eq 'a' and city eq 'b' or city eq 'c'")
    assert plain.tree == parse("((not (city eq 'a')) and (city eq 'b')) or (city eq 'c')").tree


def test_both_syntaxes_say_the_same_thing() -> None:
    as_filter = parse("department eq 'Sales' and not (city in ('Bonn', 'Köln'))")
    as_membership = parse(
        'user.department -eq "Sales" -and -not (user.city -in [\'Bonn\', "Köln"])'
    )
    assert as_filter.tree == as_membership.tree


def test_quotes_are_escaped() -> None:
    assert parse("city eq 'L''Aquila'").tree == parse("user.city -eq \"L''Aquila\"").tree
    assert parse('user.city -eq "a`"b``"').tree == parse("city eq 'a\"b`'").tree


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a condition"),
        ("   ", 0, "a condition"),
        ("department", 10, "'eq', 'ne' or 'in'"),
        ("department eq", 13, "a value"),
        ("department equals 'x'", 11, "'eq', 'ne' or 'in'"),
        ("department gt 'x'", 11, "'eq', 'ne' or 'in'"),
        ("department eq 'x", 14, "must end with '"),
        ("department eq 'x' 'y'", 18, "the end of the rule"),
        ("department eq 'x' and", 21, "the name of an attribute"),
        ("(department eq 'x'", 18, "')'"),
        ("department eq true", 14, "a text in quotes"),
        ("accountEnabled eq 'yes'", 18, "true, false or null"),
        ("department in 'x'", 14, "a list of values in ( and )"),
        ("department in ()", 15, "a value"),
        ("departmnt eq 'x'", 0, "'department'"),
        ("manager eq 'x'", 0, "an attribute of people"),
        ("employeeHireDate eq '2026-01-01'", 0, "an attribute of people"),
        ("contains(department,'x')", 0, "'startsWith'"),
        ("startsWith(employeeId,'x')", 11, "'eq', 'ne' and 'in' only"),
        ("startsWith(department,null)", 22, "a text in quotes"),
        ("otherMails eq 'x'", 11, "'otherMails/any(…)'"),
        ("otherMails/all(p:p eq 'x')", 11, "'any'"),
        ("department/any(p:p eq 'x')", 0, "a list"),
        ("otherMails/any(p:q eq 'x')", 17, "'p'"),
        ("assignedPlans/any(a:a/sku eq 'x')", 20, "'a/service'"),
        ("customSecurityAttributes/Set/name eq 'x'", 0, "no custom security attribute"),
        ("department eq \u2603", 14, "a name, an operator or a value"),
        ("user.department eq 'x' and city eq 'y'", 27, "a property such as 'user.department'"),
        ('user.department -match "x"', 16, "-startsWith"),
        ('user.department -like "x"', 16, "an operator is expected"),
        ('user.department -notEq "x"', 16, "an operator is expected"),
        ('user.accountEnabled -contains "x"', 20, "'-eq', '-ne' or '-in'"),
        ('user.otherMails -eq "x"', 16, "an operator for lists"),
        ('user.otherMails -any (user.mail -eq "x")', 22, "'_'"),
        ('user.assignedPlans -any (_ -eq "x")', 25, "'assignedPlan.service'"),
        ('user.employeeHireDate -startsWith "x"', 22, "an operator for dates"),
        ('user.employeeHireDate -ge "soon"', 26, "a date such as"),
        ("user.employeeHireDate -ge null", 26, "a date or 'system.now'"),
        ("user.employeeHireDate -eq system.now", 26, "'system.now' goes with"),
        ("user.employeeHireDate -ge system.now -plus 3", 43, "a duration"),
        ("user.employeeHireDate -ge system.now -plus P999999D", 43, "a duration"),
        ('user.memberOf -eq "x"', 14, "'-any'"),
        ('Direct Reports for "x" -and user.mail -ne null', 23, "cannot be combined"),
        ('user.extension_c272a57b722d4eb29bfe327874ae79cb_x -eq "1"', 0, "no directory extension"),
        ('device.department -eq "x"', 0, "a property such as 'user.department'"),
    ],
)
def test_a_mistake_is_pointed_at(text: str, position: int, expected: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)

    assert expected in caught.value.expected
    assert caught.value.position == position
    assert f"at position {position}:" in str(caught.value)


def test_a_scope_is_no_membership_rule() -> None:
    with pytest.raises(RuleError, match=r"without 'user\.'"):
        parse("user.department eq 'x'", syntax=Syntax.FILTER)


def test_limits_are_named() -> None:
    with pytest.raises(RuleError, match="8192 characters"):
        parse(f"city eq '{'x' * 8_192}'")
    with pytest.raises(RuleError, match="24 levels"):
        parse("(" * 24 + "city eq 'x'" + ")" * 24)


def test_an_error_can_be_given_to_a_property() -> None:
    with pytest.raises(RuleError) as caught:
        parse("department equals 'x'")
    moved = caught.value.at("scope/rule")
    assert moved.target == "scope/rule"
    assert str(moved) == str(caught.value)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.text("uservname.-()[]'\"/:,_ eqinotad", max_size=60))
def test_nothing_but_a_rule_error_comes_of_any_text(text: str) -> None:
    with suppress(RuleError):
        parse(text)

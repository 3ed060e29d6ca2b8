"""What rules mean: SQL on both databases says the same as the judgement of each person."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes, seed, store
from ostiary.directory.model import DirectoryObject, EmployeeOrgData, User
from ostiary.directory.objects import Kind
from ostiary.directory.rules import RuleError, Syntax, matching, parse
from ostiary.storage.database import Database
from tests.directory.rules.texts import filters, memberships, people
from tests.support.clocks import MONDAY, FixedClock

CASES = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class _Undone(Exception):
    """What makes a transaction roll back."""


async def _agree(
    database: Database, text: str, crowd: Sequence[User], *, ignore_case: bool = False
) -> None:
    rule = parse(text, ignore_case=ignore_case)
    found: list[str] = []
    with suppress(_Undone):
        async with database.transaction() as conn:
            rows = [store.values_of(one) | {"created_date_time": MONDAY} for one in crowd]
            await store.insert_objects(conn, Kind.USER, rows)
            found = await matching(conn, rule, now=MONDAY)
            raise _Undone
    assert found == sorted(one.id for one in crowd if rule.holds(one, now=MONDAY))


@CASES
@given(rule=filters(), crowd=st.lists(people(), max_size=6), ignore_case=st.booleans())
async def test_a_filter_means_the_same_on_both_databases(
    database: Database, rule: str, crowd: list[User], ignore_case: bool
) -> None:
    assert parse(rule).syntax is Syntax.FILTER
    await _agree(database, rule, crowd, ignore_case=ignore_case)


@CASES
@given(rule=memberships(), crowd=st.lists(people(), max_size=6))
async def test_a_membership_rule_means_the_same_on_both_databases(
    database: Database, rule: str, crowd: list[User]
) -> None:
    assert parse(rule).syntax is Syntax.MEMBERSHIP
    await _agree(database, rule, crowd)


@pytest.mark.parametrize("rule", ["city eq 'ärö'", "city eq 'ÄrÖ'", "startsWith(city,'Är')"])
async def test_letters_beyond_english_keep_their_case_on_both_databases(
    database: Database, rule: str
) -> None:
    crowd = [User(id="e3e70682-c209-4cac-629f-6fbed82c07cd", city="ÄRÖ")]
    await _agree(database, rule, crowd, ignore_case=True)


def _holds(rule: str, **values: Any) -> bool:
    return parse(rule).holds(User(id="somebody", **values), now=MONDAY)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("department eq 'Sales'", False),
        ("department ne 'Sales'", True),
        ("department in ('Sales')", False),
        ("not (department in ('Sales'))", True),
        ("department eq null", True),
        ("department ne null", False),
        ("startsWith(department,'')", False),
        ("otherMails/any(p:p ne 'x')", False),
        ("employeeOrgData/costCenter eq null", True),
        ('user.department -notIn ["Sales"]', True),
        ('user.otherMails -all (_ -eq "x")', True),
        ("user.employeeHireDate -ge 2020-01-01", False),
        ("user.assignedPlans -all (assignedPlan.servicePlanId -eq null)", True),
    ],
)
def test_who_lacks_an_attribute_equals_none_of_its_values(rule: str, expected: bool) -> None:
    assert _holds(rule) is expected


def test_filters_look_at_case_and_membership_rules_do_not() -> None:
    assert not _holds("department eq 'sales'", department="Sales")
    assert parse("department eq 'sales'", ignore_case=True).holds(
        User(department="Sales"), now=MONDAY
    )
    assert _holds('user.department -eq "sales"', department="Sales")


def test_an_instant_belongs_to_both_sides_of_itself() -> None:
    for operator in ("-ge", "-le"):
        assert _holds(f"user.employeeHireDate {operator} system.now", employee_hire_date=MONDAY)


def test_now_is_when_the_rule_is_judged() -> None:
    soon = parse("user.employeeHireDate -le system.now -plus P7D")
    joiner = User(employee_hire_date=MONDAY + timedelta(days=8))

    assert not soon.holds(joiner, now=MONDAY)
    assert soon.holds(joiner, now=MONDAY + timedelta(days=1))
    assert soon.moves_with_time
    assert not parse("user.employeeHireDate -le 2026-01-01").moves_with_time


@pytest.mark.parametrize(
    ("rule", "names"),
    [
        ("employeeOrgData/costCenter eq '100'", {"employeeOrgData/costCenter"}),
        ("otherMails/any(p:startsWith(p, 'Av')) and city ne null", {"otherMails", "city"}),
        (
            'user.extensionAttribute15 -eq "x"',
            {"onPremisesExtensionAttributes/extensionAttribute15"},
        ),
        ("user.memberOf -any (group.objectId -in ['a'])", {"memberOf"}),
        ('Direct Reports for "a"', {"manager"}),
    ],
)
def test_a_rule_names_what_it_asks_for(rule: str, names: set[str]) -> None:
    assert parse(rule).attributes() == names


async def test_people_are_found_in_the_small_organisation(
    staffed: Database, clock: FixedClock
) -> None:
    async with staffed.transaction() as conn:
        gone = [seed.person_id("megan")]
        await changes.delete_objects(conn, Kind.USER, gone, now=clock.now(), actor=SYSTEM)
    found = {
        "department eq 'Sales'": {"nestor", "adele", "alex"},
        f'Direct Reports for "{seed.person_id("nestor").upper()}"': {"adele", "alex"},
        f"user.memberOf -any (group.objectId -in ['{seed.group_id('Partner portal')}'])": {
            "adele",
            "rosa",
        },
        'user.objectId -ne null -and user.userType -eq "guest"': {"rosa"},
        "user.employeeHireDate -ge system.now": {"alex"},
        'user.proxyAddresses -any (_ -startsWith "smtp:lee@")': {"lee"},
    }
    async with staffed.reading() as conn:
        for rule, aliases in found.items():
            ids = await matching(conn, parse(rule), now=clock.now())
            assert set(ids) == {seed.person_id(alias) for alias in aliases}, rule


async def test_people_are_found_in_pages_and_among_those_that_are_asked_about(
    staffed: Database, clock: FixedClock
) -> None:
    everybody = parse("user.objectId -ne null")
    async with staffed.reading() as conn:
        whole = await matching(conn, everybody, now=clock.now())
        first = await matching(conn, everybody, now=clock.now(), limit=5)
        rest = await matching(conn, everybody, now=clock.now(), after=first[-1])
        some = await matching(conn, everybody, now=clock.now(), ids=["nobody", whole[3]])
    assert [*first, *rest] == whole == sorted(whole)
    assert some == [whole[3]]


async def test_the_longest_and_deepest_rules_run(staffed: Database, clock: FixedClock) -> None:
    wide = "or ".join(["mail eq''"] * 682)
    deep = "(mail ne null and (mail eq 'x' or " * 11 + "mail ne 'y'" + "))" * 11
    listed = "mail in (" + ",".join(f"'{n}'" for n in range(1_100)) + ")"
    async with staffed.reading() as conn:
        for rule in (wide, listed):
            assert await matching(conn, parse(rule), now=clock.now()) == []
        assert len(await matching(conn, parse(deep), now=clock.now())) == len(seed.ALIASES)
        with pytest.raises(RuleError):
            parse(f"(({deep}))")


def test_a_manager_is_known_by_id() -> None:
    rule = parse('Direct Reports for "B055"')
    assert rule.holds(User(manager=DirectoryObject(id="b055")), now=MONDAY)
    assert not rule.holds(User(employee_org_data=EmployeeOrgData()), now=MONDAY)

"""Random rules in both syntaxes, and random people that they may be true of."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Final

from hypothesis import strategies as st

from ostiary.directory.model import (
    AssignedPlan,
    EmployeeOrgData,
    OnPremisesExtensionAttributes,
    User,
)
from ostiary.directory.rules.attributes import ATTRIBUTES, Attribute, Kind, Syntax
from tests.support.clocks import MONDAY

WORDS: Final = st.sampled_from(
    [
        "",
        "a",
        "A",
        "ab",
        "Ab",
        "aB",
        "b",
        "ä",
        "Ä",
        "ß",
        "a'b",
        'a"b',
        "%",
        "_",
        "a_",
        "a%",
        "\\",
        "⁂",
        " a",
    ]
)
_INSTANTS: Final = st.sampled_from(
    [
        MONDAY + timedelta(days=days, seconds=seconds)
        for days in (-2, -1, 0, 1)
        for seconds in (0, 1)
    ]
)
_PLAN: Final = st.builds(
    AssignedPlan,
    service=st.none() | WORDS,
    capability_status=st.none() | WORDS,
    service_plan_id=st.none() | WORDS,
)
_MAYBE: Final = st.none() | WORDS


def people() -> st.SearchStrategy[User]:
    """Give people with a few values in every attribute that a rule can ask for."""
    plain = {
        attribute.column: _MAYBE
        for attribute in ATTRIBUTES
        if attribute.kind is Kind.TEXT and attribute.column in User.__struct_fields__
    }
    return st.builds(
        User,
        **{
            **plain,
            "id": st.uuids().map(str),
            "user_principal_name": st.none(),
            "account_enabled": st.booleans(),
            "on_premises_sync_enabled": st.none() | st.booleans(),
            "assigned_plans": st.lists(_PLAN, max_size=2),
            "other_mails": st.lists(WORDS, max_size=2),
            "proxy_addresses": st.lists(WORDS, max_size=2),
            "business_phones": st.lists(WORDS, max_size=1),
            "employee_hire_date": st.none() | _INSTANTS,
            "employee_org_data": st.none()
            | st.builds(EmployeeOrgData, cost_center=_MAYBE, division=_MAYBE),
            "on_premises_extension_attributes": st.none()
            | st.builds(
                OnPremisesExtensionAttributes,
                extension_attribute1=_MAYBE,
                extension_attribute15=_MAYBE,
            ),
        },
    )


def _of(syntax: Syntax, *kinds: Kind) -> st.SearchStrategy[Attribute]:
    few = {"department", "city", "displayName", "id", "employeeOrgData/costCenter"}
    few |= {f"onPremisesExtensionAttributes/extensionAttribute{n}" for n in (1, 15)}
    known = [one for one in ATTRIBUTES if syntax in one.syntaxes and one.kind in kinds]
    return st.sampled_from([one for one in known if one.kind is not Kind.TEXT or one.path in few])


def _joined(leaves: st.SearchStrategy[str], hyphen: str = "") -> st.SearchStrategy[str]:
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            inner.map(lambda one: f"({one})"),
            inner.map(lambda one: f"{hyphen}not ({one})"),
            st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
                lambda three: f"{three[0]} {hyphen}{three[1]} {three[2]}"
            ),
        ),
        max_leaves=5,
    )


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    escaped = text.replace("`", "``").replace('"', '`"').replace("'", "''")
    return f'"{escaped}"'


def _filter_leaf(
    path: st.SearchStrategy[str], value: st.SearchStrategy[str]
) -> st.SearchStrategy[str]:
    many = st.lists(value, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        st.tuples(path, st.sampled_from(["eq", "ne", "EQ"]), value).map(" ".join),
        st.tuples(path, many).map(lambda two: f"{two[0]} in ({two[1]})"),
    )


def filters() -> st.SearchStrategy[str]:
    """Give rules as filters."""
    word = WORDS.map(_single)
    texts = _of(Syntax.FILTER, Kind.TEXT).map(lambda one: one.path)
    starting = (
        _of(Syntax.FILTER, Kind.TEXT).filter(lambda one: one.starts).map(lambda one: one.path)
    )
    switches = _of(Syntax.FILTER, Kind.BOOLEAN).map(lambda one: one.path)
    item = st.just("p")
    of_items = st.one_of(_filter_leaf(item, word), word.map(lambda text: f"startsWith(p, {text})"))
    member = st.sampled_from(["a/service", "a/capabilityStatus", "a/servicePlanId"])
    return _joined(
        st.one_of(
            _filter_leaf(texts, word | st.just("null")),
            _filter_leaf(switches, st.sampled_from(["true", "false", "null"])),
            st.tuples(starting, word).map(lambda two: f"startsWith({two[0]},{two[1]})"),
            st.tuples(_of(Syntax.FILTER, Kind.TEXTS), _joined(of_items)).map(
                lambda two: f"{two[0].path}/any(p:{two[1]})"
            ),
            _joined(_filter_leaf(member, word | st.just("null"))).map(
                lambda body: f"assignedPlans/any(a: {body})"
            ),
        )
    )


def _test(operand: st.SearchStrategy[str], hyphen: str = "-") -> st.SearchStrategy[str]:
    word = WORDS.map(_double)
    many = st.lists(word | WORDS.map(_single), min_size=1, max_size=3).map(", ".join)
    tests = ["eq", "ne", "startsWith", "notStartsWith", "endsWith", "notEndsWith", "contains"]
    tests.append("notContains")
    return st.one_of(
        st.tuples(operand, st.sampled_from(tests), word).map(
            lambda three: f"{three[0]} {hyphen}{three[1]} {three[2]}"
        ),
        st.tuples(operand, st.sampled_from(["eq", "ne"])).map(
            lambda two: f"{two[0]} {hyphen}{two[1]} null"
        ),
        st.tuples(operand, st.sampled_from(["in", "notIn"]), many).map(
            lambda three: f"{three[0]} {hyphen}{three[1]} [{three[2]}]"
        ),
    )


def _user(attribute: Attribute) -> str:
    return f"user.{attribute.name_in(Syntax.MEMBERSHIP)}"


def _dates() -> st.SearchStrategy[str]:
    written = st.one_of(
        _INSTANTS.map(lambda at: at.astimezone(UTC).isoformat().replace("+00:00", "Z")),
        st.sampled_from(["2026-01-05", "system.now", "system.now -plus p1d"]),
        st.just("(system.now -minus P2D)"),
    )
    return st.one_of(
        st.tuples(st.sampled_from(["-ge", "-le"]), written).map(
            lambda two: f"user.employeeHireDate {two[0]} {two[1]}"
        ),
        st.sampled_from(["-eq null", "-ne null", "-eq 2026-01-05T09:00:00Z"]).map(
            lambda rest: f"user.employeeHireDate {rest}"
        ),
    )


def memberships() -> st.SearchStrategy[str]:
    """Give rules of dynamic membership."""
    lists = _of(Syntax.MEMBERSHIP, Kind.TEXTS).map(_user)
    member = st.sampled_from(["service", "capabilityStatus", "servicePlanId"])
    plans = _joined(_test(member.map(lambda name: f"assignedPlan.{name}")), "-")
    some = st.sampled_from(["-any", "-all"])
    partly = st.sampled_from(["-startsWith", "-notEndsWith", "-contains"])
    return _joined(
        st.one_of(
            _test(_of(Syntax.MEMBERSHIP, Kind.TEXT).map(_user)),
            st.tuples(
                _of(Syntax.MEMBERSHIP, Kind.BOOLEAN).map(_user),
                st.sampled_from(["-eq true", "-ne true", "-eq false", "-eq null"]),
            ).map(" ".join),
            st.tuples(lists, some, _joined(_test(st.just("_")), "-")).map(
                lambda three: f"{three[0]} {three[1]} ({three[2]})"
            ),
            st.tuples(lists, partly, WORDS.map(_double)).map(" ".join),
            st.tuples(some, plans).map(lambda two: f"user.assignedPlans {two[0]} ({two[1]})"),
            _dates(),
        ),
        "-",
    )

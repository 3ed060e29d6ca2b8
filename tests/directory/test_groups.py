"""The kinds of groups, and the rules of their properties."""

from __future__ import annotations

import msgspec
import pytest

from ostiary.directory import groups
from ostiary.directory.errors import DirectoryError, InvalidValue, ValueRequired
from ostiary.directory.groups import Group
from ostiary.directory.model import Group as WireGroup
from ostiary.graph.errors import NotSupported
from tests.support.clocks import MONDAY

SALES = WireGroup(
    display_name="Sales", mail_enabled=False, mail_nickname="sales", security_enabled=True
)


def _admitted(**changes: object) -> WireGroup:
    draft = msgspec.structs.replace(SALES, **changes)
    return groups.admitted(draft, id="g1", now=MONDAY)


@pytest.mark.parametrize(
    "name", ["display_name", "mail_enabled", "mail_nickname", "security_enabled"]
)
def test_a_group_needs_what_the_published_api_asks_for(name: str) -> None:
    with pytest.raises(ValueRequired, match="of resource 'Group'"):
        _admitted(**{name: None})


def test_a_microsoft_365_group_is_mail_enabled_and_public() -> None:
    made = _admitted(group_types=["unified"], mail_enabled=True, security_enabled=False)

    assert made.group_types == ["Unified"]
    assert made.visibility == "Public"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mail_enabled": True}, DirectoryError),
        ({"group_types": ["Unified"]}, InvalidValue),
        ({"group_types": ["Secret"]}, InvalidValue),
        ({"security_enabled": False}, InvalidValue),
        ({"membership_rule": "user.department -eq 'Sales'"}, InvalidValue),
        ({"mail_nickname": "two words"}, InvalidValue),
        ({"mail_nickname": "vö"}, InvalidValue),
        ({"display_name": "x" * 257}, InvalidValue),
        ({"description": "x" * 1025}, InvalidValue),
        (
            {
                "group_types": ["Unified"],
                "mail_enabled": True,
                "security_enabled": False,
                "is_assignable_to_role": True,
            },
            InvalidValue,
        ),
    ],
)
def test_a_group_of_no_kind_that_exists_is_refused(
    changes: dict[str, object], error: type[DirectoryError]
) -> None:
    with pytest.raises(error) as refused:
        _admitted(**changes)

    assert refused.value.target


def test_a_dynamic_group_is_not_silently_an_empty_one() -> None:
    with pytest.raises(NotSupported, match="dynamic membership"):
        _admitted(group_types=["DynamicMembership"], membership_rule="user.department -eq 'S'")


@pytest.mark.parametrize("name", ["is_assignable_to_role", "mail_enabled"])
def test_what_is_fixed_at_creation_cannot_change(name: str) -> None:
    before = _admitted()

    with pytest.raises(DirectoryError, match="immutable"):
        groups.changed(before, msgspec.structs.replace(before, **{name: True}))


@pytest.mark.parametrize(
    ("group", "governed"),
    [
        (Group(id="g", display_name="cloud security"), True),
        (Group(id="g", display_name="m365", group_types=("Unified",), mail_enabled=True), True),
        (Group(id="g", display_name="mail-enabled security", mail_enabled=True), False),
        (Group(id="g", display_name="dynamic", group_types=("DynamicMembership",)), False),
        (Group(id="g", display_name="synchronised", on_premises_sync_enabled=True), False),
        (Group(id="g", display_name="role-assignable", is_assignable_to_role=True), False),
    ],
)
def test_only_cloud_groups_with_assigned_members_are_governed(group: Group, governed: bool) -> None:
    assert (group.refusal is None) is governed

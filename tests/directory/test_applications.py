"""The rules of applications: roles, secrets, who may hold what."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from ostiary.directory import applications
from ostiary.directory.applications import DEFAULT_ACCESS, Grant, Secret
from ostiary.directory.errors import DirectoryError, InvalidValue, ValueRequired
from ostiary.directory.model import Application, AppRole, PasswordCredential
from ostiary.directory.objects import Kind
from tests.support.clocks import MONDAY

READER = AppRole(
    id="5c1f4a2e-0000-4000-8000-000000000001",
    allowed_member_types=["user"],
    display_name="Reader",
    value="reader",
)
PORTAL = Application(id="a1", display_name="Portal", app_roles=[READER])


def _changed(**changes: Any) -> Application:
    return applications.changed(PORTAL, msgspec.structs.replace(PORTAL, **changes))


def _role(**changes: Any) -> AppRole:
    return msgspec.structs.replace(READER, **changes)


def test_a_role_is_stored_in_published_spelling() -> None:
    (role,) = _changed(app_roles=[_role(id="{5C1F4A2E-0000-4000-8000-000000000001}")]).app_roles

    assert role.id == READER.id
    assert role.allowed_member_types == ["User"]
    assert role.origin == "Application"


@pytest.mark.parametrize(
    "roles",
    [
        [_role(id="one")],
        [_role(display_name=None)],
        [_role(value="two words")],
        [_role(allowed_member_types=[])],
        [_role(allowed_member_types=["Robot"])],
        [READER, READER],
        [READER, _role(id="5c1f4a2e-0000-4000-8000-000000000002", value="READER")],
    ],
)
def test_roles_that_could_not_be_told_apart_or_given_are_refused(roles: list[AppRole]) -> None:
    with pytest.raises(DirectoryError) as refused:
        _changed(app_roles=roles)

    assert (refused.value.target or "").startswith("appRoles")


def test_a_role_must_be_disabled_before_it_goes() -> None:
    disabled = _changed(app_roles=[_role(is_enabled=False)])

    with pytest.raises(DirectoryError, match="disabled first"):
        _changed(app_roles=[])

    gone = msgspec.structs.replace(disabled, app_roles=[])
    assert applications.changed(disabled, gone).app_roles == []


def test_an_application_has_a_name() -> None:
    with pytest.raises(ValueRequired):
        _changed(display_name=None)


def _secret(**asked: Any) -> Secret:
    return applications.new_secret(
        PasswordCredential(**asked),
        key_id="k1",
        application_id="a1",
        text="s3cret-text",
        secret_hash="hash",
        now=MONDAY,
    )


def test_a_secret_is_valid_for_two_years_unless_its_maker_says_otherwise() -> None:
    assert _secret().end_date_time - MONDAY == timedelta(days=730)
    assert _secret(end_date_time=MONDAY + timedelta(1)).end_date_time == MONDAY + timedelta(1)


def test_only_the_first_three_characters_of_a_secret_are_kept() -> None:
    shown = applications.credential(_secret())

    assert shown.hint == "s3c"
    assert shown.secret_text is None


@pytest.mark.parametrize(
    "asked",
    [
        {"end_date_time": MONDAY},
        {"start_date_time": MONDAY + timedelta(2), "end_date_time": MONDAY + timedelta(1)},
    ],
)
def test_a_secret_that_would_never_be_valid_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue) as refused:
        _secret(**asked)

    assert refused.value.target == "endDateTime"


@pytest.mark.parametrize(
    ("kind", "role_id", "offered", "may"),
    [
        (Kind.USER, READER.id, [_role(allowed_member_types=["User"])], True),
        (Kind.GROUP, READER.id, [_role(allowed_member_types=["User"])], True),
        (Kind.SERVICE_PRINCIPAL, READER.id, [_role(allowed_member_types=["User"])], False),
        (Kind.SERVICE_PRINCIPAL, READER.id, [_role(allowed_member_types=["Application"])], True),
        (Kind.USER, READER.id, [_role(allowed_member_types=["User"], is_enabled=False)], False),
        (Kind.USER, READER.id, [], False),
        (Kind.USER, DEFAULT_ACCESS, [], True),
        (Kind.APPLICATION, DEFAULT_ACCESS, [], False),
    ],
)
def test_a_role_goes_to_the_kinds_of_principal_that_it_is_for(
    kind: Kind, role_id: str, offered: list[AppRole], may: bool
) -> None:
    grant = Grant("p1", "r1", role_id)

    if may:
        applications.check_grant(grant, kind=kind, offered=offered)
    else:
        with pytest.raises(InvalidValue):
            applications.check_grant(grant, kind=kind, offered=offered)

"""The rules of people's properties."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.directory import people
from ostiary.directory.errors import DirectoryError, InvalidValue, ValueRequired
from ostiary.directory.model import PasswordProfile, User
from tests.support.clocks import MONDAY

ADELE = User(display_name="Adele Vance", user_principal_name="adele@contoso.example")


def _admitted(draft: User) -> User:
    return people.admitted(draft, id="u1", now=MONDAY)


def test_a_new_user_gets_what_was_left_out() -> None:
    made = _admitted(ADELE)

    assert made.id == "u1"
    assert made.account_enabled is True
    assert made.created_date_time == MONDAY
    assert made.mail_nickname == "adele"
    assert made.user_type == "Member"


def test_a_new_user_may_be_disabled() -> None:
    assert _admitted(msgspec.structs.replace(ADELE, account_enabled=False)).account_enabled is False


def test_a_name_with_the_mark_of_guests_makes_a_guest() -> None:
    name = "rosa_fabrikam.example#EXT#@contoso.example"

    assert _admitted(msgspec.structs.replace(ADELE, user_principal_name=name)).user_type == "Guest"


def test_a_password_is_taken_and_dropped() -> None:
    draft = msgspec.structs.replace(ADELE, password_profile=PasswordProfile(password="pässword"))

    assert _admitted(draft).password_profile is None


@pytest.mark.parametrize("name", ["display_name", "user_principal_name"])
def test_a_user_without_a_name_is_refused_by_that_name(name: str) -> None:
    with pytest.raises(ValueRequired) as refused:
        _admitted(msgspec.structs.replace(ADELE, **{name: None}))

    assert refused.value.target in ("displayName", "userPrincipalName")
    assert f"'{refused.value.target}' of resource 'User'" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("user_principal_name", "adele"),
        ("user_principal_name", "@contoso.example"),
        ("user_principal_name", "a b@contoso.example"),
        ("user_principal_name", "a/b@contoso.example"),
        ("user_principal_name", "ädele@contoso.example"),
        ("user_principal_name", "adele@"),
        ("user_principal_name", "adele@contoso@example"),
        ("user_principal_name", "a" * 65 + "@contoso.example"),
        ("display_name", "x" * 257),
        ("department", "x" * 65),
        ("employee_id", "x" * 17),
        ("usage_location", "Germany"),
        ("user_type", "Robot"),
        ("mail", "nowhere"),
        ("other_mails", ["fine@contoso.example", "nowhere@"]),
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(InvalidValue) as refused:
        _admitted(msgspec.structs.replace(ADELE, **{name: value}))

    assert refused.value.target in {f.encode_name for f in msgspec.structs.fields(User)}


def test_codes_are_stored_in_their_published_case() -> None:
    given_ = msgspec.structs.replace(ADELE, usage_location="de", user_type="GUEST")

    made = _admitted(given_)

    assert (made.usage_location, made.user_type) == ("DE", "Guest")


@given(st.builds(User, **{name: st.none() | st.text() for name in people.LIMITS}))
def test_a_draft_is_admitted_or_refused_and_nothing_else(draft: User) -> None:
    named = msgspec.structs.replace(draft, user_principal_name="x@contoso.example")
    try:
        made = _admitted(named)
    except DirectoryError:
        return

    assert people.checked(made) == made

"""People: what governance knows of them, and the rules that their properties obey.

``Person`` is what the governors read. The wire type ``User`` is what the API writes: ``admitted``
makes a new one whole, ``checked`` stands between every change and the database. Both are pure.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ostiary.directory.errors import ForeignDomain, InvalidValue, ValueRequired
from ostiary.directory.model import User

MEMBER = "Member"
GUEST = "Guest"

LIMITS = {
    "display_name": 256,
    "given_name": 64,
    "surname": 64,
    "job_title": 128,
    "department": 64,
    "company_name": 64,
    "office_location": 128,
    "street_address": 1024,
    "postal_code": 40,
    "city": 128,
    "state": 128,
    "country": 128,
    "mail_nickname": 64,
    "mobile_phone": 64,
    "employee_id": 16,
    "mail": 254,
}
"""The greatest number of characters of a property, as published for users."""

NOT_KEPT = (
    "age_group",
    "consent_provided_for_minor",
    "on_premises_immutable_id",
    "show_in_address_list",
)
"""Published properties that clients read and nothing here has a use for: always null."""

_SPELLING = {field.name: field.encode_name for field in msgspec.structs.fields(User)}

# No slash, so that the name can stand in a path; printable ASCII, so that case means one thing.
_LOCAL = r"[^\s@\"(),:;<>\[\]\\/]{1,64}"
_PRINCIPAL_NAME = re.compile(_LOCAL + r"@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,46}[A-Za-z0-9])?", re.ASCII)
_GUEST_MARK = "#EXT#"
_COUNTRY = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the governors see them."""

    id: str
    display_name: str | None
    user_principal_name: str
    user_type: str = MEMBER
    account_enabled: bool = True
    mail: str | None = None
    other_mails: tuple[str, ...] = ()
    given_name: str | None = None
    surname: str | None = None
    department: str | None = None
    job_title: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    employee_hire_date: datetime | None = None
    employee_leave_date_time: datetime | None = None
    cost_center: str | None = None
    division: str | None = None
    usage_location: str | None = None
    preferred_language: str | None = None
    manager_id: str | None = None
    license_sku_ids: frozenset[str] = frozenset()
    on_premises_sync_enabled: bool = False
    sign_in_sessions_valid_from_date_time: datetime | None = None
    created_date_time: datetime

    @property
    def is_guest(self) -> bool:
        """Whether the person belongs to somebody else's organisation."""
        return self.user_type == GUEST


def admitted(draft: User, *, id: str, now: datetime) -> User:
    """Make a new user whole: id, creation, and the defaults of what was left out.

    :raises ValueRequired: a name is missing.
    :raises InvalidValue: as ``checked``.
    """
    principal_name = draft.user_principal_name or ""
    whole = msgspec.structs.replace(
        draft,
        id=id,
        account_enabled=draft.account_enabled is not False,
        created_date_time=now,
        mail_nickname=draft.mail_nickname or principal_name.partition("@")[0][:64],
        password_profile=None,
        sign_in_sessions_valid_from_date_time=now,
        user_type=draft.user_type or (GUEST if _GUEST_MARK in principal_name.upper() else MEMBER),
    )
    return checked(whole)


def checked(user: User) -> User:
    """Give the user in the form that is stored.

    :raises ValueRequired: a property that may not be cleared is empty.
    :raises InvalidValue: a property has a value outside its published range.
    """
    for name in ("display_name", "user_principal_name", "account_enabled"):
        if getattr(user, name) in (None, ""):
            raise ValueRequired(_SPELLING[name], "User")
    for name, limit in LIMITS.items():
        if len(getattr(user, name) or "") > limit:
            raise _invalid(name, f"it may have at most {limit} characters")
    for name in NOT_KEPT:
        if getattr(user, name) is not None:
            raise _invalid(name, "it is not kept here: leave it out, or send null")
    if not _is_principal_name(user.user_principal_name or ""):
        raise _invalid("user_principal_name", "it must look like 'alias@domain', in plain ASCII")
    _check_addresses(user)
    return msgspec.structs.replace(
        user,
        password_profile=None,
        proxy_addresses=_proxy_addresses(user),
        usage_location=_usage_location(user.usage_location),
        user_type=_user_type(user.user_type),
    )


def check_domain(user: User, own: Collection[str]) -> None:
    """Check that the name of a user is in a domain of the organisation; case does not count.

    :raises ForeignDomain: it is not.
    """
    domain = (user.user_principal_name or "").rpartition("@")[2]
    if domain.lower() not in {name.lower() for name in own}:
        raise ForeignDomain(domain, own)


def _is_principal_name(text: str) -> bool:
    # A guest's name holds the whole foreign address before its mark: longer, but the same form.
    ordinary = re.sub(_GUEST_MARK, "", text, flags=re.IGNORECASE)
    return text.isascii() and text.isprintable() and bool(_PRINCIPAL_NAME.fullmatch(ordinary))


def _check_addresses(user: User) -> None:
    if user.mail is not None and not 0 < user.mail.find("@") < len(user.mail) - 1:
        raise _invalid("mail", "it must be a mail address or null")
    for address in user.other_mails:
        if not 0 < address.find("@") < len(address) - 1 or len(address) > 250:
            raise _invalid("other_mails", "each must be a mail address of at most 250 characters")


def _proxy_addresses(user: User) -> list[str]:
    """Give the addresses with the mail address first; a former one stays as a further one."""
    primary = f"SMTP:{user.mail}" if user.mail else None
    former = [
        f"smtp:{address[5:]}" if address.startswith("SMTP:") else address
        for address in user.proxy_addresses
        if address.lower() != (primary or "").lower()
    ]
    return [primary, *former] if primary else former


def _usage_location(code: str | None) -> str | None:
    if code and not _COUNTRY.fullmatch(code):
        raise _invalid("usage_location", "it must be a country code of two letters, such as 'DE'")
    return code.upper() if code else None


def _user_type(text: str | None) -> str:
    kinds = {kind.lower(): kind for kind in (MEMBER, GUEST)}
    if (text or MEMBER).lower() not in kinds:
        raise _invalid("user_type", "it must be 'Member' or 'Guest'")
    return kinds[(text or MEMBER).lower()]


def _invalid(name: str, right: str) -> InvalidValue:
    return InvalidValue(_SPELLING[name], "User", right)

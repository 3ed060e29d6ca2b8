"""The forms that arguments of tasks have: each says what is wrong with a value, or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final
from uuid import UUID

from ostiary.lifecycle.attribute_updates import read_updates

Form = Callable[[str], str | None]
"""Takes a value that is not empty; gives what is wrong, to be read after the argument's name."""

_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_ROLES: Final = frozenset({"user", "manager", "managers", "sponsor", "sponsors"})
_OF_THE_USER: Final = re.compile(
    r"user/(othermails|customsecurityattributes/[^/]+/[^/]+|extension_[0-9a-f]+_\w+"
    r"|onpremisesextensionattributes/extensionattribute([1-9]|1[0-5]))",
    re.IGNORECASE,
)


def one_id(value: str) -> str | None:
    """A GUID."""
    return None if _is_guid(value) else "must be the id of one object, a GUID"


def ids(value: str) -> str | None:
    """GUIDs with commas between them."""
    listed = split(value)
    if listed and all(map(_is_guid, listed)):
        return None
    return "must be a list of ids (GUIDs) with commas between them"


def whole_number(least: int, most: int | None = None) -> Form:
    """A whole number within bounds."""

    def check(value: str) -> str | None:
        text = value.strip()
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
        if number is not None and least <= number and (most is None or number <= most):
            return None
        bounds = f"of at least {least}" if most is None else f"between {least} and {most}"
        return f"must be a whole number {bounds}"

    return check


def locale(value: str) -> str | None:
    """A language, with or without a region."""
    return None if _LOCALE.fullmatch(value.strip()) else "must be a language such as 'en-us'"


def recipients(value: str) -> str | None:
    """Whom a mail goes to: a role around the user, or users by their ids."""
    if value.strip().lower() in _ROLES or ids(value) is None:
        return None
    return "must be 'User', 'Manager', 'Sponsors' or ids of users with commas between them"


def addresses(value: str) -> str | None:
    """As ``recipients``, or an attribute of the user that holds an address."""
    if recipients(value) is None or _OF_THE_USER.fullmatch(value.strip()):
        return None
    return f"{recipients(value)}, or an attribute such as 'User/otherMails'"


def updates(value: str) -> str | None:
    """New values of attributes, as JSON."""
    try:
        read_updates(value)
    except ValueError as error:
        return str(error)
    return None


def split(value: str) -> list[str]:
    """Give the items of a list with commas; empty ones are left out."""
    return [item.strip() for item in value.split(",") if item.strip()]


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text.strip())) == text.strip().lower()
    except ValueError:
        return False

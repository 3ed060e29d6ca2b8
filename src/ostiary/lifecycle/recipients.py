"""Recipients: whom the mail of a task goes to, as its arguments have it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ostiary.directory.model import User
from ostiary.lifecycle.argument_forms import split
from ostiary.lifecycle.letters import Audience

TO: Final = "to"
COPIES: Final = "cc"

_ROLES: Final = {
    "user": Audience.USER,
    "manager": Audience.MANAGER,
    "managers": Audience.MANAGER,
    "sponsor": Audience.SPONSORS,
    "sponsors": Audience.SPONSORS,
}
_COPIED: Final = frozenset({Audience.USER, Audience.ADDRESS, Audience.MANAGER})
"""Whoever of these is written to, others can have a copy."""

OTHER_MAILS: Final = "othermails"
_NUMBERED: Final = "onpremisesextensionattributes/extensionattribute"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """Whom a mail goes to."""

    audience: Audience
    ids: tuple[str, ...] = ()
    """The people who are chosen."""
    attribute: str | None = None
    """The attribute of the user that holds the address, in lower case."""
    copies: tuple[str, ...] = ()
    """People who get a copy."""
    are_copies_left_out: bool = False
    """Whether copies were asked for that this audience does not have."""


def read_recipients(arguments: Mapping[str, str], usual: Audience) -> Recipients:
    """Read the arguments ``to`` and ``cc``, which were checked when the task was stored."""
    audience, ids, attribute = _read_to(arguments.get(TO, "").strip(), usual)
    copies = tuple(id.lower() for id in split(arguments.get(COPIES, "")))
    has_copies = audience in _COPIED
    return Recipients(
        audience=audience,
        ids=ids,
        attribute=attribute,
        copies=copies if has_copies else (),
        are_copies_left_out=bool(copies) and not has_copies,
    )


def addresses_in(user: User, attribute: str) -> list[str] | None:
    """Give the addresses that an attribute holds; None: this directory does not keep it."""
    if attribute == OTHER_MAILS:
        return list(user.other_mails)
    number = attribute.removeprefix(_NUMBERED)
    if number == attribute:
        return None
    kept = user.on_premises_extension_attributes
    value: str | None = getattr(kept, f"extension_attribute{number}", None)
    return [value.strip()] if value and "@" in value else []


def _read_to(text: str, usual: Audience) -> tuple[Audience, tuple[str, ...], str | None]:
    if not text:
        return usual, (), None
    role = _ROLES.get(text.lower())
    if role is not None:
        return role, (), None
    if "/" in text:
        return Audience.ADDRESS, (), text.partition("/")[2].lower()
    return Audience.CHOSEN, tuple(id.lower() for id in split(text)), None

"""What origin systems call themselves and their roles.

For a group: ``Member_{groupId}`` and ``Owner_{groupId}``. For an application: the id of an app
role. Every other origin names its own.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

GROUP_SYSTEM: Final = "AadGroup"
APPLICATION_SYSTEM: Final = "AadApplication"
SITE_SYSTEM: Final = "SharePointOnline"
CUSTOM_DATA_SYSTEM: Final = "CustomDataProvidedResource"

DIRECTORY_SYSTEMS: Final = frozenset({GROUP_SYSTEM, APPLICATION_SYSTEM})
"""The systems whose resources are objects of our own directory."""


class GroupRole(StrEnum):
    """What somebody can be to a group; the prefix of the role's origin id."""

    MEMBER = "Member"
    OWNER = "Owner"


def origin_id(role: GroupRole, group_id: str) -> str:
    """Give the origin id of a group's role."""
    return f"{role}_{group_id}"


def read_role(origin: str) -> GroupRole | None:
    """Read the origin id of a group's role; None when it is none."""
    name, _, group_id = origin.partition("_")
    return GroupRole(name) if name in set(GroupRole) and group_id else None


def spelled(system: str, origin: str) -> str:
    """Give an origin id as it is kept: ids of our own directory are in lower case."""
    return origin.lower() if system in DIRECTORY_SYSTEMS else origin


def system_named(text: str) -> str:
    """Give an origin system as it is published, in whatever case it was written."""
    known = (GROUP_SYSTEM, APPLICATION_SYSTEM, SITE_SYSTEM, CUSTOM_DATA_SYSTEM)
    return next((name for name in known if name.lower() == text.lower()), text)

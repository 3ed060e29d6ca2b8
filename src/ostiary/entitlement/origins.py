"""What a resource's own system calls its roles.

For a group: ``Member_{groupId}`` and ``Owner_{groupId}``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GROUP_SYSTEM: Final = "AadGroup"


class GroupRole(StrEnum):
    """What somebody can be to a group; the prefix of the role's origin id."""

    MEMBER = "Member"
    OWNER = "Owner"


@dataclass(frozen=True, slots=True)
class Right:
    """One right at a group."""

    role: GroupRole
    group_id: str


def origin_id(right: Right) -> str:
    """Give the origin id of a group's role."""
    return f"{right.role}_{right.group_id}"


def read_right(origin_system: str, origin: str) -> Right | None:
    """Read the origin of a role; None when it is no role of a group."""
    name, _, group_id = origin.partition("_")
    if origin_system != GROUP_SYSTEM or name not in set(GroupRole) or not group_id:
        return None
    return Right(GroupRole(name), group_id)

"""Groups: their kinds, which of them may be governed, and the rules of their properties.

``Group`` is what the governors read; ``admitted`` and ``checked`` guard what the API writes. Groups
whose members are computed from a rule are refused: nothing here evaluates such a rule, and a group
that silently stays empty would be worse than none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import msgspec

from ostiary.directory import model
from ostiary.directory.errors import DirectoryError, InvalidValue, ValueRequired
from ostiary.graph.errors import NotSupported

UNIFIED = "Unified"
DYNAMIC = "DynamicMembership"
GROUP_TYPES = {kind.lower(): kind for kind in (UNIFIED, DYNAMIC)}

NOT_KEPT = (
    "allow_external_senders",
    "auto_subscribe_new_members",
    "hide_from_address_lists",
    "hide_from_outlook_clients",
)
"""Published properties of mailboxes, which clients read; there are none here: always null."""

_NICKNAME = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group as the governors see it."""

    id: str
    display_name: str | None
    description: str | None = None
    mail: str | None = None
    group_types: tuple[str, ...] = ()
    mail_enabled: bool = False
    security_enabled: bool = True
    is_assignable_to_role: bool = False
    on_premises_sync_enabled: bool = False

    @property
    def is_unified(self) -> bool:
        """Whether it is a Microsoft 365 group."""
        return UNIFIED in self.group_types

    @property
    def is_dynamic(self) -> bool:
        """Whether a rule decides who its members are."""
        return DYNAMIC in self.group_types

    @property
    def refusal(self) -> str | None:
        """Why workflows and packages may not change its members; None when they may.

        Microsoft 365 groups and cloud security groups are supported; mail-enabled security,
        distribution, dynamic, synchronised and role-assignable groups are not.
        """
        if self.on_premises_sync_enabled:
            return "its members are managed on premises"
        if self.is_dynamic:
            return "its members are decided by a rule"
        if self.is_assignable_to_role:
            return "it can be assigned to directory roles"
        if self.mail_enabled and not self.is_unified:
            return "it is a mail-enabled security group or a distribution list"
        return None


def admitted(draft: model.Group, *, id: str, now: datetime) -> model.Group:
    """Make a new group whole.

    :raises ValueRequired: a property that a group needs is missing.
    :raises InvalidValue: as ``checked``.
    """
    for name in ("display_name", "mail_enabled", "mail_nickname", "security_enabled"):
        if getattr(draft, name) in (None, ""):
            raise ValueRequired(_spelled(name), "Group")
    unified = UNIFIED.lower() in {kind.lower() for kind in draft.group_types}
    return checked(
        msgspec.structs.replace(
            draft,
            id=id,
            created_date_time=now,
            visibility=draft.visibility or ("Public" if unified else None),
        )
    )


def changed(before: model.Group, after: model.Group) -> model.Group:
    """Check a change of a group.

    :raises DirectoryError: a property that is fixed at creation would change.
    :raises InvalidValue: as ``checked``.
    """
    for name in ("is_assignable_to_role", "mail_enabled"):
        if bool(getattr(before, name)) != bool(getattr(after, name)):
            raise DirectoryError(
                f"Property '{_spelled(name)}' is immutable: it is set when the group is created.",
                target=_spelled(name),
            )
    return checked(after)


def checked(group: model.Group) -> model.Group:
    """Give the group in the form that is stored.

    :raises InvalidValue: a property has a value outside its published range.
    :raises DirectoryError: the properties do not make one of the kinds of group that exist.
    :raises NotSupported: its members would be computed.
    """
    if not group.display_name:
        raise ValueRequired("displayName", "Group")
    if len(group.display_name) > 256:
        raise InvalidValue("displayName", "Group", "it may have at most 256 characters")
    if len(group.description or "") > 1024:
        raise InvalidValue("description", "Group", "it may have at most 1024 characters")
    if not _NICKNAME.fullmatch(group.mail_nickname or ""):
        raise InvalidValue(
            "mailNickname", "Group", "it must be 1 to 64 ASCII characters without blanks or @"
        )
    for name in NOT_KEPT:
        if getattr(group, name) is not None:
            raise InvalidValue(
                _spelled(name), "Group", "it is not kept here: leave it out, or send null"
            )
    whole = msgspec.structs.replace(group, group_types=_group_types(group.group_types))
    _check_kind(whole)
    return whole


def _group_types(given: list[str]) -> list[str]:
    if unknown := [kind for kind in given if kind.lower() not in GROUP_TYPES]:
        raise InvalidValue(
            "groupTypes", "Group", f"'{unknown[0]}' is neither 'Unified' nor 'DynamicMembership'"
        )
    return sorted({GROUP_TYPES[kind.lower()] for kind in given})


def _check_kind(group: model.Group) -> None:
    unified = UNIFIED in group.group_types
    if DYNAMIC in group.group_types:
        raise NotSupported(
            "Groups with dynamic membership are not supported: create the group without "
            "'DynamicMembership' and assign its members.",
            target="groupTypes",
        )
    if group.membership_rule:
        raise InvalidValue("membershipRule", "Group", "only dynamic groups have one")
    if group.mail_enabled and not unified:
        raise DirectoryError(
            "Cannot Create a mail-enabled security groups and or distribution list.",
            target="mailEnabled",
        )
    if unified and not group.mail_enabled:
        raise InvalidValue("mailEnabled", "Group", "a group of type 'Unified' is mail-enabled")
    if not unified and not group.security_enabled:
        raise InvalidValue(
            "securityEnabled", "Group", "a group that is not of type 'Unified' is security-enabled"
        )
    if group.is_assignable_to_role and not group.security_enabled:
        raise InvalidValue(
            "isAssignableToRole", "Group", "only a security-enabled group can be assigned to roles"
        )


def _spelled(name: str) -> str:
    fields = msgspec.structs.fields(model.Group)
    return next(field.encode_name for field in fields if field.name == name)

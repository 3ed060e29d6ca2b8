"""``checkMemberGroups`` and ``getMemberGroups`` of whatever can be a member."""

from __future__ import annotations

from ostiary.directory.errors import DirectoryError
from ostiary.directory.objects import Kind
from ostiary.directory.service import Directory
from ostiary.graph.resources import Authorize, Call, Handler, Operation
from ostiary.graph.types import Complex

MOST_GROUPS = 20


class CheckedGroups(Complex, kw_only=True):
    """Parameters of ``checkMemberGroups``."""

    group_ids: list[str]


class WantedGroups(Complex, kw_only=True):
    """Parameters of ``getMemberGroups``."""

    security_enabled_only: bool | None = None


def membership_questions(
    parent: str, kind: Kind | None, directory: Directory, needs: Authorize
) -> tuple[Operation, Operation]:
    """Declare both for the set ``parent``, whose objects are of one kind (None: of any).

    The published schema binds them to directory objects, from which the other types inherit.
    """
    memberships = directory.memberships

    async def check(call: Call) -> list[str]:
        """POST …/checkMemberGroups"""
        asked = call.parameters(CheckedGroups).group_ids
        if len(asked) > MOST_GROUPS:
            raise DirectoryError(
                f"At most {MOST_GROUPS} groups may be checked at a time.", target="groupIds"
            )
        return await memberships.those_of(kind, call.key(parent), asked)

    async def get(call: Call) -> list[str]:
        """POST …/getMemberGroups"""
        only = bool(call.parameters(WantedGroups).security_enabled_only)
        return await memberships.groups_of(kind, call.key(parent), security_enabled_only=only)

    def action(name: str, handle: Handler, parameters: type[Complex]) -> Operation:
        return Operation(
            name=name,
            kind="action",
            needs=needs,
            handle=handle,
            parameters=parameters,
            returns=str,
            many=True,
            in_schema=kind is None,
        )

    return (
        action("checkMemberGroups", check, CheckedGroups),
        action("getMemberGroups", get, WantedGroups),
    )

"""What the directory knows that decides who is asked about requests, for a batch of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.entitlement.approvals import Surroundings
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.subjects import GroupMembers, SingleUser, SubjectSet
from ostiary.entitlement.states import Request

MANAGER_LEVELS: Final = 4
"""How far up a policy can look for a manager."""


async def around(
    conn: AsyncConnection, asking: Sequence[tuple[Request, AccessPackageApprovalStage]]
) -> dict[str, Surroundings]:
    """Give what decides who is asked at a stage of each request, by the request's id."""
    named = [one for _, setting in asking for one in named_at(setting)]
    user_ids = {one.user_id for one in named if isinstance(one, SingleUser) and one.user_id}
    group_ids = {one.group_id for one in named if isinstance(one, GroupMembers) and one.group_id}
    people = {p for request, _ in asking for p in (request.target_id, request.requestor_id)}
    managers = await _managers(conn, people)
    users = await directory.people(conn, user_ids)
    groups = await directory.groups(conn, group_ids)
    members = await directory.group_members(conn, groups.keys())
    return {
        request.id: Surroundings(
            target_id=request.target_id,
            requestor_id=request.requestor_id,
            managers=managers,
            users=users.keys(),
            members=members,
        )
        for request, _ in asking
    }


def named_at(setting: AccessPackageApprovalStage) -> Iterable[SubjectSet]:
    """Give everybody whom a stage names, in whatever capacity."""
    yield from setting.primary_approvers
    yield from setting.fallback_primary_approvers
    yield from setting.escalation_approvers
    yield from setting.fallback_escalation_approvers


async def _managers(conn: AsyncConnection, people: Iterable[str]) -> dict[str, str]:
    """Give the managers of people and of their managers: one query for each level."""
    found: dict[str, str] = {}
    level = set(people)
    for _ in range(MANAGER_LEVELS):
        known = await directory.people(conn, level) if level else {}
        found |= {one.id: one.manager_id for one in known.values() if one.manager_id}
        level = {one.manager_id for one in known.values() if one.manager_id} - found.keys()
    return found

"""Whether those whom policies and answers name exist.

What a policy named before its change may stay in it, so that somebody who has left does not keep
their colleagues from editing it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.objects import Kind
from ostiary.entitlement import policies
from ostiary.entitlement.model.catalogs import AccessPackageAssignmentPolicy
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.subjects import (
    ConnectedOrganizationMembers,
    GroupMembers,
    SingleServicePrincipal,
    SingleUser,
    SubjectSet,
)
from ostiary.entitlement.store import organizations
from ostiary.graph.errors import InvalidModel

_ORGANIZATION: Final = "connectedOrganization"

Named = tuple[SubjectSet, str]
"""A set of people, and the path at which it stands."""


async def check_policy(
    conn: AsyncConnection,
    policy: AccessPackageAssignmentPolicy,
    *,
    known: AccessPackageAssignmentPolicy | None,
) -> None:
    """Check that a policy names only those who exist, or whom ``known``, its past, names as well.

    :raises InvalidModel: it does not.
    """
    before = {_key(one) for one, _ in policies.named_in(known)} if known else set()
    new = [(one, path) for one, path in policies.named_in(policy) if _key(one) not in before]
    await _check(conn, new)


async def check_stage(conn: AsyncConnection, stage: AccessPackageApprovalStage, path: str) -> None:
    """Check that an approval stage at ``path`` names only those who exist.

    :raises InvalidModel: it does not.
    """
    await _check(conn, policies.approvers_of(stage, path))


async def _check(conn: AsyncConnection, named: Iterable[Named]) -> None:
    wanted = [(what, key, path) for one, path in named for what, key in _keys(one)]
    objects = {key for what, key, _ in wanted if what != _ORGANIZATION}
    elsewhere = {key for what, key, _ in wanted if what == _ORGANIZATION}
    found = await directory.references(conn, objects) if objects else {}
    there = {(known.kind.value, key) for key, known in found.items()}
    if elsewhere:
        there |= {(_ORGANIZATION, key) for key in await organizations.existing(conn, elsewhere)}
    for what, key, path in wanted:
        if (what, key) not in there:
            raise InvalidModel(f"'{path}' names '{key}', and there is no such {what}.", target=path)


def _keys(one: SubjectSet) -> Iterator[tuple[str, str]]:
    match one:
        case ConnectedOrganizationMembers() if one.connected_organization_id:
            yield _ORGANIZATION, one.connected_organization_id
        case SingleUser() if one.user_id:
            yield Kind.USER.value, one.user_id
        case GroupMembers() if one.group_id:
            yield Kind.GROUP.value, one.group_id
        case SingleServicePrincipal() if one.service_principal_id:
            yield Kind.SERVICE_PRINCIPAL.value, one.service_principal_id


def _key(one: SubjectSet) -> tuple[tuple[str, str], ...]:
    return tuple(_keys(one))

"""What is known that decides who is asked about requests, for a batch of them.

What no stage of the batch asks for is not read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.directory.objects import Kind
from ostiary.entitlement.approvers import Surroundings
from ostiary.entitlement.model.policies import AccessPackageApprovalStage
from ostiary.entitlement.model.subjects import (
    ExternalSponsors,
    GroupMembers,
    InternalSponsors,
    SingleUser,
    SubjectSet,
    TargetApplicationOwners,
    TargetUserSponsors,
)
from ostiary.entitlement.organizations import domain_of
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import managers as manager_store
from ostiary.entitlement.store import organizations
from ostiary.entitlement.store.organizations import Side

Sets = dict[str, set[str]]


async def around(
    conn: AsyncConnection, asking: Sequence[tuple[Request, AccessPackageApprovalStage]]
) -> dict[str, Surroundings]:
    """Give what decides who is asked at a stage of each request, by the request's id."""
    requests = [request for request, _ in asking]
    named = [one for _, setting in asking for one in named_at(setting)]
    users = {one.user_id for one in named if isinstance(one, SingleUser) and one.user_id}
    groups = {one.group_id for one in named if isinstance(one, GroupMembers) and one.group_id}
    people = {p for request in requests for p in (request.target_id, request.requestor_id)}
    targets = {request.target_id for request in requests}
    managers = await manager_store.managers(conn, people)
    sponsors = await _sponsors(conn, targets, named)
    internal = await _answering(conn, requests, named, "internal")
    external = await _answering(conn, requests, named, "external")
    owners = await _owners(conn, targets, named)
    sponsoring = {one for found in (sponsors, internal, external) for one in _all(found)}
    known = await directory.groups(conn, groups | sponsoring)
    members = await directory.group_members(conn, known.keys())
    there = await directory.people(conn, users | (sponsoring - known.keys()) | _all(owners))
    live = there.keys() | known.keys()
    return {
        request.id: Surroundings(
            target_id=request.target_id,
            requestor_id=request.requestor_id,
            managers=managers,
            users=there.keys(),
            members=members,
            sponsors=frozenset(sponsors.get(request.target_id, ())) & live,
            internal_sponsors=frozenset(internal.get(request.id, ())) & live,
            external_sponsors=frozenset(external.get(request.id, ())) & live,
            owners=frozenset(owners.get(request.target_id, ())) & live,
        )
        for request in requests
    }


def named_at(setting: AccessPackageApprovalStage) -> Iterable[SubjectSet]:
    """Give everybody whom a stage names, in whatever capacity."""
    yield from setting.primary_approvers
    yield from setting.fallback_primary_approvers
    yield from setting.escalation_approvers
    yield from setting.fallback_escalation_approvers


def _all(found: Sets) -> set[str]:
    return {one for several in found.values() for one in several}


def _any(named: Iterable[SubjectSet], *types: type[SubjectSet]) -> bool:
    return any(isinstance(one, types) for one in named)


async def _sponsors(
    conn: AsyncConnection, targets: Collection[str], named: Sequence[SubjectSet]
) -> Sets:
    if not _any(named, TargetUserSponsors):
        return {}
    return await directory.sponsors(conn, targets)


async def _answering(
    conn: AsyncConnection, requests: Sequence[Request], named: Sequence[SubjectSet], side: Side
) -> Sets:
    """Give who answers for the organisation of whoever asks, or else of whom it is asked for."""
    if not _any(named, InternalSponsors if side == "internal" else ExternalSponsors):
        return {}
    people = {p for request in requests for p in (request.target_id, request.requestor_id)}
    known = await directory.references(conn, people)
    of = await organizations.affiliations(conn, {k: domain_of(one) for k, one in known.items()})
    found = await organizations.sponsors(conn, side, {one.organization_id for one in of.values()})
    return {
        request.id: found[one.organization_id]
        for request in requests
        if (one := of.get(request.requestor_id) or of.get(request.target_id))
    }


async def _owners(
    conn: AsyncConnection, targets: Collection[str], named: Sequence[SubjectSet]
) -> Sets:
    """Give who owns the applications behind the service principals that are to get access."""
    if not _any(named, TargetApplicationOwners):
        return {}
    known = await directory.references(conn, targets)
    app_ids = {
        key: one.app_id
        for key, one in known.items()
        if one.kind is Kind.SERVICE_PRINCIPAL and one.app_id
    }
    applications = await directory.applications_by_app_id(conn, set(app_ids.values()))
    owners = await directory.owners(conn, {one.id for one in applications.values()})
    return {
        key: owners[applications[app_id].id]
        for key, app_id in app_ids.items()
        if app_id in applications
    }

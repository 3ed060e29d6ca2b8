"""What happens: requests, assignments, approvals, and the subjects that they are about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.entitlement import names
from ostiary.entitlement.approvals import Chair, StageStatus
from ostiary.entitlement.controls import shows_approver
from ostiary.entitlement.model.approvals import Approval, ApprovalStage
from ostiary.entitlement.model.catalogs import AccessPackageResourceRequest
from ostiary.entitlement.model.enums import ApproverInformationVisibility
from ostiary.entitlement.model.requests import (
    AccessPackageAssignment,
    AccessPackageAssignmentRequest,
)
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.organizations import is_from_elsewhere
from ostiary.entitlement.roles import seen_catalogs
from ostiary.entitlement.sources import resources, rights
from ostiary.entitlement.sources.configured import CATALOGS, PACKAGE_CARDS, POLICIES
from ostiary.entitlement.sources.declaring import columns_of, many, one
from ostiary.entitlement.sources.limits import (
    asked,
    in_seen_catalogs,
    in_seen_catalogs_or,
    requests_asking,
)
from ostiary.entitlement.sources.organizations import ORGANIZATIONS
from ostiary.entitlement.store import approvals as approval_store
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import requests as request_store
from ostiary.entitlement.store import resources as resource_store
from ostiary.entitlement.store import settings as settings_store
from ostiary.entitlement.store import subjects as subject_store
from ostiary.entitlement.store.policies import POLICIES as POLICY_ROWS
from ostiary.entitlement.tables import (
    access_packages,
    approval_seats,
    approval_stages,
    assignment_requests,
    assignment_roles,
    assignments,
    catalog_resources,
    catalogs,
    connected_organizations,
    resource_requests,
    resource_rights,
    subjects,
)
from ostiary.extensions import store as callout_store
from ostiary.extensions.callouts import instance
from ostiary.graph.resources import Call, Link, Source
from ostiary.identity.matrix import EM_READ
from ostiary.identity.permissions import allows
from ostiary.identity.principals import principal
from ostiary.storage.batches import among

_requests = assignment_requests.c
_assignments = assignments.c


def own_requests(person: str) -> ColumnElement[bool]:
    """Test for the requests that somebody made, or that are about them."""
    return or_(_requests.target_id == person, _requests.requestor_id == person)


async def _show_callouts(
    conn: AsyncConnection, _: Call, found: Sequence[AccessPackageAssignmentRequest]
) -> None:
    """Show the callouts of each request (``customExtensionCalloutInstances``)."""
    held = await callout_store.of_owners(conn, names.REQUEST, [request.id for request in found])
    for request in found:
        calls = held.get(request.id, [])
        request.custom_extension_callout_instances = [instance(call) for call in calls]


async def _show_names(
    conn: AsyncConnection, _: Call, found: Sequence[AccessPackageSubject]
) -> None:
    """Show subjects by the names that they have in the directory now."""
    known = await directory.references(conn, [s.object_id for s in found if s.object_id])
    for subject in found:
        reference = known.get(subject.object_id or "")
        if reference is not None:
            for name, value in subject_store.named(reference).items():
                setattr(subject, name, value)


async def _show_whose(conn: AsyncConnection, call: Call, found: Sequence[ApprovalStage]) -> None:
    """Say which stages the caller can decide now (``assignedToMe``)."""
    person = principal(call).object_id
    seat = approval_seats.c
    query = (
        select(seat.stage_id)
        .join(approval_stages, approval_stages.c.id == seat.stage_id)
        .join(assignment_requests, _requests.id == seat.request_id)
        .where(
            seat.stage_id.in_([stage.id for stage in found]),
            asked(person),
            or_(seat.chair != Chair.ESCALATION.value, approval_stages.c.is_escalated),
            ~own_requests(person),
        )
    )
    mine = set((await conn.execute(query)).scalars())
    for stage in found:
        stage.assigned_to_me = stage.id in mine and stage.status == StageStatus.IN_PROGRESS
    await _hide_reviewers(conn, call, found)


async def _hide_reviewers(
    conn: AsyncConnection, call: Call, found: Sequence[ApprovalStage]
) -> None:
    """Hide who has decided from whoever asked, where the stage or the settings want it so."""
    these = among(approval_stages.c.id, [stage.id for stage in found])
    hidden = await hidden_stages(conn, call, these)
    for stage in found:
        if stage.id in hidden:
            stage.reviewed_by = None


async def hidden_stages(
    conn: AsyncConnection, call: Call, these: ColumnElement[bool]
) -> frozenset[str]:
    """Give those of some stages whose approvers the caller, who asked, is not to see.

    ``these`` is a test of the stages, or of the requests that they belong to.
    """
    caller = principal(call)
    if allows(EM_READ, caller):
        return frozenset()
    columns = approval_stages.c
    query = (
        select(columns.id, columns.visibility)
        .join(assignment_requests, _requests.id == columns.request_id)
        .where(these, own_requests(caller.object_id))
    )
    own = {key: ApproverInformationVisibility(v) for key, v in await conn.execute(query)}
    if not own:
        return frozenset()
    known = (await directory.references(conn, [caller.object_id])).get(caller.object_id)
    is_member = known is not None and not is_from_elsewhere(known)
    settings = await settings_store.end_user(conn)
    return frozenset(
        key for key, seen in own.items() if not shows_approver(seen, settings, is_member=is_member)
    )


SUBJECTS: Final[Source] = Source(
    type=AccessPackageSubject,
    table=subjects,
    key=subjects.c.id,
    columns=columns_of(
        subjects,
        "id",
        "object_id",
        "display_name",
        "email",
        "principal_name",
        "subject_type",
        "subject_lifecycle",
        "connected_organization_id",
        cleanup_scheduled_date_time="cleanup_at",
    ),
    load=subject_store.load,
    search=(subjects.c.display_name, subjects.c.email),
    enrich=_show_names,
    links={
        "connected_organization": one(
            lambda: ORGANIZATIONS,
            subjects.c.connected_organization_id,
            connected_organizations.c.id,
        )
    },
    alternate_keys={"objectId": subjects.c.object_id},
)


def _in_seen_catalogs(call: Call) -> ColumnElement[bool] | None:
    """Show a caller with roles in catalogs those who ask for something in them, or have it."""
    seen = seen_catalogs(call)
    if seen is None:
        return None
    here = _requests.catalog_id.in_(seen)
    return or_(
        subjects.c.id.in_(select(_requests.target_id).where(here)),
        subjects.c.id.in_(select(_requests.requestor_id).where(here)),
    )


SEEN_SUBJECTS: Final[Source] = replace(SUBJECTS, visible=_in_seen_catalogs)
"""Subjects as a set of their own shows them."""

ASKED_ASSIGNMENTS: Final[Source] = Source(
    type=AccessPackageAssignment,
    table=assignments,
    key=_assignments.id,
    columns=columns_of(
        assignments,
        "id",
        "state",
        "status",
        "catalog_id",
        "target_id",
        access_package_id="package_id",
        assignment_policy_id="policy_id",
        expired_date_time="expired_at",
    )
    | {
        "schedule/start_date_time": _assignments.starts_at,
        "schedule/expiration/end_date_time": _assignments.ends_at,
    },
    load=assignment_store.load,
    links={
        "access_package": one(lambda: PACKAGE_CARDS, _assignments.package_id, access_packages.c.id),
        "assignment_policy": one(lambda: POLICIES, _assignments.policy_id, POLICY_ROWS.c.id),
        "target": one(lambda: SUBJECTS, _assignments.target_id, subjects.c.id),
        "access_package_assignment_requests": many(
            lambda: REQUESTS, _assignments.id, _requests.assignment_id
        ),
        "access_package_assignment_resource_roles": Link(
            target=lambda: rights.RIGHTS,
            local=_assignments.id,
            remote=resource_rights.c.id,
            many=True,
            via=(assignment_roles.c.assignment_id, assignment_roles.c.right_id),
        ),
    },
)
"""Assignments as requests show them, those included that are only asked for."""


async def _show_reminders(
    conn: AsyncConnection, _: Call, found: Sequence[AccessPackageAssignment]
) -> None:
    """Show the callouts before each assignment ends (``customExtensionCalloutInstances``)."""
    held = await callout_store.of_owners(conn, names.ASSIGNMENT, [it.id for it in found])
    for assignment in found:
        calls = held.get(assignment.id, [])
        assignment.custom_extension_callout_instances = [instance(call) for call in calls]


ASSIGNMENTS: Final[Source] = replace(
    ASKED_ASSIGNMENTS,
    where=_assignments.given_at.is_not(None),
    visible=in_seen_catalogs(_assignments.catalog_id),
    enrich=_show_reminders,
)

REQUESTS: Final[Source] = Source(
    type=AccessPackageAssignmentRequest,
    table=assignment_requests,
    key=_requests.id,
    columns=columns_of(
        assignment_requests,
        "id",
        "request_type",
        "state",
        "status",
        "justification",
        created_date_time="created_at",
        completed_date_time="completed_at",
    ),
    load=request_store.load,
    visible=in_seen_catalogs_or(_requests.catalog_id, own_requests),
    enrich=_show_callouts,
    order=_requests.created_at.desc(),
    links={
        "access_package": one(lambda: PACKAGE_CARDS, _requests.package_id, access_packages.c.id),
        "assignment": one(lambda: ASKED_ASSIGNMENTS, _requests.assignment_id, _assignments.id),
        "requestor": one(lambda: SUBJECTS, _requests.requestor_id, subjects.c.id),
    },
)

APPROVALS: Final[Source] = Source(
    type=Approval,
    table=assignment_requests,
    key=_requests.id,
    columns=columns_of(assignment_requests, "id"),
    load=lambda row: Approval(id=row["id"]),
    where=exists().where(approval_stages.c.request_id == _requests.id),
    visible=in_seen_catalogs_or(
        _requests.catalog_id,
        lambda person: _requests.id.in_(requests_asking(person)) & ~own_requests(person),
    ),
    links={
        "stages": many(
            lambda: STAGES,
            _requests.id,
            approval_stages.c.request_id,
            order=approval_stages.c.position,
        )
    },
)
"""Approvals of requests that somebody has been asked about, under the ids of the requests."""

STAGES: Final[Source] = Source(
    type=ApprovalStage,
    table=approval_stages,
    key=approval_stages.c.id,
    columns=columns_of(
        approval_stages,
        "id",
        "status",
        "justification",
        review_result="result",
        reviewed_date_time="reviewed_at",
    ),
    load=approval_store.load,
    order=approval_stages.c.position,
    enrich=_show_whose,
)

RESOURCE_REQUESTS: Final[Source] = Source(
    type=AccessPackageResourceRequest,
    table=resource_requests,
    key=resource_requests.c.id,
    columns=columns_of(
        resource_requests,
        "id",
        "request_type",
        "state",
        "catalog_id",
        "justification",
        created_date_time="created_at",
        expiration_date_time="expires_at",
    ),
    load=resource_store.load_request,
    visible=in_seen_catalogs(resource_requests.c.catalog_id),
    links={
        "catalog": one(lambda: CATALOGS, resource_requests.c.catalog_id, catalogs.c.id),
        "resource": one(
            lambda: resources.RESOURCES, resource_requests.c.resource_id, catalog_resources.c.id
        ),
        "requestor": one(lambda: SUBJECTS, resource_requests.c.requestor_id, subjects.c.id),
    },
)

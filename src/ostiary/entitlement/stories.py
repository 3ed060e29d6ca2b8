"""Reading all that extensions are told of requests, for a batch of them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import store as directory
from ostiary.entitlement.organizations import domain_of
from ostiary.entitlement.payloads import Story
from ostiary.entitlement.store import assignments as assignment_store
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import organizations as organization_store
from ostiary.entitlement.store import policies as policy_store
from ostiary.entitlement.store import requests as request_store


async def read(conn: AsyncConnection, request_ids: Collection[str]) -> dict[str, Story]:
    """Read all that is told of requests, in a constant number of queries."""
    found = await request_store.read_requests(conn, request_ids)
    every = found.values()
    packages = await catalog_store.packages(conn, {request.package_id for request in every})
    catalogs = await catalog_store.catalogs_by_id(conn, {request.catalog_id for request in every})
    terms = await policy_store.terms(conn, {request.terms_id for request in every})
    held = await assignment_store.read(conn, {request.assignment_id for request in every})
    people = {person for r in every for person in (r.target_id, r.requestor_id)}
    known = await directory.references(conn, people)
    said = await request_store.said(conn, found.keys())
    targets = [known[request.target_id] for request in every if request.target_id in known]
    homes = await organization_store.homes(conn, {one.id: domain_of(one) for one in targets})
    return {
        request.id: Story(
            request=request,
            package=packages.get(request.package_id),
            catalog=catalogs.get(request.catalog_id),
            policy=terms[request.terms_id],
            assignment=held.get(request.assignment_id),
            target=known.get(request.target_id),
            requestor=known.get(request.requestor_id),
            organization=homes.get(request.target_id),
            answers=said[request.id].answers,
        )
        for request in every
    }

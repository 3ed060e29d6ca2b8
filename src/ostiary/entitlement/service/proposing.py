"""Proposing organisations whose people turn up under a policy for everybody from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM, Target
from ostiary.audit.store import record
from ostiary.entitlement import records
from ostiary.entitlement.model.enums import AllowedTargetScope
from ostiary.entitlement.model.organizations import (
    ConnectedOrganization,
    ConnectedOrganizationState,
    DomainIdentitySource,
)
from ostiary.entitlement.organizations import domain_key
from ostiary.entitlement.service.facts import Facts
from ostiary.entitlement.states import Request
from ostiary.entitlement.store import organizations as store
from ostiary.storage.ids import new_id

_CREATE: Final = "Create connected organization"


async def propose(conn: AsyncConnection, made: Sequence[Request], facts: Facts) -> None:
    """Make an organisation of each domain that nobody has connected, in the state ``proposed``.

    Of two transactions that meet the same domain at once one makes it.
    """
    domains = {domain: r.created_at for r in made if (domain := _unknown(r, facts))}
    new = {domain: _proposed(domain, domains[domain]) for domain in sorted(domains)}
    if not new:
        return
    await store.insert_organizations(conn, new.values())
    keys = {domain_key(domain): one.id for domain, one in new.items()}
    taken = await store.take_keys(conn, keys)
    await store.delete_unknowable(conn, [keys[key] for key in taken])
    events = [
        records.event(
            _CREATE,
            "Add",
            SYSTEM,
            Target(id=one.id, type="ConnectedOrganization", display_name=one.display_name),
        )
        for domain, one in new.items()
        if domain_key(domain) not in taken
    ]
    await record(conn, events, now=max(domains.values()))


def _unknown(request: Request, facts: Facts) -> str | None:
    """Give the domain of a target from elsewhere whose organisation nobody knows."""
    stored = facts.policies.get(request.policy_id)
    if stored is None or request.target_id in facts.affiliations:
        return None
    if stored.policy.allowed_target_scope is not AllowedTargetScope.ALL_EXTERNAL_USERS:
        return None
    return facts.domains.get(request.target_id)


def _proposed(domain: str, now: datetime) -> ConnectedOrganization:
    name = SYSTEM.display_name
    return ConnectedOrganization(
        id=new_id(),
        display_name=domain,
        state=ConnectedOrganizationState.PROPOSED,
        identity_sources=[DomainIdentitySource(domain_name=domain, display_name=domain)],
        created_date_time=now,
        created_by=name,
        modified_date_time=now,
        modified_by=name,
    )

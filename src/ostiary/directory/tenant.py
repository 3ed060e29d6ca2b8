"""The one tenant: its id, its name and its domains, as the settings give them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import RowMapping, literal, select, union_all

from ostiary.directory.model import Domain, Organization, VerifiedDomain
from ostiary.graph.resources import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """The organisation that the server serves; its first domain is the default."""

    id: str
    display_name: str
    domains: tuple[str, ...]


def organization(tenant: Tenant) -> Source:
    """Make the source of the one organisation."""
    row = select(
        literal(tenant.id).label("id"), literal(tenant.display_name).label("display_name")
    ).subquery("organization")

    def load(found: RowMapping) -> Organization:
        return Organization(
            id=found["id"],
            display_name=found["display_name"],
            tenant_type="AAD",
            verified_domains=[
                VerifiedDomain(is_default=first, is_initial=first, name=name, type="Managed")
                for name, first in _domains(tenant)
            ],
        )

    columns = {"id": row.c.id, "display_name": row.c.display_name}
    return Source(type=Organization, table=row, key=row.c.id, columns=columns, load=load)


def domains(tenant: Tenant) -> Source:
    """Make the source of the tenant's domains."""
    rows = union_all(
        *(
            select(literal(name).label("id"), literal(first).label("is_default"))
            for name, first in _domains(tenant)
        )
    ).subquery("domains")

    def load(found: RowMapping) -> Domain:
        first = bool(found["is_default"])
        return Domain(id=found["id"], is_default=first, is_initial=first)

    columns = {"id": rows.c.id, "is_default": rows.c.is_default}
    return Source(type=Domain, table=rows, key=rows.c.id, columns=columns, load=load)


def _domains(tenant: Tenant) -> list[tuple[str, bool]]:
    return [(name, number == 0) for number, name in enumerate(tenant.domains)]

"""Connected organisations and their sponsors."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Table

from ostiary.directory.sources import DIRECTORY_OBJECTS
from ostiary.directory.tables import directory_objects
from ostiary.entitlement.model.organizations import ConnectedOrganization
from ostiary.entitlement.sources.declaring import columns_of
from ostiary.entitlement.store import organizations as store
from ostiary.entitlement.tables import (
    connected_organizations,
    external_sponsors,
    internal_sponsors,
)
from ostiary.graph.resources import Link, Source


def _sponsors(table: Table) -> Link:
    return Link(
        target=lambda: DIRECTORY_OBJECTS,
        local=connected_organizations.c.id,
        remote=directory_objects.c.id,
        many=True,
        via=(table.c.organization_id, table.c.sponsor_id),
    )


ORGANIZATIONS: Final[Source] = Source(
    type=ConnectedOrganization,
    table=connected_organizations,
    key=connected_organizations.c.id,
    columns=columns_of(
        connected_organizations,
        "id",
        "display_name",
        "description",
        "state",
        created_date_time="created_at",
        modified_date_time="modified_at",
    ),
    load=store.load,
    lists={"identity_sources": connected_organizations.c.identity_sources},
    search=(connected_organizations.c.display_name, connected_organizations.c.description),
    links={
        "internal_sponsors": _sponsors(internal_sponsors),
        "external_sponsors": _sponsors(external_sponsors),
    },
)

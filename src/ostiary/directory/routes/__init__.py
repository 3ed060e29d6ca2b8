"""The directory's part of the API: declarations only, and handlers of a few lines."""

from __future__ import annotations

from ostiary.directory import tenant as tenants
from ostiary.directory.routes.applications import applications, service_principals
from ostiary.directory.routes.groups import groups
from ostiary.directory.routes.objects import directory_objects, directory_root
from ostiary.directory.routes.people import me, users
from ostiary.directory.service import Directory
from ostiary.directory.tenant import Tenant
from ostiary.graph.resources import EntitySet, Node
from ostiary.identity import matrix
from ostiary.identity.permissions import requires

__all__ = ["resources"]


def resources(directory: Directory, tenant: Tenant) -> list[Node]:
    """Declare everything of the directory at the root of the API."""
    read_organization = requires(matrix.ORGANIZATION_READ)
    read_domains = requires(matrix.DOMAINS_READ)
    return [
        users(directory),
        me(directory),
        groups(directory),
        applications(directory),
        service_principals(directory),
        directory_objects(directory),
        directory_root(directory),
        EntitySet(name="organization", source=tenants.organization(tenant), read=read_organization),
        EntitySet(name="domains", source=tenants.domains(tenant), read=read_domains),
    ]

"""Who may do what in which catalog."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from ostiary.directory.model import DirectoryObject
from ostiary.graph.types import UNSET, Complex, Entity, Nav, ReadOnly, UnsetType


class UnifiedRolePermission(Complex, kw_only=True):
    """What a role allows, as resource actions."""

    allowed_resource_actions: list[str] = field(default_factory=list)
    condition: str | None = None
    excluded_resource_actions: list[str] = field(default_factory=list)


class UnifiedRoleDefinition(Entity, kw_only=True):
    """A role that can be assigned."""

    description: str | None = None
    display_name: str | None = None
    is_built_in: bool | None = None
    is_enabled: bool | None = None
    resource_scopes: list[str] = field(default_factory=list)
    role_permissions: list[UnifiedRolePermission] = field(default_factory=list)
    template_id: str | None = None
    version: str | None = None


class UnifiedRoleAssignment(Entity, kw_only=True):
    """A role that somebody holds: in one catalog, or in the whole service (scope ``/``)."""

    app_scope_id: str | None = None
    condition: Annotated[str | None, ReadOnly] = None
    directory_scope_id: str | None = None
    principal_id: str | None = None
    role_definition_id: str | None = None
    principal: Annotated[DirectoryObject | UnsetType | None, Nav()] = UNSET
    role_definition: Annotated[UnifiedRoleDefinition | UnsetType | None, Nav()] = UNSET

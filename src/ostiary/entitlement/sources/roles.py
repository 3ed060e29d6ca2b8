"""The roles of entitlement management and who holds them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    String,
    Subquery,
    literal,
    or_,
    select,
    union_all,
)

from ostiary.directory.sources import DIRECTORY_OBJECTS
from ostiary.directory.tables import directory_objects
from ostiary.entitlement.model.roles import UnifiedRoleAssignment, UnifiedRoleDefinition
from ostiary.entitlement.roles import DEFINITIONS, MAY, Task
from ostiary.entitlement.sources.declaring import columns_of, one
from ostiary.entitlement.store import roles as store
from ostiary.entitlement.tables import role_assignments
from ostiary.graph.resources import Call, Source
from ostiary.identity.matrix import EM_ROLE_ASSIGNMENTS_READ
from ostiary.identity.permissions import allows
from ostiary.identity.principals import principal


def _definitions() -> Subquery:
    rows = (
        select(
            literal(role.value, String).label("id"),
            literal(known.name, String).label("display_name"),
            literal(known.description, String).label("description"),
        )
        for role, known in DEFINITIONS.items()
    )
    return union_all(*rows).subquery("role_definitions")


def _load_definition(row: RowMapping) -> UnifiedRoleDefinition:
    return UnifiedRoleDefinition(
        id=row["id"],
        display_name=row["display_name"],
        description=row["description"],
        is_built_in=True,
        is_enabled=True,
        template_id=row["id"],
        version="1",
    )


def _visible(call: Call) -> ColumnElement[bool] | None:
    """Show what the caller holds, and what anybody holds in the catalogs that the caller owns."""
    caller = principal(call)
    if allows(EM_ROLE_ASSIGNMENTS_READ, caller):
        return None
    owned = store.catalogs_of(caller.object_id, MAY[Task.OWN])
    own = role_assignments.c.principal_id == caller.object_id
    return or_(own, role_assignments.c.catalog_id.in_(owned))


_ROWS: Final = _definitions()

ROLE_DEFINITIONS: Final[Source] = Source(
    type=UnifiedRoleDefinition,
    table=_ROWS,
    key=_ROWS.c.id,
    columns=columns_of(_ROWS, "id", "display_name", "description", template_id="id"),
    load=_load_definition,
)

ROLE_ASSIGNMENTS: Final[Source] = Source(
    type=UnifiedRoleAssignment,
    table=role_assignments,
    key=role_assignments.c.id,
    columns=columns_of(
        role_assignments, "id", "principal_id", "role_definition_id", "app_scope_id"
    ),
    load=store.load,
    visible=_visible,
    links={
        "principal": one(
            lambda: DIRECTORY_OBJECTS, role_assignments.c.principal_id, directory_objects.c.id
        ),
        "role_definition": one(
            lambda: ROLE_DEFINITIONS, role_assignments.c.role_definition_id, _ROWS.c.id
        ),
    },
)

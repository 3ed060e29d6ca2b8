"""Extensions of catalogs between their wire types and the table that both governors share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    CustomAccessPackageWorkflowExtension,
    WorkflowExtension,
)
from ostiary.entitlement.stages import KnownExtension
from ostiary.extensions import extension_store, registry
from ostiary.extensions.endpoints import redacted, with_url
from ostiary.extensions.extensions import Extension
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.edm import qualified_name

CURRENT_TYPES: Final[dict[str, type[WorkflowExtension]]] = {
    qualified_name(cls): cls
    for cls in (
        AccessPackageAssignmentRequestWorkflowExtension,
        AccessPackageAssignmentWorkflowExtension,
    )
}
"""The kinds of extensions that catalogs have, by their qualified names."""

LEGACY: Final = qualified_name(CustomAccessPackageWorkflowExtension)
"""The older kind, which beta lists under a name of its own."""

EXTENSION_TYPES: Final[dict[str, type[WorkflowExtension]]] = {
    **CURRENT_TYPES,
    LEGACY: CustomAccessPackageWorkflowExtension,
}
"""All of them."""


def load(extension: Extension) -> WorkflowExtension:
    """Make the wire type of a stored extension, with the URL as it is stored."""
    type_ = EXTENSION_TYPES[extension.kind]
    more: dict[str, Any] = {  # properties of several types
        "callback_configuration": extension.callback,
        "created_by": extension.created_by,
        "created_date_time": extension.created_at,
        "last_modified_by": extension.modified_by,
        "last_modified_date_time": extension.modified_at,
    }
    own = {name: value for name, value in more.items() if name in type_.__struct_fields__}
    return type_(**extension.configuration(), **own)


def load_row(row: RowMapping) -> WorkflowExtension:
    """Make the wire type of a row; ``show`` fills in the URL."""
    return load(extension_store.load(row))


def stored(
    draft: WorkflowExtension, *, id: str, catalog_id: str, now: datetime, by: str
) -> Extension:
    """Give the stored form of a new extension of a catalog."""
    callback = None
    if not isinstance(draft, CustomAccessPackageWorkflowExtension):
        callback = draft.callback_configuration
    return Extension(
        id=id,
        kind=qualified_name(type(draft)),
        catalog_id=catalog_id,
        display_name=draft.display_name,
        description=draft.description,
        endpoint=draft.endpoint_configuration,
        authentication=draft.authentication_configuration,
        client=draft.client_configuration,
        callback=callback,
        created_at=now,
        created_by=by,
        modified_at=now,
        modified_by=by,
    )


def replaced(before: Extension, draft: WorkflowExtension, *, now: datetime, by: str) -> Extension:
    """Give the stored form of an extension that somebody has changed."""
    after = stored(draft, id=before.id, catalog_id=before.catalog_id or "", now=now, by=by)
    return replace(after, created_at=before.created_at, created_by=before.created_by)


async def show(
    conn: AsyncConnection, extensions: Sequence[WorkflowExtension], *, template: str | None
) -> None:
    """Fill in where extensions are called, without the secrets of their URLs."""
    endpoints = [extension.endpoint_configuration for extension in extensions]
    urls = await registry.resolved(conn, endpoints, template=template)
    for extension, endpoint, url in zip(extensions, endpoints, urls, strict=True):
        extension.endpoint_configuration = with_url(endpoint, redacted(url))


def of_kinds(kinds: Collection[str]) -> ColumnElement[bool]:
    """Test for the extensions of these kinds."""
    return custom_extensions.c.kind.in_(sorted(kinds))


async def known(conn: AsyncConnection, keys: Collection[str]) -> dict[str, KnownExtension]:
    """Give extensions of catalogs as far as policies care."""
    found = await extension_store.read(conn, keys) if keys else {}
    return {
        key: KnownExtension(
            id=key,
            catalog_id=extension.catalog_id or "",
            type=EXTENSION_TYPES[extension.kind],
            waits=extension.wait is not None,
        )
        for key, extension in found.items()
        if extension.kind in EXTENSION_TYPES
    }

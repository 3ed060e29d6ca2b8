"""Extensions of catalogs between their wire types and the table that both governors share."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import msgspec
from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    WorkflowExtension,
)
from ostiary.entitlement.stages import KnownExtension
from ostiary.extensions import extension_store, registry
from ostiary.extensions.endpoints import redacted
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import LogicAppTriggerEndpointConfiguration
from ostiary.extensions.tables import custom_extensions
from ostiary.graph.edm import qualified_name

EXTENSION_TYPES: Final[dict[str, type[WorkflowExtension]]] = {
    qualified_name(cls): cls
    for cls in (
        AccessPackageAssignmentRequestWorkflowExtension,
        AccessPackageAssignmentWorkflowExtension,
    )
}
"""The kinds of extensions that live in catalogs, by their qualified names."""

IN_CATALOGS: Final = custom_extensions.c.kind.in_(sorted(EXTENSION_TYPES))
"""The rows of the shared table that are extensions of catalogs."""


def load(extension: Extension) -> WorkflowExtension:
    """Make the wire type of a stored extension, with the URL as it is stored."""
    return EXTENSION_TYPES[extension.kind](
        **extension.configuration(),
        callback_configuration=extension.callback,
        created_by=extension.created_by,
        created_date_time=extension.created_at,
        last_modified_by=extension.modified_by,
        last_modified_date_time=extension.modified_at,
    )


def load_row(row: RowMapping) -> WorkflowExtension:
    """Make the wire type of a row; ``show`` fills in the URL."""
    return load(extension_store.load(row))


def stored(extension: WorkflowExtension, catalog_id: str) -> Extension:
    """Give the stored form of an extension of a catalog.

    :raises ValueError: its dates are missing.
    """
    if extension.created_date_time is None or extension.last_modified_date_time is None:
        raise ValueError("an extension is stored with its dates")
    return Extension(
        id=extension.id,
        kind=qualified_name(type(extension)),
        catalog_id=catalog_id,
        display_name=extension.display_name,
        description=extension.description,
        endpoint=extension.endpoint_configuration,
        authentication=extension.authentication_configuration,
        client=extension.client_configuration,
        callback=extension.callback_configuration,
        created_at=extension.created_date_time,
        created_by=extension.created_by,
        modified_at=extension.last_modified_date_time,
        modified_by=extension.last_modified_by,
    )


async def show(
    conn: AsyncConnection, extensions: Sequence[WorkflowExtension], *, template: str | None
) -> None:
    """Fill in where the Logic Apps of extensions are, without the secrets of their URLs."""
    endpoints = [extension.endpoint_configuration for extension in extensions]
    urls = await registry.resolved(conn, endpoints, template=template)
    for extension, endpoint, url in zip(extensions, endpoints, urls, strict=True):
        if isinstance(endpoint, LogicAppTriggerEndpointConfiguration):
            extension.endpoint_configuration = msgspec.structs.replace(endpoint, url=redacted(url))


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

"""Use cases of the extensions of a catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.entitlement import records
from ostiary.entitlement.errors import (
    ConnectivityTestFailed,
    NotThere,
    OperationNotAllowed,
    UnresolvedLogicApp,
)
from ostiary.entitlement.model.catalogs import AccessPackageCatalog
from ostiary.entitlement.model.extensions import WorkflowExtension
from ostiary.entitlement.service import extension_checks as checks
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import extensions as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.extensions import extension_store, registry
from ostiary.extensions.connection import LEGACY_EVENT, STAGE, Connection
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.endpoints import refuse_redacted, unresolved, with_kept_url
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import (
    CustomCalloutExtension,
)
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

Change = Callable[[WorkflowExtension], CustomCalloutExtension]
Kinds = Collection[str]

CURRENT: Final = tuple(store.CURRENT_TYPES)
_TEST: Final = "Test custom extension"
_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What can be done to the extensions of catalogs.

    ``template`` is where a Logic App is that nothing else resolves; ``refuse_unresolved`` says
    that an extension whose Logic App nobody can find is not created. ``connection`` tries the
    endpoints of new extensions; ``refuse_unreachable`` says that one that fails is not created.
    """

    database: Database
    egress: EgressPolicy
    template: str | None = None
    refuse_unresolved: bool = False
    connection: Connection | None = None
    refuse_unreachable: bool = False

    async def create(
        self,
        catalog_id: str,
        draft: CustomCalloutExtension,
        act: Act,
        *,
        kinds: Kinds = CURRENT,
    ) -> WorkflowExtension:
        """Add an extension of one of these kinds to a catalog.

        :raises InvalidModel: it is of another kind, or a property is out of its bounds.
        :raises NotThere: there is no such catalog.
        :raises UnresolvedLogicApp: its Logic App is not known, and the settings insist.
        :raises ConnectivityTestFailed: its endpoint takes no calls, and the settings insist.
        """
        checked = checks.checked(draft, kinds=kinds, egress=self.egress)
        refuse_redacted(checked.endpoint_configuration)
        made = store.stored(checked, id=new_id(), catalog_id=catalog_id, now=act.now, by=act.name)
        if self.refuse_unreachable:
            await self._require_connection(made)
        async with self.database.transaction() as conn:
            if await catalog_store.catalog(conn, catalog_id, lock=True) is None:
                raise NotThere("catalog", catalog_id)
            await self._require_resolved(conn, made)
            await extension_store.add(conn, made)
            event = act.event("Create custom extension", "Add", _target(made))
            await record(conn, [event], now=act.now)
            shown = await self._shown(conn, made)
        if not self.refuse_unreachable:
            await self._report_connection(made, act)
        return shown

    async def update(
        self,
        catalog_id: str,
        key: str,
        change: Change,
        act: Act,
        *,
        kinds: Kinds = CURRENT,
    ) -> WorkflowExtension:
        """Change an extension of one of these kinds, or replace everything that can be set of it.

        One of the older kind becomes one of the new kinds where ``change`` makes it one.

        :raises NotThere: there is none in this catalog.
        :raises InvalidModel: as ``create``; also for another type than it has.
        :raises OperationNotAllowed: it would no longer be awaited where it has to name approvers,
            or is called at stages that its new type does not have.
        :raises UnresolvedLogicApp: as ``create``.
        """
        async with self.database.transaction() as conn:
            existing = await self._existing(conn, catalog_id, key, kinds)
            before = store.load(existing)
            changed = change(before)
            is_converted = await checks.check_type(conn, before, changed)
            await self._keep_url(conn, changed, before)
            checked = checks.checked(changed, kinds=store.EXTENSION_TYPES, egress=self.egress)
            saved = store.replaced(existing, checked, now=act.now, by=act.name)
            await checks.keep_asking(conn, key, checked)
            await self._require_resolved(conn, saved)
            await extension_store.save(conn, saved)
            event = act.event("Update custom extension", "Update", _target(saved))
            await record(conn, [event], now=act.now)
            shown = await self._shown(conn, saved)
        if is_converted:
            await self._report_connection(saved, act)
        return shown

    async def delete(self, catalog_id: str, key: str, act: Act, *, kinds: Kinds = CURRENT) -> None:
        """Delete an extension that no policy calls.

        :raises NotThere: there is none in this catalog.
        :raises OperationNotAllowed: a policy calls it.
        """
        async with self.database.transaction() as conn:
            existing = await self._existing(conn, catalog_id, key, kinds)
            callers = await policy_store.callers_of(conn, key)
            if callers:
                raise OperationNotAllowed(
                    f"The custom extension is called by the policies: {', '.join(callers)}. "
                    "Remove it from their 'customExtensionStageSettings' first."
                )
            try:
                await extension_store.remove(conn, [key])
            except IntegrityError as error:
                raise OperationNotAllowed("A policy has just begun to call it.") from error
            event = act.event("Delete custom extension", "Delete", _target(existing))
            await record(conn, [event], now=act.now)

    async def _existing(
        self, conn: AsyncConnection, catalog_id: str, key: str, kinds: Kinds
    ) -> Extension:
        """Lock an extension of one of these kinds; one that can be converted is found as well."""
        found = (await extension_store.read(conn, [key], lock=True)).get(key)
        known = {*kinds, store.LEGACY}
        if found is None or found.catalog_id != catalog_id or found.kind not in known:
            raise NotThere("customWorkflowExtension", key)
        return found

    async def _shown(self, conn: AsyncConnection, extension: Extension) -> WorkflowExtension:
        shown = store.load(extension)
        await store.show(conn, [shown], template=self.template)
        return shown

    async def _keep_url(
        self, conn: AsyncConnection, changed: CustomCalloutExtension, existing: WorkflowExtension
    ) -> None:
        """Keep the stored URL where a client sends back what it was shown."""
        shown = msgspec.structs.replace(existing)
        await store.show(conn, [shown], template=self.template)
        changed.endpoint_configuration = with_kept_url(
            changed.endpoint_configuration,
            existing.endpoint_configuration,
            shown.endpoint_configuration,
        )

    async def _require_resolved(self, conn: AsyncConnection, extension: Extension) -> None:
        (url,) = await registry.resolved(conn, [extension.endpoint], template=self.template)
        if url is not None:
            return
        why = unresolved(extension.endpoint)
        if self.refuse_unresolved:
            raise UnresolvedLogicApp(why, target="endpointConfiguration/url")
        _log.warning("extension.unresolved", extension=extension.id, advice=why)

    async def _require_connection(self, extension: Extension) -> None:
        why = await self._tested(extension)
        if why is not None:
            raise ConnectivityTestFailed(why, target="endpointConfiguration")

    async def _report_connection(self, extension: Extension, act: Act) -> None:
        """Note in the audit log whether the endpoint takes calls; the extension is there anyhow."""
        if self.connection is None:
            return
        why = await self._tested(extension)
        result: Literal["success", "failure"] = "failure" if why else "success"
        event = records.event(
            _TEST,
            "Test",
            act.actor,
            _target(extension),
            result=result,
            reason=why,
            correlation_id=act.correlation_id,
        )
        async with self.database.transaction() as conn:
            await record(conn, [event], now=act.now)

    async def _tested(self, extension: Extension) -> str | None:
        if self.connection is None:
            return None
        async with self.database.reading() as conn:
            catalog_id = extension.catalog_id or ""
            catalog = await catalog_store.catalog(conn, catalog_id)
        if catalog is None:
            raise NotThere("catalog", catalog_id)
        return await self.connection.test(extension, _test_body(extension, catalog))


def _test_body(extension: Extension, catalog: AccessPackageCatalog) -> dict[str, Any]:
    """Say what a test tells an endpoint: that it is one, and for which catalog."""
    if extension.kind == store.LEGACY:
        return {
            "Event": LEGACY_EVENT,
            "CatalogId": catalog.id,
            "CatalogName": catalog.display_name,
        }
    named = {
        "Id": catalog.id,
        "DisplayName": catalog.display_name,
        "Description": catalog.description,
    }
    told = {name: value for name, value in named.items() if value is not None}
    return {"Stage": STAGE, "AccessPackageCatalog": told}


def _target(extension: Extension) -> Target:
    return Target(id=extension.id, type="CustomExtension", display_name=extension.display_name)

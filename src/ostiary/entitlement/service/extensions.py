"""Use cases of the extensions of a catalog."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec
import structlog
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Target
from ostiary.audit.store import record
from ostiary.entitlement.dynamic import DETERMINING
from ostiary.entitlement.errors import NotThere, OperationNotAllowed, UnresolvedLogicApp
from ostiary.entitlement.model.extensions import (
    AccessPackageAssignmentRequestWorkflowExtension,
    AccessPackageAssignmentWorkflowExtension,
    AccessPackageRequestApprovalStageCallbackConfiguration,
    WorkflowExtension,
)
from ostiary.entitlement.service.acts import Act
from ostiary.entitlement.store import catalogs as catalog_store
from ostiary.entitlement.store import extensions as store
from ostiary.entitlement.store import policies as policy_store
from ostiary.extensions import extension_store, registry
from ostiary.extensions.configurations import WaitLimits, check_callback, check_extension
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.endpoints import given_url, unresolved
from ostiary.extensions.model import (
    CustomCalloutExtension,
    CustomExtensionCallbackConfiguration,
    LogicAppTriggerEndpointConfiguration,
)
from ostiary.graph.edm import qualified_name
from ostiary.graph.errors import InvalidModel
from ostiary.storage.database import Database
from ostiary.storage.tables import new_id

WAIT: Final = WaitLimits(
    shortest=timedelta(minutes=5), longest=timedelta(days=14), default=timedelta(days=14)
)
"""How long an answer may take."""

_CALLBACKS: Final[dict[type, tuple[type[CustomExtensionCallbackConfiguration], ...]]] = {
    AccessPackageAssignmentRequestWorkflowExtension: (
        CustomExtensionCallbackConfiguration,
        AccessPackageRequestApprovalStageCallbackConfiguration,
    ),
    AccessPackageAssignmentWorkflowExtension: (CustomExtensionCallbackConfiguration,),
}
"""Which configurations of an answer each type may have."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extensions:
    """What can be done to the extensions of catalogs.

    ``template`` is where a Logic App is that nothing else resolves; ``refuse_unresolved`` says
    that an extension whose Logic App nobody can find is not created.
    """

    database: Database
    egress: EgressPolicy
    template: str | None = None
    refuse_unresolved: bool = False

    async def create(
        self, catalog_id: str, draft: CustomCalloutExtension, act: Act
    ) -> WorkflowExtension:
        """Add an extension to a catalog.

        :raises InvalidModel: it is of another kind, or a property is out of its bounds.
        :raises NotThere: there is no such catalog.
        :raises UnresolvedLogicApp: its Logic App is not known, and the settings insist.
        """
        checked = self._checked(draft)
        made = msgspec.structs.replace(
            checked,
            id=new_id(),
            created_by=act.name,
            created_date_time=act.now,
            last_modified_by=act.name,
            last_modified_date_time=act.now,
        )
        async with self.database.transaction() as conn:
            if await catalog_store.catalog(conn, catalog_id, lock=True) is None:
                raise NotThere("catalog", catalog_id)
            await self._require_resolved(conn, made)
            await extension_store.add(conn, store.stored(made, catalog_id))
            event = act.event("Create custom extension", "Add", _target(made))
            await record(conn, [event], now=act.now)
            await store.show(conn, [made], template=self.template)
        return made

    async def update(
        self,
        catalog_id: str,
        key: str,
        change: Callable[[WorkflowExtension], CustomCalloutExtension],
        act: Act,
    ) -> WorkflowExtension:
        """Change an extension, or replace everything that can be set of it.

        :raises NotThere: there is none in this catalog.
        :raises InvalidModel: as ``create``; also for another type than it has.
        :raises OperationNotAllowed: it would no longer be awaited where it has to name approvers.
        :raises UnresolvedLogicApp: as ``create``.
        """
        async with self.database.transaction() as conn:
            existing = await self._existing(conn, catalog_id, key)
            changed = change(existing)
            if type(changed) is not type(existing):
                raise InvalidModel(
                    f"'@odata.type' cannot be changed from '#{qualified_name(type(existing))}'.",
                    target="@odata.type",
                )
            await self._keep_url(conn, changed, existing)
            saved = msgspec.structs.replace(
                self._checked(changed),
                id=key,
                created_by=existing.created_by,
                created_date_time=existing.created_date_time,
                last_modified_by=act.name,
                last_modified_date_time=act.now,
            )
            await _keep_asking(conn, saved)
            await self._require_resolved(conn, saved)
            await extension_store.save(conn, store.stored(saved, catalog_id))
            event = act.event("Update custom extension", "Update", _target(saved))
            await record(conn, [event], now=act.now)
            await store.show(conn, [saved], template=self.template)
        return saved

    async def delete(self, catalog_id: str, key: str, act: Act) -> None:
        """Delete an extension that no policy calls.

        :raises NotThere: there is none in this catalog.
        :raises OperationNotAllowed: a policy calls it.
        """
        async with self.database.transaction() as conn:
            existing = await self._existing(conn, catalog_id, key)
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

    def _checked(self, draft: CustomCalloutExtension) -> WorkflowExtension:
        if not isinstance(draft, WorkflowExtension):
            raise wrong_type()
        check_extension(draft, egress=self.egress)
        _check_callback_type(draft)
        callback = check_callback(draft.callback_configuration, limits=WAIT)
        return msgspec.structs.replace(draft, callback_configuration=callback)

    async def _existing(
        self, conn: AsyncConnection, catalog_id: str, key: str
    ) -> WorkflowExtension:
        found = (await extension_store.read(conn, [key])).get(key)
        if found is None or found.catalog_id != catalog_id:
            raise NotThere("customWorkflowExtension", key)
        return store.load(found)

    async def _keep_url(
        self, conn: AsyncConnection, changed: CustomCalloutExtension, existing: WorkflowExtension
    ) -> None:
        """Keep the stored URL where a client sends back what it was shown."""
        shown = msgspec.structs.replace(existing)
        await store.show(conn, [shown], template=self.template)
        new, seen = changed.endpoint_configuration, shown.endpoint_configuration
        if not isinstance(new, LogicAppTriggerEndpointConfiguration) or new.url is None:
            return
        if new.url == given_url(seen):
            old = given_url(existing.endpoint_configuration)
            changed.endpoint_configuration = msgspec.structs.replace(new, url=old)

    async def _require_resolved(self, conn: AsyncConnection, extension: WorkflowExtension) -> None:
        endpoint = extension.endpoint_configuration
        (url,) = await registry.resolved(conn, [endpoint], template=self.template)
        if url is not None:
            return
        why = unresolved(endpoint)
        if self.refuse_unresolved:
            raise UnresolvedLogicApp(why, target="endpointConfiguration/url")
        _log.warning("extension.unresolved", extension=extension.id, advice=why)


async def _keep_asking(conn: AsyncConnection, saved: WorkflowExtension) -> None:
    """Refuse to stop waiting for an extension that policies ask for approvers."""
    if saved.callback_configuration is not None:
        return
    callers = await policy_store.callers_of(conn, saved.id, stage=DETERMINING)
    if callers:
        raise OperationNotAllowed(
            f"The custom extension names the approvers of the policies: {', '.join(callers)}. "
            "It must keep its 'callbackConfiguration'.",
            target="callbackConfiguration",
        )


def wrong_type() -> InvalidModel:
    """Say which types the extensions of a catalog have."""
    names = " or ".join(f"'#{name}'" for name in store.EXTENSION_TYPES)
    return InvalidModel(f"'@odata.type' must be {names} here.", target="@odata.type")


def _check_callback_type(extension: WorkflowExtension) -> None:
    """Refuse the configuration of another feature, whose members would have no effect here."""
    callback = extension.callback_configuration
    allowed = _CALLBACKS[type(extension)]
    if callback is not None and type(callback) not in allowed:
        names = " or ".join(f"'#{qualified_name(one)}'" for one in allowed)
        raise InvalidModel(
            f"'callbackConfiguration/@odata.type' must be {names} here.",
            target="callbackConfiguration/@odata.type",
        )


def _target(extension: CustomCalloutExtension) -> Target:
    return Target(id=extension.id, type="CustomExtension", display_name=extension.display_name)

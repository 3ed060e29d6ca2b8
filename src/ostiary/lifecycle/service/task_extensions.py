"""Use cases of the API about one custom task extension, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.audit.store import record
from ostiary.extensions import extension_store as store
from ostiary.extensions import registry
from ostiary.extensions.egress import EgressPolicy
from ostiary.extensions.endpoints import refuse_redacted, unresolved, with_kept_url
from ostiary.extensions.extensions import Extension
from ostiary.graph.errors import InvalidModel, NotFound
from ostiary.lifecycle import audits, names
from ostiary.lifecycle.errors import ExtensionInUse, LimitExceeded, NameTaken
from ostiary.lifecycle.model.enums import CustomTaskExtensionReplyMode
from ostiary.lifecycle.model.extensions import CustomTaskExtension
from ostiary.lifecycle.store.workflows import users_of_extension
from ostiary.lifecycle.task_extensions import (
    checked,
    shown,
    stored,
    with_mode_of_callback,
)
from ostiary.storage.database import Database
from ostiary.storage.ids import new_id

_log: Final = structlog.get_logger(__name__)

ExtensionChange = Callable[[CustomTaskExtension], CustomTaskExtension]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExtensions:
    """Custom task extensions.

    ``egress`` says what may be called; ``logic_app_template`` where Logic Apps are that nobody
    registered; ``refuse_unresolved`` whether one that nothing resolves is refused.
    """

    database: Database
    egress: EgressPolicy
    logic_app_template: str | None = None
    refuse_unresolved: bool = False
    limit: int = 100

    async def create(
        self, draft: CustomTaskExtension, *, now: datetime, actor: Actor
    ) -> CustomTaskExtension:
        """Create an extension.

        :raises InvalidModel: a property is missing, out of range, or leads to a forbidden target.
        :raises NameTaken: another extension has the displayName.
        :raises LimitExceeded: there are as many extensions as there may be.
        """
        new = checked(draft, egress=self.egress)
        refuse_redacted(new.endpoint_configuration)
        extension = stored(new, id=new_id(), created_at=now, created_by=actor.id)
        async with self.database.transaction() as conn:
            taken = await store.names(conn, [names.EXTENSION_KIND])
            if len(taken) >= self.limit:
                raise LimitExceeded(f"There are {self.limit} custom task extensions already.")
            _check_name(extension, taken)
            await self._check_resolved(conn, extension)
            await store.add(conn, extension)
            event = audits.extension_event("Create", actor, extension.id, extension.display_name)
            await record(conn, [event], now=now)
        return shown(extension, authors=False)

    async def update(
        self, id: str, change: ExtensionChange, *, now: datetime, actor: Actor
    ) -> CustomTaskExtension:
        """Change an extension.

        :raises NotFound: there is no such extension.
        :raises InvalidModel, NameTaken: as ``create``.
        """
        async with self.database.transaction() as conn:
            before = await _find(conn, id)
            known = shown(before)
            after = checked(with_mode_of_callback(change(known), known), egress=self.egress)
            changed = replace(
                before,
                display_name=after.display_name,
                description=after.description,
                endpoint=with_kept_url(after.endpoint_configuration, before.endpoint),
                authentication=after.authentication_configuration,
                client=after.client_configuration,
                callback=after.callback_configuration,
                replies=after.reply_mode is CustomTaskExtensionReplyMode.RESPONSE,
                modified_at=now,
                modified_by=actor.id,
            )
            _check_name(changed, await store.names(conn, [names.EXTENSION_KIND]))
            await self._check_resolved(conn, changed)
            await store.save(conn, changed)
            event = audits.extension_event("Update", actor, id, changed.display_name)
            await record(conn, [event], now=now)
        return shown(changed)

    async def delete(self, id: str, *, now: datetime, actor: Actor) -> None:
        """Delete an extension that no workflow uses.

        :raises NotFound: there is no such extension.
        :raises ExtensionInUse: a task of a workflow, deleted ones included, runs it.
        """
        async with self.database.transaction() as conn:
            extension = await _find(conn, id)
            users = await users_of_extension(conn, id)
            if users:
                listed = ", ".join(f"'{name}'" for name in users)
                raise ExtensionInUse(
                    f"The custom task extension is used by: {listed}. Take it out of their tasks "
                    "with createNewVersion first."
                )
            await store.remove(conn, [id])
            event = audits.extension_event("Delete", actor, id, extension.display_name)
            await record(conn, [event], now=now)

    async def _check_resolved(self, conn: AsyncConnection, extension: Extension) -> None:
        """Refuse or warn of an endpoint of which nobody has said where it is."""
        (url,) = await registry.resolved(
            conn, [extension.endpoint], template=self.logic_app_template
        )
        if url is not None:
            return
        reason = unresolved(extension.endpoint)
        if self.refuse_unresolved:
            raise InvalidModel(reason, target="endpointConfiguration/url")
        _log.warning("lifecycle.extension_unresolved", extension=extension.id, reason=reason)


async def _find(conn: AsyncConnection, id: str) -> Extension:
    """Lock an extension that is about to be changed.

    :raises NotFound: there is none.
    """
    extension = (await store.read(conn, [id], lock=True)).get(id)
    if extension is None or extension.kind != names.EXTENSION_KIND:
        raise NotFound(
            f"The custom task extension '{id}' could not be found.", target="customTaskExtensions"
        )
    return extension


def _check_name(extension: Extension, taken: dict[str, str]) -> None:
    """``taken`` has the ids of extensions by lower-case name."""
    if taken.get(extension.display_name.lower(), extension.id) != extension.id:
        raise NameTaken(
            f"Another custom task extension is called '{extension.display_name}'.",
            target="displayName",
        )

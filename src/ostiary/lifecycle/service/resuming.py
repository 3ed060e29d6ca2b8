"""Resume a task: who may, which wait is meant, and what the answer says.

Every attempt ends up in the ledger of callouts, refused ones included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import Actor
from ostiary.directory import store as directory
from ostiary.durable.errors import Busy
from ostiary.durable.group import GroupRead
from ostiary.extensions import extension_store
from ostiary.extensions.answers import Answer
from ostiary.extensions.errors import (
    Contradicting,
    InstanceClosed,
    NotWaiting,
    UnknownInstance,
)
from ostiary.extensions.extensions import Extension
from ostiary.extensions.model import AzureAdTokenAuthentication
from ostiary.extensions.resumes import Resumes
from ostiary.graph.errors import DomainError, NotFound, Unavailable
from ostiary.identity.principals import Principal
from ostiary.lifecycle import names
from ostiary.lifecycle.errors import TaskProcessingResultNotInProgress
from ostiary.lifecycle.model.extensions import CustomTaskExtensionCallbackConfiguration, Resume
from ostiary.lifecycle.store import results as store
from ostiary.lifecycle.store.rows import Row, subject_json
from ostiary.storage.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a task is resumed: the ids that the path names, which must belong together."""

    result_id: str
    workflow_id: str
    task_id: str | None = None
    run_id: str | None = None
    person_id: str | None = None
    report_id: str | None = None
    version: str | None = None


class Resuming:
    """Takes answers for tasks that wait."""

    def __init__(self, database: Database, resumes: Resumes) -> None:
        self._database = database
        self._resumes = resumes
        self._places: GroupRead[str, Row | None] = GroupRead(database, _places, of="task_places")

    async def trusts(self, address: Address, caller: Principal) -> bool:
        """Whether the extension of the task trusts an application, which then needs no permission.

        It does when its callback configuration names the application, by any of its ids, or when
        its bearer tokens are made for it. People are never trusted in this way.
        """
        if caller.kind != "application":
            return False
        async with self._database.reading() as conn:
            (place,) = await _places(conn, [address.result_id.lower()])
            if place is None or place["extension_id"] is None:
                return False
            extensions = await extension_store.read(conn, [place["extension_id"]])
            extension = extensions.get(place["extension_id"])
            trusted = _trusted_apps(extension) if extension is not None else set()
            if not trusted:
                return False
            ids = {caller.app_id or "", caller.object_id}
            known = await directory.applications_by_app_id(conn, [caller.app_id or ""])
            ids |= {application.id for application in known.values()}
        return not trusted.isdisjoint(_comparable(id) for id in ids)

    async def resume(self, address: Address, body: Resume, *, now: datetime, caller: Actor) -> None:
        """End the wait of a task as the body says; the same answer again changes nothing.

        :raises NotFound: there is no such result, or the ids of the path do not belong together.
        :raises TaskProcessingResultNotInProgress: it does not wait, was answered differently
            before, or the answer is late.
        :raises Unavailable: too many answers are waiting.
        """
        answer = _answer(address, body, now=now, caller=caller)
        place = await self._place(answer.owner_id)
        if place is None or not _fits(address, place):
            error = NotFound(
                f"The task processing result '{address.result_id}' could not be found here.",
                target="taskProcessingResults",
            )
            await self._resumes.refuse(answer, error)
            raise error
        try:
            await self._resumes.submit(answer)
        except (NotWaiting, InstanceClosed, Contradicting, UnknownInstance) as error:
            raise TaskProcessingResultNotInProgress(str(error)) from error

    async def refuse(
        self, address: Address, error: DomainError, *, now: datetime, caller: Actor
    ) -> None:
        """Note in the ledger that somebody tried who may not, or with such a body."""
        await self._resumes.refuse(_nothing_said(address, now=now, caller=caller), error)

    async def _place(self, result_id: str) -> Row | None:
        try:
            return await self._places.submit(result_id)
        except Busy as busy:
            raise Unavailable(retry_after=busy.seconds) from None


async def _places(conn: AsyncConnection, result_ids: Sequence[str]) -> list[Row | None]:
    found = await store.places_of(conn, set(result_ids))
    return [found.get(id) for id in result_ids]


def _fits(address: Address, place: Any) -> bool:
    """Say whether the ids of a path belong together; a missing one asks for nothing."""
    wanted = {
        "workflow_id": address.workflow_id,
        "task_id": address.task_id,
        "run_id": address.run_id,
        "user_processing_result_id": address.person_id,
        "task_report_id": address.report_id,
    }
    same = all(id is None or id.lower() == place[name] for name, id in wanted.items())
    return same and address.version in (None, str(place["version_number"]))


def _trusted_apps(extension: Extension) -> set[str]:
    trusted = set()
    callback = extension.callback
    if isinstance(callback, CustomTaskExtensionCallbackConfiguration):
        trusted |= {app.id for app in callback.authorized_apps or []}
    if isinstance(extension.authentication, AzureAdTokenAuthentication):
        trusted.add(extension.authentication.resource_id or "")
    return {_comparable(id) for id in trusted if id}


def _comparable(id: str) -> str:
    """Give what equal ids have in common: GUIDs compare as GUIDs, whatever their spelling."""
    try:
        return str(UUID(id.strip()))
    except ValueError:
        return id.strip().lower()


def _answer(address: Address, body: Resume, *, now: datetime, caller: Actor) -> Answer:
    failed = body.data.operation_status.value == "failed"
    subject = body.data.target_subject
    data = {} if subject is None else {"targetSubject": subject_json(subject)}
    return Answer(
        owner_kind=names.OWNER_KIND,
        owner_id=address.result_id.lower(),
        verdict="failed" if failed else "completed",
        source=body.source,
        type=body.type,
        data=data,
        caller=caller,
        received_at=now,
    )


def _nothing_said(address: Address, *, now: datetime, caller: Actor) -> Answer:
    """Make an answer for the ledger, which does not keep what a refused caller said."""
    return Answer(
        owner_kind=names.OWNER_KIND,
        owner_id=address.result_id.lower(),
        verdict="failed",
        caller=caller,
        received_at=now,
    )

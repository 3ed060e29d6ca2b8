"""The worker's part: write what is queued, hand it over, note how it went, forget what is old.

Mails are written in one transaction, handed over outside of any, and each result is stored at once
through a group commit. So a crash repeats only what was being handed over, under the same
``Message-ID``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.durable import queue
from ostiary.durable.clock import Clock
from ostiary.durable.group import GroupCommit
from ostiary.durable.handlers import Handler, InTransaction, Outcome, Outside
from ostiary.durable.items import WorkItem
from ostiary.durable.retry import Retry
from ostiary.mail import mails, store
from ostiary.mail.errors import BrokenTemplate
from ostiary.mail.letters import BadAddress, Sender, message
from ostiary.mail.mails import Mail, MailState
from ostiary.mail.service import DELIVER
from ostiary.mail.smtp import Left, Letter, Post, Postponed, Refused, Result, Taken
from ostiary.mail.templates import Templates
from ostiary.storage.database import Database

PATIENCE: Final = Retry(
    first=timedelta(minutes=1), factor=2.5, longest=timedelta(hours=4), attempts=18
)
"""How long a mail waits for a mail server that takes nothing: about two days."""

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Report:
    """What became of one mail at the mail server."""

    item: WorkItem
    result: Result
    at: datetime


@dataclass(frozen=True, slots=True)
class _GivenBack:
    """One mail that was not handed over, since the node is about to stop."""

    item: WorkItem


class MailWork:
    """The handlers of mails; ``close`` it when the worker has stopped.

    Without a ``post`` mails are written and recorded, and none leaves the machine.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        templates: Templates,
        *,
        sender: Sender,
        post: Post | None = None,
        retry: Retry = PATIENCE,
    ) -> None:
        self._database = database
        self._clock = clock
        self._templates = templates
        self._sender = sender
        self._post = post
        self._retry = retry
        self._leaving = asyncio.Event()
        self._reports: GroupCommit[_Report | _GivenBack, None] = GroupCommit(
            database, self._store, of="mail_results"
        )

    def handlers(self) -> list[Handler]:
        """Give the handlers for the worker."""
        if self._post is None:
            return [InTransaction(DELIVER, self.record)]
        return [Outside(DELIVER, self.deliver, batch=50, parallel=2, leave=self._leaving.set)]

    async def close(self) -> None:
        """Store the results that are known."""
        await self._reports.close()

    async def record(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> Mapping[str, Outcome] | None:
        """Write mails and keep them."""
        written = await self._written(conn, items, now)
        kept = [mails.recorded(mail, now=now) for mail in written.values()]
        await store.save(conn, kept)
        return None

    async def deliver(self, items: Sequence[WorkItem], now: datetime) -> None:
        """Write mails and hand them over; what cannot be recorded stays open, and is tried again.

        :raises Exception: a result could not be stored.
        """
        assert self._post is not None  # without one, ``record`` is the handler
        letters, held = await self._prepared(items, now)
        if not letters:
            return

        async def report(letter: Letter, result: Result | Left) -> None:
            item = held[letter.mail_id]
            if isinstance(result, Left):
                await self._reports.submit(_GivenBack(item))
            else:
                await self._reports.submit(_Report(item, result, self._clock.now()))

        await self._post.deliver(letters, report, self._leaving)

    async def _prepared(
        self, items: Sequence[WorkItem], now: datetime
    ) -> tuple[list[Letter], dict[str, WorkItem]]:
        """Write what is not written yet, and finish the items that lead to no letter."""
        letters: list[Letter] = []
        by_mail = {item.key: item for item in items}
        async with self._database.transaction() as conn:
            written = await self._written(conn, items, now)
            lost: list[Mail] = []
            for mail in written.values():
                try:
                    made = message(mail, self._sender, now=now)
                    letters.append(Letter(mail.id, made, [mail.address or "", *mail.cc]))
                except BadAddress as error:
                    lost.append(mails.failed(mail, str(error), now=now))
            await store.save(conn, lost)
            kept = {by_mail[letter.mail_id].id for letter in letters}
            await queue.done(conn, [item for item in items if item.id not in kept])
        return letters, by_mail

    async def _written(
        self, conn: AsyncConnection, items: Sequence[WorkItem], now: datetime
    ) -> dict[str, Mail]:
        """Give the queued mails among these with their texts; one that cannot be written fails."""
        held = await store.lock(conn, {item.key for item in items})
        queued = [mail for mail in held.values() if mail.state is MailState.QUEUED]
        written: dict[str, Mail] = {}
        broken: list[Mail] = []
        for mail in queued:
            try:
                written[mail.id] = mail if mail.rendered else self._write(mail)
            except BrokenTemplate as error:
                _log.error("mail.template_broken", mail=mail.id, template=mail.template)
                broken.append(mails.failed(mail, str(error), now=now))
        new = [mail for key, mail in written.items() if mail != held[key]]
        await store.save(conn, [*new, *broken])
        return written

    def _write(self, mail: Mail) -> Mail:
        return mails.written(mail, self._templates.render(mail))

    async def _store(
        self, conn: AsyncConnection, ended: Sequence[_Report | _GivenBack]
    ) -> Sequence[None]:
        """Store what became of mails; those that were given back are due again as before."""
        reports = [one for one in ended if isinstance(one, _Report)]
        free = [one.item for one in ended if isinstance(one, _GivenBack)]
        held = await store.lock(conn, {report.item.key for report in reports})
        moved: list[Mail] = []
        done: list[WorkItem] = []
        again: list[tuple[WorkItem, datetime, str]] = [(item, item.due_at, "") for item in free]
        for report in reports:
            mail = held.get(report.item.key)
            if mail is None or mail.state is not MailState.QUEUED:
                done.append(report.item)
                continue
            at = self._retry.after(report.item.attempts, now=report.at)
            moved.append(_reported(mail, report, gives_up=at is None))
            if isinstance(report.result, Postponed) and at is not None:
                again.append((report.item, at, report.result.reason))
            else:
                done.append(report.item)
        await store.save(conn, moved)
        await queue.done(conn, done)
        await queue.again(conn, again)
        return [None] * len(ended)


def _reported(mail: Mail, report: _Report, *, gives_up: bool) -> Mail:
    match report.result:
        case Taken():
            _log.info("mail.sent", mail=mail.id, template=mail.template)
            return mails.sent(mail, now=report.at)
        case Refused(reason):
            _log.warning("mail.refused", mail=mail.id, template=mail.template)
            return mails.refused(mail, reason, now=report.at)
        case Postponed(reason):
            tried = mails.postponed(mail, reason)
            return mails.failed(tried, reason, now=report.at) if gives_up else tried

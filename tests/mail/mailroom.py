"""Everything that mails need, on one database: people, templates, a worker, a mail server."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes, model
from ostiary.durable.worker import Worker
from ostiary.mail import service, store
from ostiary.mail.letters import Sender
from ostiary.mail.mails import Mail, NewMail
from ostiary.mail.smtp import MailServer, SMTPPost
from ostiary.mail.store import Filters
from ostiary.mail.templates import Templates, TemplateSet
from ostiary.mail.work import MailWork
from ostiary.storage.database import Database
from tests.support.clocks import FixedClock

SENDER = Sender(name="Contoso", address="no-reply@contoso.example")

ENGLISH = """\
Subject: Your {{ thing }} is ready

Hello {{ recipient }},

{{ thing }} is ready until {{ until|day }}.
"""
GERMAN = """\
Subject: {{ thing }} ist fertig

Hallo {{ recipient }},

{{ thing }} steht bis {{ until|day }} bereit.
"""


def template_set(folder: Path) -> TemplateSet:
    """Write the templates of a small feature and declare them."""
    for language, text in (("en", ENGLISH), ("de", GERMAN)):
        (folder / language).mkdir(parents=True, exist_ok=True)
        (folder / language / "ready.txt").write_text(text)
    sample = {"thing": "parcel", "until": FixedClock().now()}
    return TemplateSet(folder=folder, samples={"ready": sample})


def make_templates(folder: Path, **options: Any) -> Templates:
    """Make templates of that feature."""
    return Templates([template_set(folder)], **{"zone": ZoneInfo("UTC"), **options})


class MailRoom:
    """One deployment that sends mails, in one process."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        templates: Templates,
        url: str | None = None,
        *,
        ca_files: tuple[Path, ...] = (),
        timeout: float = 5,
    ) -> None:
        self.database = database
        self.clock = clock
        server = MailServer.read(url, ca_files=ca_files) if url else None
        post = SMTPPost(server, timeout=timeout) if server else None
        self.work = MailWork(database, clock, templates, sender=SENDER, post=post)
        self.worker = Worker(database, clock, self.work.handlers(), node="test")

    async def close(self) -> None:
        """Let go of everything."""
        await self.work.close()

    async def person(self, alias: str, **properties: Any) -> str:
        """Create somebody and give their id."""
        usual = {"display_name": alias.title(), "mail": f"{alias}@contoso.example"}
        draft = model.User(
            user_principal_name=f"{alias}@contoso.example", **{**usual, **properties}
        )
        async with self.database.transaction() as conn:
            now = self.clock.now()
            (made,) = await changes.add_users(conn, [draft], now=now, actor=SYSTEM)
        return made.id

    async def send(self, *mails: NewMail) -> list[str]:
        """Send mails in a transaction of their own."""
        async with self.database.transaction() as conn:
            return await service.send(conn, mails, now=self.clock.now())

    async def resend(self, *keys: str) -> None:
        """Send mails again."""
        async with self.database.transaction() as conn:
            await service.resend(conn, keys, now=self.clock.now())

    async def settle(self) -> None:
        """Do everything that is due."""
        await self.worker.settle()

    async def pass_by(self, **duration: Any) -> None:
        """Let time pass, and do what is due then."""
        self.clock.advance(**duration)
        await self.settle()

    async def mail(self, key: str) -> Mail:
        """Read one mail."""
        async with self.database.reading() as conn:
            return (await store.read(conn, [key]))[key]

    async def mails(self, **filters: Any) -> list[Mail]:
        """Read mails, the newest first."""
        async with self.database.reading() as conn:
            return await store.listed(conn, Filters(**filters))


def ready(to: str | None = None, **changes: Any) -> NewMail:
    """Make a mail that something is ready."""
    until = FixedClock().advance(days=14)
    usual: dict[str, Any] = {
        "template": "ready",
        "to": to,
        "values": {"thing": "Parcel", "until": until},
    }
    return NewMail(**{**usual, **changes})

"""How mails leave the server: from whom, written how, over which mail server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from ostiary.durable.clock import Clock
from ostiary.durable.handlers import Handler
from ostiary.identity.issuers import ConfigurationError
from ostiary.mail import languages, retention
from ostiary.mail.letters import Sender
from ostiary.mail.smtp import MailServer, SMTPPost
from ostiary.mail.templates import Brand, Templates, TemplateSet
from ostiary.mail.work import MailWork
from ostiary.server import retaining
from ostiary.settings import Settings
from ostiary.storage.database import Database


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """The parts that the rest of the composition needs."""

    work: MailWork
    handlers: Sequence[Handler]


def compose(
    settings: Settings, sets: Sequence[TemplateSet], *, database: Database, clock: Clock
) -> Mailing:
    """Put the parts together; ``sets`` are the templates of the features.

    :raises ConfigurationError: a setting makes no sense, or a template is broken.
    """
    templates = Templates(
        sets,
        overrides=settings.mail_templates,
        brand=_brand(settings),
        language=_language(settings),
        zone=ZoneInfo(settings.mail_time_zone),
    )
    if settings.mail_templates is not None:
        templates.check()
    usual = f"no-reply@{settings.domains[0]}"
    sender = Sender.read(settings.mail_from or usual, name=settings.organization)
    server = mail_server(settings)
    post = SMTPPost(server) if server else None
    work = MailWork(database, clock, templates, sender=sender, post=post)
    purge = [retention.handler(settings.mail_retention, retaining.archive(settings))]
    return Mailing(work=work, handlers=[*work.handlers(), *purge])


def mail_server(settings: Settings) -> MailServer | None:
    """Give the mail server of the settings; None when mails are only recorded.

    :raises ConfigurationError: it makes no sense, or the password's file cannot be read.
    """
    if settings.smtp_url is None:
        return None
    return MailServer.read(
        settings.smtp_url.get_secret_value(),
        password=_password(settings),
        ca_files=settings.trusted_certificates,
    )


def _password(settings: Settings) -> str | None:
    path = settings.smtp_password_file
    if path is None:
        return None
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"OSTIARY_SMTP_PASSWORD_FILE: {path} cannot be read: {type(error).__name__}."
        ) from None


def _language(settings: Settings) -> str:
    try:
        return languages.normal(settings.mail_language)
    except ValueError as error:
        raise ConfigurationError(f"OSTIARY_MAIL_LANGUAGE: {error}.") from None


def _brand(settings: Settings) -> Brand:
    return Brand(
        organization=settings.organization,
        logo_url=settings.mail_logo_url,
        color=settings.mail_color,
        portal_url=settings.mail_portal_url,
    )

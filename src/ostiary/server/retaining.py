"""What is kept for how long, and where it goes afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit import retention as audit_retention
from ostiary.durable import recurring
from ostiary.durable.handlers import Handler
from ostiary.entitlement.process import kinds
from ostiary.extensions import forgetting as answer_forgetting
from ostiary.lifecycle import names
from ostiary.mail import retention as mail_retention
from ostiary.settings import Settings
from ostiary.storage.archive import Archive


def archive(settings: Settings) -> Archive | None:
    """Give the archive, if the settings name one."""
    return Archive(settings.archive_dir) if settings.archive_dir else None


def handlers(settings: Settings) -> list[Handler]:
    """Give the handlers of what belongs to no governor, the least urgent of all."""
    return [
        answer_forgetting.handler(settings.request_retention, archive(settings)),
        audit_retention.handler(settings.audit_retention, archive(settings)),
    ]


async def prepare(conn: AsyncConnection, settings: Settings, *, now: datetime) -> None:
    """Have what is old forgotten from now on, or no longer, as the settings say."""
    for kind, keep in _kept(settings).items():
        is_wanted = keep > timedelta()
        await recurring.keep_going(conn, kind, is_wanted=is_wanted, due_at=now)


def _kept(settings: Settings) -> Mapping[str, timedelta]:
    """Say how long each kind of work has things kept; zero: for ever."""
    return {
        kinds.FORGET: settings.request_retention,
        answer_forgetting.FORGET: settings.request_retention,
        names.RUN_FORGET: settings.run_retention,
        mail_retention.PURGE: settings.mail_retention,
        audit_retention.FORGET: settings.audit_retention,
    }

"""Inviting people whom an administrator has named by their addresses.

Such a person is a subject from the moment they are named, and a guest in the directory once their
access is given: under the same id, so that nothing else has to change. Who is refused on the way
never gets there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.audit.events import SYSTEM
from ostiary.directory import changes as directory_changes
from ostiary.directory.model import User
from ostiary.entitlement.model.subjects import AccessPackageSubject
from ostiary.entitlement.store import subjects as store

PENDING: Final = "PendingAcceptance"
MAX_NAME: Final = 64
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]")

_log: Final = structlog.get_logger(__name__)


async def invite(
    conn: AsyncConnection, target_ids: Collection[str], *, domain: str, now: datetime
) -> None:
    """Make guests of those who are not in the directory yet; ``domain`` is the tenant's own.

    Somebody whose address has come to belong to another person meanwhile is passed over, so that
    what is asked for them cannot be delivered.
    """
    waiting = await store.uninvited(conn, target_ids)
    if not waiting:
        return
    taken = await store.addressed(conn, {guest.email or "" for guest in waiting.values()})
    new = []
    for guest in waiting.values():
        key, is_known = taken.get(guest.email or "", (guest.id, False))
        if is_known:
            _log.warning("subject.address_taken", subject=guest.id, by=key)
        else:
            new.append(guest)
    drafts = [_guest(one, domain) for one in new]
    await directory_changes.add_users(conn, drafts, now=now, actor=SYSTEM)
    await store.admit(conn, [one.id for one in new])


def principal_name(address: str, key: str, domain: str) -> str:
    """Give the userPrincipalName of a guest: ``eve_fabrikam.example#EXT#@contoso.example``."""
    name = _ODD.sub("_", address)
    if len(name) > MAX_NAME:
        name = f"{name[: MAX_NAME - 9]}_{key[:8]}"
    return f"{name}#EXT#@{domain}"


def _guest(subject: AccessPackageSubject, domain: str) -> User:
    address = subject.email or ""
    return User(
        id=subject.id,
        display_name=(subject.display_name or address)[:256],
        mail=address,
        user_principal_name=principal_name(address, subject.id, domain),
        user_type="Guest",
        external_user_state=PENDING,
    )

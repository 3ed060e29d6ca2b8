"""Governed guests: what becomes of them when nothing is left that they were let in for.

Only guests that were invited for an assignment, or that somebody calls governed, are touched. They
are blocked first and deleted later, so that a new assignment finds them in time: it lets them sign
in again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from ostiary.entitlement.model.settings import (
    AccessPackageExternalUserLifecycleAction as Action,
)
from ostiary.entitlement.model.settings import EntitlementManagementSettings as Settings
from ostiary.graph.errors import InvalidModel

DEFAULT_DELAY: Final = timedelta(days=30)
LONGEST_DELAY: Final = timedelta(days=3660)
SETTINGS_ID: Final = "entitlementManagementSettings"
_DELAY: Final = "durationUntilExternalUserDeletedAfterBlocked"
_DAYS: Final = "daysUntilExternalUserDeletedAfterBlocked"


class Effect(StrEnum):
    """What is to be done to the account of a guest."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A subject, as far as it decides what becomes of them."""

    id: str
    is_governed: bool
    """Somebody from elsewhere, and there for their assignments only."""
    is_enabled: bool
    """Whether they can sign in."""
    has_access: bool
    """Whether they hold an assignment."""
    blocked_at: datetime | None = None
    """When they were blocked because nothing was left."""
    cleanup_at: datetime | None = None
    """When they are to be deleted."""


def defaults() -> Settings:
    """Give what holds until somebody says otherwise: block, and delete after thirty days."""
    return Settings(
        id=SETTINGS_ID,
        external_user_lifecycle_action=Action.BLOCK_SIGN_IN_AND_DELETE,
        duration_until_external_user_deleted_after_blocked=DEFAULT_DELAY,
        days_until_external_user_deleted_after_blocked=DEFAULT_DELAY.days,
    )


def changed(before: Settings, after: Settings) -> Settings:
    """Give settings after a change, with the duration and the days saying the same.

    :raises InvalidModel: they say different things, or something is missing or out of bounds.
    """
    action = after.external_user_lifecycle_action
    if action in (None, Action.UNKNOWN_FUTURE_VALUE):
        raise InvalidModel(
            "'externalUserLifecycleAction' must be 'none', 'blockSignIn' or "
            "'blockSignInAndDelete'.",
            target="externalUserLifecycleAction",
        )
    delay = _delay(before, after)
    return msgspec.structs.replace(
        after,
        id=SETTINGS_ID,
        duration_until_external_user_deleted_after_blocked=delay,
        days_until_external_user_deleted_after_blocked=delay.days,
    )


def reviewed(guest: Guest, settings: Settings, *, now: datetime) -> tuple[Guest, Effect | None]:
    """Decide what becomes of somebody who has gained or lost an assignment."""
    if guest.has_access:
        back = Effect.UNBLOCK if guest.blocked_at and not guest.is_enabled else None
        return replace(guest, blocked_at=None, cleanup_at=None), back
    action = settings.external_user_lifecycle_action
    if not guest.is_governed or guest.blocked_at is not None or action in (None, Action.NONE):
        return guest, None
    deletes = action is Action.BLOCK_SIGN_IN_AND_DELETE
    delay = settings.duration_until_external_user_deleted_after_blocked or timedelta(0)
    left = replace(guest, blocked_at=now, cleanup_at=now + delay if deletes else None)
    return left, Effect.BLOCK if guest.is_enabled else None


def cleaned(guest: Guest, settings: Settings, *, now: datetime) -> tuple[Guest, Effect | None]:
    """Delete somebody whose time is up, unless something has changed since they were blocked."""
    if guest.cleanup_at is None or now < guest.cleanup_at:
        return guest, None
    over = replace(guest, cleanup_at=None)
    wanted = settings.external_user_lifecycle_action is Action.BLOCK_SIGN_IN_AND_DELETE
    if guest.has_access or not guest.is_governed or not wanted:
        return over, None
    return over, Effect.DELETE


def _delay(before: Settings, after: Settings) -> timedelta:
    was = before.duration_until_external_user_deleted_after_blocked
    given = after.duration_until_external_user_deleted_after_blocked
    days = after.days_until_external_user_deleted_after_blocked
    told = given != was
    counted = days != before.days_until_external_user_deleted_after_blocked
    if told and counted and (given is None or given != timedelta(days=days or 0)):
        raise InvalidModel(f"'{_DELAY}' and '{_DAYS}' say different things.", target=_DELAY)
    name = _DAYS if counted and not told else _DELAY
    delay = (timedelta(days=days) if days is not None else None) if name == _DAYS else given
    if delay is None or not timedelta(0) <= delay <= LONGEST_DELAY:
        raise InvalidModel(
            f"'{name}' must lie between 0 and {LONGEST_DELAY.days} days.", target=name
        )
    return delay

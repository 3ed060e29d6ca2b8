"""What the queue takes and gives: work to put on it, and items that were taken from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec


class NewWork(msgspec.Struct, frozen=True, kw_only=True):
    """Work to be done at ``due_at``; a timer is work whose ``due_at`` lies ahead.

    ``kind`` names the handler, ``key`` the object the work is about. ``payload`` is JSON; keep it
    small, the state of the object belongs into its own row. ``lane`` names what may be slow on its
    own; only kinds whose handler has ``Lanes`` use it.
    """

    kind: str
    key: str
    due_at: datetime
    lane: str = ""
    payload: Mapping[str, Any] = msgspec.field(default_factory=dict)


class WorkItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item that a worker holds; ``attempts`` counts this attempt.

    ``lease_id`` names the claim by which it is held: whoever lost the lease meanwhile can no longer
    complete the item. It is None for an item that a transaction holds by its row lock.
    """

    id: str
    kind: str
    key: str
    due_at: datetime
    attempts: int
    lane: str = ""
    payload: Mapping[str, Any] = msgspec.field(default_factory=dict)
    lease_id: str | None = None

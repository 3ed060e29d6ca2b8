"""Whose signatures endpoints may believe: the public keys of every node on the same database.

Each node signs with a key that never leaves its own data directory, and notes the public half in
the database; every server publishes all of them. A note that is not renewed is forgotten, so that
nodes that come and go leave nothing behind. Age is real time: a simulated clock says nothing about
which processes run.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.signing import OutboundIssuer
from ostiary.storage.database import Database
from ostiary.storage.facts import facts, write_fact

_log: Final = structlog.get_logger(__name__)

PREFIX: Final = "outbound_key."
KEPT: Final = timedelta(days=2)
"""How long a key is published after its node was last seen; its tokens live for minutes."""

_RENEWED: Final = timedelta(hours=6)
_AFTER_FAILURE: Final = timedelta(minutes=1)


class PublishedKeys:
    """The keys of this node and of those beside it; ``now`` gives real time."""

    def __init__(
        self,
        database: Database,
        issuer: OutboundIssuer,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._issuer = issuer
        self._now = now

    async def jwks(self) -> dict[str, Any]:
        """Give the public key set as JSON, this node's key first.

        :raises DatabaseUnavailable: who else signs is not known.
        """
        own = self._issuer.jwks()["keys"]
        async with self._database.reading() as conn:
            known = await self._known(conn)
        oldest = self._now() - KEPT
        others = [
            note["key"]
            for note in known.values()
            if _seen(note) > oldest and note["key"]["kid"] != own[0]["kid"]
        ]
        return {"keys": [*own, *others]}

    async def note(self) -> None:
        """Note this node's key, and forget those of nodes that were not seen for long."""
        now = self._now()
        (key,) = self._issuer.jwks()["keys"]
        async with self._database.transaction() as conn:
            known = await self._known(conn)
            old = [name for name, note in known.items() if _seen(note) <= now - KEPT]
            await conn.execute(delete(facts).where(facts.c.name.in_(old)))
            await write_fact(conn, PREFIX + key["kid"], {"key": key, "seen": now.isoformat()})

    @asynccontextmanager
    async def noted(self) -> AsyncIterator[None]:
        """Note this node's key, and keep the note fresh while the block runs."""
        await self.note()
        renewal = asyncio.create_task(self._renew(), name="outbound key")
        try:
            yield
        finally:
            renewal.cancel()
            await asyncio.wait([renewal])

    async def _renew(self) -> None:
        pause = _RENEWED
        while True:
            await asyncio.sleep(pause.total_seconds())
            try:
                await self.note()
                pause = _RENEWED
            except Exception as error:
                _log.warning("outbound_key.not_noted", exc_info=error)
                pause = _AFTER_FAILURE

    async def _known(self, conn: AsyncConnection) -> dict[str, dict[str, Any]]:
        rows = await conn.execute(
            select(facts.c.name, facts.c.value)
            .where(facts.c.name.startswith(PREFIX, autoescape=True))
            .order_by(facts.c.name)
        )
        return {row.name: row.value for row in rows}


def _seen(note: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(note["seen"])

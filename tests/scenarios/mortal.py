"""A server that is killed in the middle, and what can be seen of it from outside and on disk."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from sqlalchemy import select

from ostiary.directory import seed
from ostiary.durable import recurring
from ostiary.durable.tables import work
from ostiary.extensions import ledger
from ostiary.extensions.tables import callouts
from tests.scenarios.api import Api
from tests.scenarios.house import ADMINISTRATOR, EVERYTHING
from tests.support.databases import opened
from tests.support.servers import RunningServer
from tests.support.waiting import eventually

WITHOUT_WORKER = ("--no-worker",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the database says of one callout."""

    status: str
    outcome: str | None


@dataclass
class Mortal:
    """``ostiary serve`` in a process of its own, on one of the databases."""

    server: RunningServer
    http: httpx.AsyncClient
    database_url: str

    async def start(self, *, worker: bool = True, **settings: str) -> None:
        """Start it, or start it again at the same port; without a worker nothing moves."""
        self.server.options = () if worker else WITHOUT_WORKER
        self.server.environment = settings
        self.server.start()
        self.http.base_url = httpx.URL(self.server.url)

    async def kill(self) -> None:
        """End it at once, and make sure that its database survived."""
        self.server.kill()
        assert self._damage() == "ok"

    async def staff(self) -> None:
        """Let the small organisation in."""
        async with opened(self.database_url) as database, database.transaction() as conn:
            await seed.small_organisation(conn, datetime.now(UTC))

    @property
    def admin(self) -> Api:
        """An application that may do everything."""
        token = self.server.app_token(EVERYTHING, object_id=ADMINISTRATOR.object_id)
        return Api(self.http, lambda: token)

    async def traces(self) -> list[Trace]:
        """Give what became of every callout."""
        columns = (callouts.c.status, callouts.c.outcome)
        async with opened(self.database_url) as database, database.reading() as conn:
            rows = await conn.execute(select(*columns).order_by(callouts.c.owner_kind))
            return [Trace(status=r.status, outcome=r.outcome) for r in rows]

    async def stores(self, number: int) -> None:
        """Wait until so many callouts are stored."""

        async def it_does() -> bool:
            return len(await self.traces()) == number

        await eventually(it_does)

    async def waits_for(self, number: int) -> None:
        """Wait until so many callouts were taken by their endpoint, and that is stored."""

        async def it_does() -> bool:
            found = [trace.status for trace in await self.traces()]
            return found == ["waitingForCallback"] * number

        await eventually(it_does)

    async def accepted_answers(self, owner: str) -> int:
        """Count the answers about a request or a task that counted."""
        async with opened(self.database_url) as database, database.reading() as conn:
            entries = await ledger.read(conn, [owner])
        return sum(entry.result == "accepted" for entry in entries)

    async def leftovers(self) -> list[str]:
        """Give the kinds of work that is still to be done, or that was given up."""
        async with opened(self.database_url) as database, database.reading() as conn:
            once = work.c.key != recurring.KEY
            return list(await conn.scalars(select(work.c.kind).where(once)))

    def _damage(self) -> str:
        """Let SQLite check a copy of the file, so that recovery is left to the server."""
        if not self.database_url.startswith("sqlite"):
            return "ok"  # PostgreSQL is a server of its own, and was not killed
        path = Path(self.database_url.removeprefix("sqlite:///"))
        with tempfile.TemporaryDirectory() as folder:
            for file in path.parent.glob(f"{path.name}*"):
                shutil.copy(file, folder)
            connection = sqlite3.connect(Path(folder) / path.name)
            try:
                (found,) = connection.execute("PRAGMA integrity_check").fetchone()
            finally:
                connection.close()
        return str(found)

"""The HTTP server that every rival stands behind, so that only what is behind it differs.

``POST /park/{id}`` begins a story and answers when that is on disk; ``POST /resume/{id}`` brings
the answer, and 204 means that it is on disk. ``GET /calling`` counts the stories that have not yet
come to their wait, ``GET /unfinished`` those that are not done.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

import aiohttp
import uvloop

from bench.minimal import serve

STORIES: Final = "CREATE TABLE IF NOT EXISTS stories (id text PRIMARY KEY, state text NOT NULL)"
"""The table of the queues' story; the index below finds what is still open."""

OPEN: Final = "CREATE INDEX IF NOT EXISTS ix_open ON stories (id) WHERE state <> 'done'"
CALLS: Final = 64
"""How many calls may be on the wire at once."""


class Rival(Protocol):
    """One library's way to tell the story."""

    async def park(self, id_: str) -> None:
        """Begin a story, durably."""

    async def resume(self, id_: str) -> bool:
        """Take an answer, durably; say whether the story waited for one."""

    async def calling(self) -> int:
        """Count the stories that have not come to their wait."""

    async def unfinished(self) -> int:
        """Count the stories that are not done."""


Opener = Callable[[str, "Endpoint"], AbstractAsyncContextManager[Rival]]


class Endpoint:
    """What the stories call: the same for all."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def call(self, id_: str) -> None:
        """Call out for a story.

        :raises RuntimeError: the endpoint does not take the call.
        """
        names = ("AccessPackageAssignmentRequestId", "CustomExtensionStageInstanceId")
        async with self._session.post(self._url, json=dict.fromkeys(names, id_)) as reply:
            if reply.status != 202:
                raise RuntimeError(f"the endpoint answered {reply.status}")


class Routes:
    """The routes of a rival."""

    def __init__(self, rival: Rival) -> None:
        self._rival = rival

    async def answer(self, action: str, id_: str) -> tuple[int, bytes]:
        """Give the status and the body."""
        match action:
            case "park":
                await self._rival.park(id_)
                return 204, b""
            case "resume":
                return (204 if await self._rival.resume(id_) else 400), b""
            case "calling":
                return 200, str(await self._rival.calling()).encode()
            case "unfinished":
                return 200, str(await self._rival.unfinished()).encode()
        return 404, b""


async def _serve(opener: Opener, database: str, port: int, endpoint: str) -> None:
    connector = aiohttp.TCPConnector(limit=CALLS)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        opener(database, Endpoint(session, endpoint)) as rival,
    ):
        await serve(Routes(rival).answer, port)


def main(opener: Opener) -> None:
    """Serve until stopped, as ``python -m … DATABASE_URL PORT ENDPOINT_URL`` says."""
    database, port, endpoint = sys.argv[1:]
    uvloop.run(_serve(opener, database, int(port), endpoint))

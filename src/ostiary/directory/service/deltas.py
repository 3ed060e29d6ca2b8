"""Use cases of delta queries: what there is, and what changed since a token was given out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.directory import deltas
from ostiary.directory.deltas import Entry, Position
from ostiary.directory.objects import Kind
from ostiary.directory.store import deltas as store
from ostiary.directory.store import journal
from ostiary.graph.deltas import LATEST, Delta, DeltaQuery
from ostiary.graph.options import MAX_PAGE
from ostiary.storage.database import Database

PAGE: Final = 200
"""Objects and members in a page, unless the caller wants fewer or more."""


@dataclass(frozen=True, slots=True)
class Deltas:
    """Changes of directory objects of each kind."""

    database: Database

    async def page(self, kind: Kind, asked: DeltaQuery) -> Delta:
        """Give the page that a call asks for, and where to go on.

        :raises BadRequest: the token is none of ours.
        :raises ResyncRequired: the changes since the token are no longer kept.
        """
        position = await self._position(kind, asked)
        if asked.deltatoken and asked.deltatoken.lower() == LATEST:
            end = deltas.write(position.ended())
            return Delta(changes=(), select=position.select, deltatoken=end)
        size = min(asked.page or PAGE, MAX_PAGE)
        async with self.database.reading() as conn:
            if position.since < await journal.forgotten(conn):
                raise _resync(asked, position)
            entries = await _entries(conn, position, size + 1)
            shown = entries[:size]
            found = await store.states(conn, {entry.object_id for entry in shown})
        more = len(entries) > size
        return Delta(
            changes=deltas.changes(position, shown, found),
            select=position.select,
            skiptoken=deltas.write(position.moved(shown[-1])) if more else None,
            deltatoken=None if more else deltas.write(position.ended()),
        )

    async def _position(self, kind: Kind, asked: DeltaQuery) -> Position:
        if asked.skiptoken:
            return deltas.read(asked.skiptoken, kind, asked)
        if not asked.deltatoken or asked.deltatoken.lower() == LATEST:
            return deltas.begun(kind, asked, mark=await self._mark())
        position = deltas.read(asked.deltatoken, kind, asked)
        mark = await self._mark()
        if position.since > mark:  # the token comes from another database, or from a lost one
            raise _resync(asked, position)
        return msgspec.structs.replace(position, until=mark)

    async def _mark(self) -> int:
        if self.database.dialect == "sqlite":
            async with self.database.reading() as conn:
                return await journal.mark(conn)
        async with self.database.transaction() as conn:
            return await journal.mark(conn)


async def _entries(conn: AsyncConnection, position: Position, limit: int) -> list[Entry]:
    kind, ids, members = position.kind, position.ids, position.with_members
    if position.after is not None:
        after = position.after
        return await store.everything(
            conn, kind, after=after, ids=ids, members=members, limit=limit
        )
    return await store.changes(
        conn,
        kind,
        since=position.since,
        until=position.until or 0,
        ids=ids,
        members=members,
        limit=limit,
    )


def _resync(asked: DeltaQuery, position: Position) -> Exception:
    return replace(asked, select=position.select, ids=position.ids).resync()

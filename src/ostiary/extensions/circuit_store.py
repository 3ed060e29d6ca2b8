"""What the nodes have noted of their circuits, for people to read: no node decides by it.

A circuit is noted when it opens, for longer too, closes or is paused, not for every call; one that
is closed has no row. What a node that never came back has noted is forgotten after a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.extensions.circuits import Circuit, Noted
from ostiary.extensions.tables import circuits
from ostiary.storage.batches import among
from ostiary.storage.upserts import insert

KEPT: Final = timedelta(days=2)
"""How long a note is kept that nobody renews."""


_VALUES: Final = ("failures", "opens_until", "paused_until", "last_failure", "noted_at")


async def note(
    conn: AsyncConnection, node: str, turned: Mapping[str, Circuit], *, now: datetime
) -> None:
    """Note how the circuits of these extensions stand on a node."""
    held_back = {id_: circuit for id_, circuit in turned.items() if circuit != Circuit()}
    closed = turned.keys() - held_back.keys()
    if closed:
        own = circuits.c.node == node
        await conn.execute(delete(circuits).where(own, among(circuits.c.extension_id, closed)))
    if held_back:
        statement = insert(conn, circuits)
        new = {name: statement.excluded[name] for name in _VALUES}
        upsert = statement.on_conflict_do_update(index_elements=["node", "extension_id"], set_=new)
        rows = [_row(node, id_, circuit, now) for id_, circuit in sorted(held_back.items())]
        await conn.execute(upsert, rows)


async def forget(conn: AsyncConnection, node: str, *, now: datetime) -> None:
    """Forget what an earlier life of a node has noted, and what is old."""
    old = circuits.c.noted_at <= now - KEPT
    await conn.execute(delete(circuits).where(or_(circuits.c.node == node, old)))


async def read(conn: AsyncConnection) -> list[Noted]:
    """Give all notes, by extension and node."""
    statement = select(circuits).order_by(circuits.c.extension_id, circuits.c.node)
    return [
        Noted(
            node=row["node"],
            extension_id=row["extension_id"],
            circuit=Circuit(
                failures=row["failures"],
                opens_until=row["opens_until"],
                paused_until=row["paused_until"],
                label=row["last_failure"],
            ),
            at=row["noted_at"],
        )
        for row in (await conn.execute(statement)).mappings()
    ]


def _row(node: str, extension_id: str, circuit: Circuit, now: datetime) -> dict[str, Any]:
    return {
        "node": node,
        "extension_id": extension_id,
        "failures": circuit.failures,
        "opens_until": circuit.opens_until,
        "paused_until": circuit.paused_until,
        "last_failure": circuit.label,
        "noted_at": now,
    }

"""Which revision the tables have, which they should have, and who may run on them.

Nodes of two releases may share a database while one follows the other. So the database says how old
the code may be that runs on its tables: a revision that takes away what older code needs names, as
``FITS``, the oldest revision whose code can do without.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage.facts import read_fact, write_fact

_log: Final = structlog.get_logger(__name__)

VERSIONS: Final = Path(__file__).parent / "migrations" / "versions"
_NOTED: Final = table("alembic_version", column("version_num"))
_FLOOR: Final = "schema_fits"
"""The fact that names the oldest revision whose code can run on the tables."""


class SchemaTooNew(Exception):
    """The tables are of a later release, which this one cannot work with."""


async def upgrade(conn: AsyncConnection, *, versions: Path = VERSIONS) -> None:
    """Run the revisions that the database lacks, in the transaction of ``conn``.

    The tables of a later release are left as they are, if they suit this one.

    :raises SchemaTooNew: they do not.
    """
    known = revisions(versions)
    current = await conn.run_sync(_current)
    if not known or current == known[-1]:
        return
    if current is not None and current not in known:
        await _check_newer(conn, current, known[-1])
        return
    # Alembic takes a tenth of the start of a server, and nearly every start finds its tables made.
    from ostiary.storage.running_revisions import run

    floor = await run(conn, versions)
    if await read_fact(conn, _FLOOR) != floor:
        await write_fact(conn, _FLOOR, floor)


def revisions(versions: Path) -> list[str]:
    """Give the revisions of a folder, the oldest first: each begins the name of its file."""
    return sorted(path.name.partition("_")[0] for path in versions.glob("[0-9]*_*.py"))


async def _check_newer(conn: AsyncConnection, current: str, own: str) -> None:
    floor = await read_fact(conn, _FLOOR)
    if floor is None or floor > own:
        raise SchemaTooNew(
            f"The database has the tables of a later release (revision {current}), which this one "
            f"(revision {own}) cannot work with: update it, or restore a backup of its own time."
        )
    _log.warning("schema.newer", database=current, own=own)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table(_NOTED.name):
        return None
    return connection.scalar(select(_NOTED.c.version_num))

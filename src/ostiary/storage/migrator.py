"""Alembic, driven from code: one chain of revisions, run on a connection that is given.

Nodes of two releases may share a database while one follows the other. So the database says how old
the code may be that runs on its tables: a revision that takes away what older code needs names, as
``FITS``, the oldest revision whose code can do without.
"""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any, Final

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations.ops import MigrationScript
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.storage.facts import read_fact, write_fact

_log: Final = structlog.get_logger(__name__)

_HOME: Final = Path(__file__).parent / "migrations"
VERSIONS: Final = _HOME / "versions"
_FIRST: Final = "0001"
_FLOOR: Final = "schema_fits"
"""The fact that names the oldest revision whose code can run on the tables."""


class SchemaTooNew(Exception):
    """The tables are of a later release, which this one cannot work with."""


async def upgrade(conn: AsyncConnection, *, versions: Path = VERSIONS) -> None:
    """Run the revisions that the database lacks, in the transaction of ``conn``.

    The tables of a later release are left as they are, if they suit this one.

    :raises SchemaTooNew: they do not.
    """
    config = _config(versions)
    known = {script.revision: script for script in _scripts(config)}
    if not known:
        return
    current = await conn.run_sync(_current)
    if current is not None and current not in known:
        await _check_newer(conn, current, max(known))
        return
    await conn.run_sync(_upgrade, config)
    floor = max(getattr(script.module, "FITS", _FIRST) for script in known.values())
    if await read_fact(conn, _FLOOR) != floor:
        await write_fact(conn, _FLOOR, floor)


async def _check_newer(conn: AsyncConnection, current: str, own: str) -> None:
    floor = await read_fact(conn, _FLOOR)
    if floor is None or floor > own:
        raise SchemaTooNew(
            f"The database has the tables of a later release (revision {current}), which this one "
            f"(revision {own}) cannot work with: update it, or restore a backup of its own time."
        )
    _log.warning("schema.newer", database=current, own=own)


async def write_revision(conn: AsyncConnection, sentence: str, *, versions: Path) -> Path | None:
    """Write the difference between the database and the metadata as the next revision."""
    return await conn.run_sync(_write_revision, _config(versions), sentence)


def _config(versions: Path) -> Config:
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(_HOME))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _scripts(config: Config) -> list[Script]:
    return list(ScriptDirectory.from_config(config).walk_revisions())


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _write_revision(connection: Connection, config: Config, sentence: str) -> Path | None:
    config.attributes["connection"] = connection
    config.attributes["process_revision_directives"] = _nothing_for_nothing
    written = command.revision(config, sentence, autogenerate=True, rev_id=_next_number(config))
    return Path(written.path) if written and not isinstance(written, list) else None


def _next_number(config: Config) -> str:
    return f"{1 + len(_scripts(config)):04d}"


def _nothing_for_nothing(_context: Any, _revision: Any, scripts: list[MigrationScript]) -> None:
    upgrades = scripts[0].upgrade_ops
    if upgrades is not None and upgrades.is_empty():
        scripts.clear()

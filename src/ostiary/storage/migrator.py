"""Alembic, driven from code: one chain of revisions, run on a connection that is given."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

_HOME: Final = Path(__file__).parent / "migrations"
VERSIONS: Final = _HOME / "versions"


async def upgrade(conn: AsyncConnection, *, versions: Path = VERSIONS) -> None:
    """Run the revisions that the database lacks, in the transaction of ``conn``."""
    await conn.run_sync(_upgrade, _config(versions))


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


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _write_revision(connection: Connection, config: Config, sentence: str) -> Path | None:
    config.attributes["connection"] = connection
    config.attributes["process_revision_directives"] = _nothing_for_nothing
    written = command.revision(config, sentence, autogenerate=True, rev_id=_next_number(config))
    return Path(written.path) if written and not isinstance(written, list) else None


def _next_number(config: Config) -> str:
    known = ScriptDirectory.from_config(config).walk_revisions()
    return f"{1 + sum(1 for _ in known):04d}"


def _nothing_for_nothing(_context: Any, _revision: Any, scripts: list[MigrationScript]) -> None:
    upgrades = scripts[0].upgrade_ops
    if upgrades is not None and upgrades.is_empty():
        scripts.clear()

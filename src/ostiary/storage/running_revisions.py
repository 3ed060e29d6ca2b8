"""Alembic, driven from code: one chain of revisions, run on a connection that is given."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

_HOME: Final = Path(__file__).parent / "migrations"
_FIRST: Final = "0001"


async def run(conn: AsyncConnection, versions: Path) -> str:
    """Run the revisions that the database lacks; give the oldest whose code suits the tables."""
    config = configuration(versions)
    await conn.run_sync(_upgrade, config)
    return max(getattr(script.module, "FITS", _FIRST) for script in _scripts(config))


async def write(conn: AsyncConnection, sentence: str, *, versions: Path) -> Path | None:
    """Write the difference between the database and the metadata as the next revision."""
    return await conn.run_sync(_write, configuration(versions), sentence)


def configuration(versions: Path) -> Config:
    """Give what Alembic is told: where the revisions are, and how their files are named."""
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", str(_HOME))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def _scripts(config: Config) -> list[Script]:
    return list(ScriptDirectory.from_config(config).walk_revisions())


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _write(connection: Connection, config: Config, sentence: str) -> Path | None:
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

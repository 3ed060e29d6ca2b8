"""``ostiary db``: the schema of the database, and copies of it."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli import logs
from ostiary.cli.opening import prepare, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import print_json
from ostiary.cli.problems import Failed
from ostiary.settings import Settings
from ostiary.storage import backups, postgresql
from ostiary.storage.database import Database

app = App(name="db")

_EXAMPLES = """
Examples:

  ostiary db upgrade
  ostiary db upgrade --database-url postgresql://ostiary@db/ostiary
"""
_BACKUP_EXAMPLES = """
Examples:

  ostiary db backup /var/backups/ostiary-$(date +%F).db
  ostiary db backup before.db --data-dir /var/lib/ostiary
"""


@app.command(help_epilogue=_EXAMPLES)
def upgrade(*, place: Place = HERE) -> None:
    """Bring the tables to the newest revision.

    A server does the same when it starts. Several upgrades at once wait for each other.
    """
    settings = place.settings()
    logs.configure(settings, quiet=True)
    prepare(settings, make=True)
    run(_upgrade(settings))
    where = database_name(settings)
    print_json({"database": where, "upgraded": True}) if place.as_json else print(
        f"The database has the newest tables ({where})."
    )


@app.command(help_epilogue=_BACKUP_EXAMPLES)
def backup(
    file: Annotated[Path, Parameter(help="The file to make; it must not be there yet.")],
    /,
    *,
    place: Place = HERE,
) -> None:
    """Copy the SQLite database into a new file, while the server runs.

    The copy is as of one instant, and was looked through. For PostgreSQL use its own tools.
    """
    settings = place.settings()
    logs.configure(settings, quiet=True)
    prepare(settings, make=False)
    try:
        size = backups.copy(_file(settings), file)
    except sqlite3.Error as error:
        raise Failed(f"The database could not be copied: {error}.") from error
    except backups.Unsound as error:
        raise Failed(f"The database is damaged, so nothing was kept: {error}.") from error
    if place.as_json:
        print_json({"database": database_name(settings), "file": str(file), "bytes": size})
        return
    print(
        f"The database is in {file} ({size:,} bytes), which holds secrets: keep it as you do them."
    )


def _file(settings: Settings) -> Path:
    """Give the file of a SQLite database.

    :raises Failed: it is another kind, or lives in memory.
    """
    url = postgresql.parsed(settings.database)
    if url.get_backend_name() != "sqlite":
        raise Failed("This copies SQLite. PostgreSQL has tools of its own: pg_dump, pg_basebackup.")
    if not url.database or url.database == ":memory:":
        raise Failed("A database in memory ends with its server, and cannot be copied.")
    return Path(url.database)


def database_name(settings: Settings) -> str:
    """Name the database without its password."""
    if settings.database_url is None:
        return f"embedded, in {settings.data_dir.absolute()}"
    return postgresql.parsed(settings.database_url).render_as_string(hide_password=True)


async def _upgrade(settings: Settings) -> None:
    database = await Database.open(settings.database)
    try:
        await database.upgrade()
    finally:
        await database.close()

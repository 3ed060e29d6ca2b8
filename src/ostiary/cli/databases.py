"""``ostiary db``: the schema of the database."""

from __future__ import annotations

from cyclopts import App

from ostiary.cli import logs
from ostiary.cli.opening import prepare, run
from ostiary.cli.options import HERE, Place
from ostiary.cli.output import print_json
from ostiary.settings import Settings
from ostiary.storage import postgresql
from ostiary.storage.database import Database

app = App(name="db")

_EXAMPLES = """
Examples:

  ostiary db upgrade
  ostiary db upgrade --database-url postgresql://ostiary@db/ostiary
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

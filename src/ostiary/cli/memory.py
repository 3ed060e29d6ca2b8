"""What kind of clock the server of a database runs on, for commands that were not told.

Without it a token made beside a server with a simulated clock would be valid at another time.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ostiary.settings import ClockKind, Settings
from ostiary.storage.database import Database
from ostiary.storage.facts import read_fact, write_fact

_FACT: Final = "clock_kind"


async def remember_clock(database: Database, kind: ClockKind) -> None:
    """Note the clock of the server that starts on this database."""
    async with database.transaction() as conn:
        if await read_fact(conn, _FACT) != kind.value:
            await write_fact(conn, _FACT, kind.value)


async def with_remembered_clock(settings: Settings) -> Settings:
    """Give the settings with the clock of the last server, unless one was chosen."""
    if "clock" in settings.model_fields_set:
        return settings
    database = await Database.open(settings.database)
    try:
        async with database.reading() as conn:
            kind = await read_fact(conn, _FACT)
    except SQLAlchemyError:  # a new database has no facts yet
        kind = None
    finally:
        await database.close()
    return settings.model_copy(update={"clock": ClockKind(kind)}) if kind else settings

"""All tables of Ostiary, and the command that writes the next revision of the schema.

Run ``python -m ostiary.storage.schema "What is now true"`` after a change of any ``tables.py``:
it brings a new database in memory to the newest revision, compares it with the declared tables and
writes the difference to ``storage/migrations/versions``. Read what it wrote before committing it.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module
from pathlib import Path

import ostiary
from ostiary.storage import migrator, running_revisions
from ostiary.storage.engines import open_engines

_HOME = Path(ostiary.__file__).parent


def load_all_tables() -> None:
    """Import the ``tables`` module of every package, so that the metadata is complete."""
    import_module("ostiary.storage.facts")
    for module in sorted(_HOME.glob("*/tables.py")):
        import_module(f"ostiary.{module.parent.name}.tables")


async def write_revision(sentence: str, *, versions: Path = migrator.VERSIONS) -> Path | None:
    """Write the revision that leads from the newest one in ``versions`` to the declared tables.

    The file's path comes back, or None if there is no difference.
    """
    load_all_tables()
    engines = await open_engines("sqlite://")
    try:
        async with engines.migrating() as conn:
            await migrator.upgrade(conn, versions=versions)
            return await running_revisions.write(conn, sentence, versions=versions)
    finally:
        await engines.close()


def main(arguments: list[str]) -> int:
    """Write the next revision; the one argument is the sentence that describes it."""
    if len(arguments) != 1:
        print('Usage: python -m ostiary.storage.schema "What is now true"', file=sys.stderr)
        return 2
    written = asyncio.run(write_revision(arguments[0]))
    print(written or "The newest revision has every declared table: nothing to write.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

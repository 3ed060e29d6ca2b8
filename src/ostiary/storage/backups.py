"""Copies of a SQLite file that is in use: one snapshot, whole or not there at all.

Copying the file with tools for files is not that. What was committed lately is in a second file
beside it, and pages change while they are read.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from ostiary.storage.folders import keep_names

_PRIVATE: Final = 0o600
"""Whoever reads the file reads everything, the secrets of extensions included."""


class Unsound(Exception):
    """The copy is not sound, so the database is not; the message is SQLite's."""


def copy(source: Path, target: Path) -> int:
    """Copy the database at ``source`` to a new file, and give its size in bytes.

    Writers are not kept waiting. The copy is looked through before it gets its name, and is on the
    disk when this returns.

    :raises FileExistsError: there is something at ``target``.
    :raises FileNotFoundError: there is nothing at ``source``, or no folder for ``target``.
    :raises OSError: it cannot be written.
    :raises sqlite3.Error: one of the two cannot be read or written.
    :raises Unsound: the copy is not sound.
    """
    if not source.is_file():
        raise FileNotFoundError(f"There is no database at {source}.")
    if target.exists():
        raise FileExistsError(f"There is something at {target} already.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))
        _copy(source, unfinished)
        with unfinished.open("r+b") as file:
            os.fsync(file.fileno())
        unfinished.rename(target)
        keep_names(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)
    return target.stat().st_size


def _copy(source: Path, target: Path) -> None:
    """Copy all pages in one step, which is one snapshot, into a file without one beside it."""
    with closing(_connect(source, "ro")) as origin, closing(_connect(target, "rw")) as made:
        origin.backup(made)
        made.execute("PRAGMA journal_mode = DELETE")
        (verdict,) = made.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Unsound(verdict)


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)

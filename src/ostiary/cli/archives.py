"""``ostiary archive``: what was written out before it was deleted."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from ostiary.cli.options import HERE, Place
from ostiary.cli.output import print_json, print_rows
from ostiary.cli.problems import Failed, Misused, nearest
from ostiary.storage.archive import ArchiveFile, files

app = App(name="archive")

_LIST_EXAMPLES = """
Example:

  ostiary archive list --archive-dir /var/lib/ostiary/archive
"""
_READ_EXAMPLES = """
Examples:

  ostiary archive read --about 9cbd1b44-71d2-4bba-92d1-0dfefd60a4ed
      everything in which this id stands: a request, a run, a person
  ostiary archive read --kind audit --since 2026-01-01 | jq .user_id
"""

Folder = Annotated[
    Path | None,
    Parameter(
        env_var="OSTIARY_ARCHIVE_DIR",
        show_env_var=True,
        help="The folder of the archive.",
    ),
]


@app.command(name="list", help_epilogue=_LIST_EXAMPLES)
def list_(*, archive_dir: Folder = None, place: Place = HERE) -> None:
    """List the files of the archive, the oldest first."""
    rows = [
        {
            "file": str(file.path),
            "kind": file.kind,
            "day": file.day.isoformat(),
            "lines": sum(1 for _ in file.lines()),
            "bytes": file.path.stat().st_size,
        }
        for file in _files(archive_dir, place)
    ]
    if place.as_json:
        print_json(rows)
        return
    columns = {name: name.upper() for name in ("file", "kind", "day", "lines", "bytes")}
    print_rows(rows, columns, empty="Nothing has been archived yet.")


@app.command(help_epilogue=_READ_EXAMPLES)
def read(
    *,
    kind: Annotated[
        str | None, Parameter(help="Only this kind: requests, runs, workflows, mails, …")
    ] = None,
    since: Annotated[str | None, Parameter(help="Only what was archived from this day on.")] = None,
    until: Annotated[str | None, Parameter(help="Only what was archived up to this day.")] = None,
    about: Annotated[
        str | None, Parameter(help="Only rows in which this stands, such as an id.")
    ] = None,
    archive_dir: Folder = None,
    place: Place = HERE,
) -> None:
    """Print what was archived as JSON Lines: a row each, with the table that it is from.

    What a crash has made stand there twice in a file is printed once.
    """
    found = _files(archive_dir, place)
    _check_kind(kind, found)
    first, last = _day("since", since) or date.min, _day("until", until) or date.max
    wanted = about.encode() if about else b""
    for file in found:
        if file.kind == (kind or file.kind) and first <= file.day <= last:
            for line in file.lines():
                if wanted in line:
                    sys.stdout.write(line.decode() + "\n")


def _files(folder: Path | None, place: Place) -> list[ArchiveFile]:
    chosen = place.settings(archive_dir=folder).archive_dir
    if chosen is None:
        raise Misused("Name the archive: --archive-dir, or OSTIARY_ARCHIVE_DIR as for the server.")
    if not chosen.is_dir():
        raise Failed(f"There is no archive in {chosen}: nothing has been written there yet.")
    return files(chosen)


def _check_kind(kind: str | None, found: list[ArchiveFile]) -> None:
    known = sorted({file.kind for file in found})
    if kind is not None and known and kind not in known:
        listed = ", ".join(known)
        raise Misused(f"--kind {kind!r} is not in the archive: {listed}.{nearest(kind, known)}")


def _day(name: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Misused(f"--{name} {text!r} is no day; write it like 2026-11-25.") from None

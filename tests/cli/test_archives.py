"""The archive on the command line."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from pathlib import Path

import pytest

from ostiary.storage.archive import Archive
from tests.cli.commands import Commands


@pytest.fixture
def ostiary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Commands:
    """The commands, where nothing but the archive is."""
    return Commands(tmp_path / "data", capsys)


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """An archive of two days."""
    archive = Archive(tmp_path / "archive")

    async def fill() -> None:
        await archive.write("runs", [b'{"table":"runs","id":"one"}'], day=date(2026, 1, 5))
        await archive.write("audit", [b'{"table":"audit","user":"one"}'], day=date(2026, 1, 6))
        await archive.write("audit", [b'{"table":"audit","user":"two"}'], day=date(2026, 1, 6))

    asyncio.run(fill())
    return str(tmp_path / "archive")


def test_the_archive_is_listed_and_read_by_kind_day_and_id(ostiary: Commands, folder: str) -> None:
    listed = ostiary("archive", "list", "--archive-dir", folder, "--json").json
    about = ostiary("archive", "read", "--archive-dir", folder, "--about", "one").out
    audit = ostiary("archive", "read", "--archive-dir", folder, "--kind", "audit").out
    until = ostiary("archive", "read", "--archive-dir", folder, "--until", "2026-01-05").out

    assert [(one["kind"], one["day"], one["lines"]) for one in listed] == [
        ("runs", "2026-01-05", 1),
        ("audit", "2026-01-06", 2),
    ]
    assert [json.loads(line)["table"] for line in about.splitlines()] == ["runs", "audit"]
    assert len(audit.splitlines()) == 2
    assert until == '{"table":"runs","id":"one"}\n'


def test_what_makes_no_sense_is_told(ostiary: Commands, folder: str) -> None:
    nowhere = ostiary("archive", "list")
    kind = ostiary("archive", "read", "--archive-dir", folder, "--kind", "run")
    day = ostiary("archive", "read", "--archive-dir", folder, "--since", "yesterday")
    missing = ostiary("archive", "list", "--archive-dir", f"{folder}/none")

    assert (nowhere.code, "OSTIARY_ARCHIVE_DIR" in nowhere.err) == (2, True)
    assert (kind.code, "Did you mean runs?" in kind.err) == (2, True)
    assert (day.code, "2026-11-25" in day.err) == (2, True)
    assert missing.code == 1

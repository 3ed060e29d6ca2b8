"""What commands say of the database."""

from __future__ import annotations

from pathlib import Path

import pytest

from ostiary.cli.databases import database_name
from ostiary.settings import Settings
from tests.cli.commands import Commands


def test_a_database_is_named_without_its_password_however_many_hosts_it_has() -> None:
    def named(url: str) -> str:
        return database_name(Settings(database_url=url))

    assert named("postgresql://o:secret@one/db") == "postgresql://o:***@one/db"
    told = named("postgresql://o:secret@one:5432,two:6432/db")
    assert "one" in told
    assert "two" in told
    assert "secret" not in told


def test_a_copy_is_a_database_for_another_server(
    ostiary: Commands, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    restored = tmp_path / "restored"
    restored.mkdir()
    copy = restored / "ostiary.db"

    made = ostiary("db", "backup", str(copy), "--json")

    assert made.code == 0
    assert made.json["bytes"] == copy.stat().st_size
    before = ostiary("app", "list", "--json")
    after = Commands(restored, capsys)("app", "list", "--json")
    assert after.json == before.json


def test_a_backup_is_never_overwritten(ostiary: Commands, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert "secrets" in ostiary("db", "backup", str(copy)).out
    written = copy.stat().st_mtime_ns

    again = ostiary("db", "backup", str(copy))

    assert again.code == 1
    assert "already" in again.err
    assert copy.stat().st_mtime_ns == written


def test_what_is_no_file_is_not_copied(ostiary: Commands, tmp_path: Path) -> None:
    for url, told in [
        ("postgresql://o:secret@localhost/o", "pg_dump"),
        ("sqlite://", "in memory"),
    ]:
        refused = ostiary("db", "backup", str(tmp_path / "copy.db"), "--database-url", url)
        assert refused.code == 1
        assert told in refused.err
        assert "secret" not in refused.err


def test_a_file_that_is_no_database_is_told_of(ostiary: Commands, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear Adele, " * 1000)

    refused = ostiary(
        "db", "backup", str(tmp_path / "c.db"), "--database-url", f"sqlite:///{tmp_path}/letter.db"
    )

    assert refused.code == 1
    assert "could not be copied" in refused.err

"""What was given, what the environment says, and what is refused."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from ostiary.cli import call
from ostiary.cli.options import Place
from ostiary.cli.problems import Misused
from ostiary.cli.telling import settings_problem, told
from tests.cli.commands import Commands


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_DATA_DIR", "from-the-environment")
    monkeypatch.setenv("OSTIARY_PORT", "9000")

    settings = Place(data_dir=Path("given")).settings(port=None)

    assert settings.data_dir == Path("given")
    assert settings.port == 9000


def test_a_misspelled_variable_is_refused_with_the_name_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OSTIARY_DATABSE_URL", "sqlite://")

    with pytest.raises(Misused, match="Did you mean OSTIARY_DATABASE_URL"):
        Place().settings()


def test_a_wrong_setting_is_named_as_option_and_as_variable() -> None:
    with pytest.raises(ValidationError) as caught:
        Place().settings(port=70_000)

    assert settings_problem(caught.value).startswith("--port (OSTIARY_PORT): ")


def test_a_list_that_is_not_json_is_said_to_be_none(
    ostiary: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_EGRESS_HOSTS", "a,b")

    result = ostiary("db", "upgrade")

    assert result.code == 2
    assert "JSON" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["srve"],
        ["serve", "--prot", "1"],
        ["clock", "advance"],
        ["clock", "advance", "soon"],
        ["clock", "advance", "1h", "--to", "2026-01-01T00:00:00Z"],
        ["clock", "advance", "--to", "tomorrow"],
        ["token"],
        ["token", "--user", "a", "--app", "b"],
        ["token", "--app", "b", "--scope", "User.Read"],
        ["callouts", "list", "--status", "lost"],
        ["callouts", "replay"],
        ["logicapps", "set", "not-a-name", "http://x"],
        ["serve", "--host", "192.0.2.1", "--clock", "simulated"],
    ],
)
def test_misuse_ends_with_two_and_says_why_on_standard_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    code = call(arguments)

    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.startswith("ostiary: ")
    assert not captured.out


@pytest.mark.parametrize("command", ["token --app a", "callouts list", "clock show", "app list"])
def test_a_command_that_reads_does_not_make_a_data_directory(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "missing"

    code = call([*command.split(), "--data-dir", str(missing)])

    assert code == 1
    assert "ostiary serve" in capsys.readouterr().err
    assert not missing.exists()


def test_a_database_that_is_not_reached_is_told_without_its_password(
    ostiary: Commands,
) -> None:
    url = "postgresql://somebody:verysecret@127.0.0.1:1/none"

    result = ostiary("db", "upgrade", "--database-url", url)

    assert result.code == 1
    assert "--database-url" in result.err
    assert "verysecret" not in result.err


@pytest.mark.parametrize("command", ["callouts list", "mails list", "work dead"])
@pytest.mark.parametrize("limit", ["0", "-1", "99999999999999999999"])
def test_a_list_has_at_least_one_row_and_not_endlessly_many(
    ostiary: Commands, command: str, limit: str
) -> None:
    result = ostiary(*command.split(), "--limit", limit)

    assert result.code == 2
    assert "--limit" in result.err


@pytest.mark.parametrize("command", ["token --app a --role User.Read.All", "callouts list"])
def test_a_command_that_reads_makes_no_database_in_a_directory_without_one(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = call([*command.split(), "--data-dir", str(tmp_path)])

    assert code == 1
    assert "ostiary serve" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_somebody_else_holds_is_told_in_a_line() -> None:
    held = sqlite3.OperationalError("database is locked")
    held.sqlite_errorcode = sqlite3.SQLITE_BUSY

    problem = told(OperationalError("BEGIN IMMEDIATE", {}, held))

    assert problem is not None
    code, line = problem
    assert code == 1
    assert "database is locked" in line


def test_a_database_that_is_named_needs_no_data_directory_beside_it(
    ostiary: Commands, data_dir: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--database-url", f"sqlite:///{data_dir}/ostiary.db", "--data-dir", f"{tmp_path}/none"]

    assert call(["callouts", "list", *place]) == 0
    assert call(["token", "--user", "adele@contoso.example", *place]) == 1
    assert "--data-dir" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()

"""No log line holds what would let anybody in."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from io import StringIO

import pytest
import structlog

from ostiary.cli import logs
from ostiary.cli.problems import Misused
from ostiary.cli.redaction import REMOVED, redact, redacted
from ostiary.settings import LogFormat, Settings

TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"Authorization: Bearer {TOKEN}", f"Authorization: Bearer {REMOVED}"),
        (f"got PoP {TOKEN} from it", f"got PoP {REMOVED} from it"),
        (f"the token {TOKEN}", f"the token {REMOVED}"),
        (
            "https://x/invoke?api-version=1&sig=abc%2F",
            f"https://x/invoke?api-version=1&sig={REMOVED}",
        ),
        ("client_id=a&client_secret=s3cret&x=1", f"client_id=a&client_secret={REMOVED}&x=1"),
        ("postgresql://me:pw@db/x", f"postgresql://{REMOVED}@db/x"),
        ("postgresql://me:p@w@db/x", f"postgresql://{REMOVED}@db/x"),
        ("a basic idea", "a basic idea"),
    ],
)
def test_what_looks_like_a_secret_is_removed_from_a_text(text: str, safe: str) -> None:
    assert redacted(text) == safe


@pytest.mark.parametrize("name", ["Authorization", "client_secret", "password", "token", "sig"])
def test_a_member_that_is_named_like_a_secret_is_removed(name: str) -> None:
    event = redact(None, "info", {"event": "x", "request": {name: "whatever"}})

    assert event == {"event": "x", "request": {name: REMOVED}}


def test_ids_times_and_numbers_stay() -> None:
    event = {"event": "callout.taken", "callout": "957d0c50-466b", "attempts": 2, "ok": True}

    assert redact(None, "info", dict(event)) == event


def test_lines_of_ours_and_of_libraries_are_json_without_secrets(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(Settings(log_format=LogFormat.JSON))

    structlog.get_logger("ours").info("sent", header=f"Bearer {TOKEN}")
    logging.getLogger("theirs").warning("failed with %s", TOKEN)

    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["header"], ours["level"]) == ("sent", f"Bearer {REMOVED}", "info")
    assert ours["logger"] == "ours"
    assert datetime.fromisoformat(ours["timestamp"]).tzinfo is not None
    assert (theirs["event"], theirs["logger"]) == (f"failed with {REMOVED}", "theirs")


def test_a_traceback_is_logged_without_the_secrets_of_its_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(Settings(log_format=LogFormat.CONSOLE))

    try:
        raise ValueError(f"bad token {TOKEN}")
    except ValueError:
        structlog.get_logger("ours").exception("work.failed")

    line = capsys.readouterr().err
    assert "Traceback" in line
    assert "eyJ" not in line


def test_a_line_that_nobody_reads_any_more_disturbs_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    logs.configure(Settings(log_format=LogFormat.JSON))
    closed = StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stderr", closed)

    structlog.get_logger("ours").error("work.failed")


def test_commands_that_print_a_result_log_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(), quiet=True)

    structlog.get_logger("ours").warning("clock.simulated")

    assert not capsys.readouterr().err


def test_a_level_that_was_chosen_is_obeyed_by_them_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_level="debug"), quiet=True)

    structlog.get_logger("ours").debug("clock.simulated")

    assert "clock.simulated" in capsys.readouterr().err


def test_a_level_that_is_none_is_refused() -> None:
    with pytest.raises(Misused, match="debug, info, warning, error"):
        logs.configure(Settings(log_level="loud"))

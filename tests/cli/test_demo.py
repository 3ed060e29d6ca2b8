"""The demonstration, as it is watched: both stories are told, and what it says to try works."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import httpx
import pytest

from tests.cli.commands import PATIENCE

DEMO = [sys.executable, "-m", "ostiary.cli", "demo"]
LAST_LINE = "has no objection to anybody else"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """A demonstration that has run to its end, with variables that must not disturb it."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    disturbing = {"OSTIARY_DATA_DIR": str(elsewhere), "OSTIARY_DATABASE_URL": "sqlite:///nowhere/x"}
    done = subprocess.run(
        DEMO,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **disturbing},
        check=False,
    )
    assert not list(elsewhere.iterdir())
    return done


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What a demonstration has printed that stays; it runs until the last test of this module."""
    place = tmp_path_factory.mktemp("kept")
    arguments = ["--keep", "--data-dir", str(place / "data")]
    process = subprocess.Popen([*DEMO, *arguments], stdout=subprocess.PIPE, text=True)
    too_late = Timer(PATIENCE, process.kill)
    too_late.start()
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or LAST_LINE not in lines[-1]:
        lines.append(process.stdout.readline())
        assert lines[-1], "".join(lines)
    too_late.cancel()
    yield "".join(lines)
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 0
    process.stdout.close()


def chapter(text: str, title: str) -> list[str]:
    """Give the lines of a chapter."""
    _, _, after = text.partition(f"── {title}")
    return after.partition("\n──")[0].splitlines()[1:]


def to_copy(lines: list[str]) -> str:
    """Give the lines that are to be copied: they are indented by four."""
    return "\n".join(line[4:] for line in lines if not line or line.startswith("    "))


def test_both_stories_are_told_to_their_end(told: subprocess.CompletedProcess[str]) -> None:
    assert (told.returncode, told.stderr) == (0, "")


@pytest.mark.parametrize(
    ("title", "states"),
    [
        (
            "Megan asks",
            [
                "submitted / Accepted",
                "submitted / WaitingForCallback",
                "pendingApproval / PendingApproval",
                "delivered / ",
                "Megan is a member",
            ],
        ),
        (
            "Isaiah asks",
            [
                "submitted / WaitingForCallback",
                "denied / DeniedByCustomExtension",
            ],
        ),
        (
            "Joni asks",
            [
                "submitted / WaitingForCallback",
                "now 2026-01-05T10:00:00Z",
                "denied / CallbackTimedOut",
                "resume 400 refused",
            ],
        ),
        (
            "Alex joins",
            [
                "'Order a laptop' inProgress",
                "'Join the team' queued",
                "'Join the team' completed",
                "Alex is a member",
            ],
        ),
    ],
)
def test_each_story_passes_through_its_states_in_order(
    told: subprocess.CompletedProcess[str], title: str, states: list[str]
) -> None:
    text = "\n".join(chapter(told.stdout, title))

    assert re.search(".*".join(map(re.escape, states)), text, re.DOTALL), text


def test_no_line_is_longer_than_a_hundred_columns(
    told: subprocess.CompletedProcess[str],
) -> None:
    assert [line for line in told.stdout.splitlines() if len(line) > 100] == []


def test_a_call_that_the_server_did_not_make_is_refused_by_the_endpoint(kept: str) -> None:
    match = re.search(r"endpoint  (http://\S+)", kept)
    assert match is not None

    reply = httpx.post(f"{match[1]}/separation-of-duties", json={"Stage": "any"})

    assert reply.status_code == 401


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl to try it with")
def test_the_lines_that_are_printed_work_in_a_shell_and_in_python(
    kept: str, tmp_path: Path
) -> None:
    commands = to_copy(chapter(kept, "The same by hand"))
    (tmp_path / "sdk.py").write_text(to_copy(chapter(kept, "And with the Graph SDK")))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        ["bash", "-e"],
        input=f"{commands}\npython {tmp_path / 'sdk.py'}\n",
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        env={**os.environ, "PATH": path},
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "callbackReceived" in done.stdout
    assert "AccessPackageRequestState.Delivered" in done.stdout


def test_a_directory_that_holds_something_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ostiary.cli import call

    (tmp_path / "precious").touch()

    assert call(["demo", "--data-dir", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]

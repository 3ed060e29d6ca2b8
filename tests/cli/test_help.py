"""Help that teaches: every command says what it is for, and shows how it is typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cyclopts import App

from ostiary.cli import app, call
from ostiary.cli.app import COMMANDS


def commands(of: App, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the words of every command that does something."""
    for name in of:
        if name.startswith("-"):
            continue
        below = of[name]
        if below.default_command is not None:
            yield (*path, name)
        yield from commands(below, (*path, name))


ALL = sorted(commands(app))


def test_there_are_the_commands_that_are_promised() -> None:
    words = {" ".join(path) for path in ALL}

    assert words >= {
        "serve",
        "worker",
        "token",
        "clock show",
        "clock advance",
        "callouts list",
        "callouts show",
        "callouts replay",
        "callouts health",
        "logicapps set",
        "logicapps list",
        "app add",
        "app list",
        "tls ca",
        "db upgrade",
        "demo",
    }


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_the_help_of_a_command_has_an_example(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    code = call([*path, "--help"])

    shown = capsys.readouterr().out
    assert code == 0
    assert "Example" in shown
    assert f"ostiary {' '.join(path)}" in shown.partition("Example")[2]


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_an_example_is_not_broken_by_a_terminal_of_eighty_columns(path: tuple[str, ...]) -> None:
    command = app
    for word in path:
        command = command[word]

    assert [line for line in (command.help_epilogue or "").splitlines() if len(line) >= 80] == []


@pytest.mark.parametrize("name", [path[0] for path in ALL if len(path) == 1])
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    _, line = COMMANDS[name]

    command = app[name].default_command
    assert command is not None
    assert line == (command.__doc__ or "").partition("\n")[0]


def test_without_a_command_the_help_says_where_to_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = call([])

    assert code == 0
    assert "ostiary demo" in capsys.readouterr().out

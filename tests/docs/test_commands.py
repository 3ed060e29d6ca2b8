"""Every command and each of its options is in the manual, and nothing else is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ostiary.cli.app import app
from tests.docs.pages import REFERENCE, ROOT, Example, examples, pages

PAGE: Final = REFERENCE / "cli.md"
COMMON: Final = "Options of every command"
OWN: Final = frozenset({"--help", "-h", "--version"})
TYPED: Final = [one for page in pages() for one in examples(page) if one.language == "bash"]


def sections() -> dict[str, str]:
    """Give the text below each heading of the page."""
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return {title.strip("`"): text for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def commands(group: Any = app, path: str = "ostiary") -> Iterator[tuple[str, Any]]:
    """Give every command by its whole name."""
    names = [name for name in group if name not in OWN]
    if not names:
        yield path, group
    for name in names:
        yield from commands(group[name], f"{path} {name}")


def options(command: Any) -> set[str]:
    """Give the names of the options of a command."""
    arguments = command.assemble_argument_collection()
    return {name for argument in arguments for name in argument.names if name.startswith("--")}


def documented(text: str) -> set[str]:
    """Give the options that the first columns of a section's tables name."""
    rows = re.findall(r"^\| (`--.+?`) \|", text, re.MULTILINE)
    return {name for row in rows for name in re.findall(r"--[a-z-]+", row)}


COMMANDS: Final = dict(commands())


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    named = {title for title in sections() if title.startswith("ostiary ")}

    assert named == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_the_table_of_its_command(name: str) -> None:
    common = documented(sections()[COMMON])
    shared = set() if name == "ostiary demo" else common

    assert documented(sections()[name]) | shared == options(COMMANDS[name])


def calls(text: str) -> Iterator[tuple[str, set[str]]]:
    """Give the commands of a shell text, each with the options that it is called with."""
    whole = text.replace("\\\n", " ")
    for words in re.findall(r"\bostiary ((?:[a-z]+ ?)+)([^\n|)]*)", whole):
        name = f"ostiary {words[0].strip()}"
        while name not in COMMANDS and " " in name:
            name = name.rpartition(" ")[0]
        yield name, set(re.findall(r"(?<!\S)--[a-z-]+", words[1]))


@pytest.mark.parametrize("example", TYPED, ids=str)
def test_every_command_that_is_shown_exists_with_its_options(example: Example) -> None:
    for name, shown in calls(example.text):
        assert name in COMMANDS, name
        assert shown <= options(COMMANDS[name]) | OWN, name


def test_every_target_of_the_makefile_is_told_to_contributors() -> None:
    targets = re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    told = re.findall(r"`make ([a-z]+)", (ROOT / "CONTRIBUTING.md").read_text())

    assert set(targets) - {"help"} <= set(told)

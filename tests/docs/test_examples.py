"""What README and tutorial tell to type works, and whatever is shown is well-formed."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.docs.pages import DOCS, ROOT, Example, examples, pages
from tests.docs.terminal import Terminal

TYPED: Final = (ROOT / "README.md", DOCS / "tutorial" / "first-request.md")
SHOWN: Final = [one for page in pages() for one in examples(page)]


def in_language(language: str) -> list[Example]:
    return [example for example in SHOWN if example.language == language]


def test_readme_and_tutorial_can_be_typed_from_the_first_line_to_the_last(tmp_path: Path) -> None:
    Terminal(tmp_path).run([example for page in TYPED for example in examples(page)])


@pytest.mark.parametrize("example", in_language("python"), ids=str)
def test_every_python_example_compiles(example: Example) -> None:
    compile(example.text, str(example), "exec")


def test_every_shell_example_parses() -> None:
    script = "\n".join(example.text for example in in_language("bash"))

    parsed = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True)

    assert parsed.stderr == ""


def test_every_block_says_what_it_is() -> None:
    languages = {"bash", "hcl", "http", "ini", "json", "python", "text", "yaml"}

    assert [str(one) for one in SHOWN if one.language not in languages] == []

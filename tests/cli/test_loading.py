"""A command loads what it needs of the program, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

_CALL = """
import gc, json, sys
from ostiary.cli import main
code = main()
print(json.dumps([code, sorted(sys.modules), gc.isenabled(), gc.get_freeze_count()]))
"""


def told_by(script: str, *arguments: str) -> Any:
    """Run a script in a process of its own; give what it printed last, a line of JSON."""
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_says_only_how_to_call_loads_nothing_of_the_program(argument: str) -> None:
    code, modules, _, _ = told_by(_CALL, argument)

    heavy = {"sqlalchemy", "alembic", "aiohttp", "jinja2", "pydantic", "cryptography", "uvicorn"}
    own = {name for name in modules if name.startswith("ostiary.")}
    assert code == 0
    assert own == {"ostiary.cli", "ostiary.cli.app"}
    assert heavy & set(modules) == set()


def test_the_garbage_collector_leaves_alone_what_was_loaded_and_nothing_more() -> None:
    _, _, collects, left_alone = told_by(_CALL, "--version")

    assert collects
    assert left_alone > 0

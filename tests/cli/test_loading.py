"""A command loads what it needs of the program, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ostiary.cli.app import COMMANDS

_CALL = """
import gc, json, sys
from ostiary.cli import main
code = main()
collector = gc.isenabled(), gc.get_freeze_count(), gc.get_threshold()[0]
print(json.dumps([code, sorted(sys.modules), collector]))
"""
_LOAD = """
import json, sys
from ostiary.cli.app import load
load(sys.argv[1:])
print(json.dumps(sorted(sys.modules)))
"""
_UPGRADE = """
import asyncio, json, sys
from ostiary.cli.app import load
from ostiary.storage.database import Database

async def upgrade(url):
    database = await Database.open(url)
    await database.upgrade()
    await database.close()

load(["serve"])
asyncio.run(upgrade(sys.argv[1]))
print(json.dumps(sorted(sys.modules)))
"""


def told_by(script: str, *arguments: str) -> Any:
    """Run a script in a process of its own; give what it printed last, a line of JSON."""
    ran = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout.splitlines()[-1])


@pytest.mark.parametrize("argument", ["--version", "--help"])
def test_what_says_only_how_to_call_loads_nothing_of_the_program(argument: str) -> None:
    code, modules, _ = told_by(_CALL, argument)

    heavy = {"sqlalchemy", "alembic", "aiohttp", "jinja2", "pydantic", "cryptography", "uvicorn"}
    own = {name for name in modules if name.startswith("ostiary.")}
    assert code == 0
    assert own == {"ostiary.cli", "ostiary.cli.app"}
    assert heavy & set(modules) == set()


@pytest.mark.parametrize(
    "command",
    [
        "callouts list",
        "callouts health",
        "mails list",
        "work dead",
        "app list",
        "logicapps list",
        "clock show --clock simulated",
        "token --app a-script --role User.Read.All",
        "db upgrade",
    ],
)
def test_what_looks_at_a_deployment_loads_no_server(command: str, data_dir: Path) -> None:
    code, modules, _ = told_by(_CALL, *command.split(), "--data-dir", str(data_dir))

    server = {"ostiary.server.composition", "ostiary.server.governors", "uvicorn", "starlette"}
    assert code == 0
    assert {*server, "alembic", "jinja2"} & set(modules) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_reads_extensions_knows_every_type_that_may_stand_in_them(
    command: str,
) -> None:
    modules = set(told_by(_LOAD, command))

    if "ostiary.extensions.extension_store" in modules:
        assert modules >= {
            "ostiary.entitlement.model.extensions",
            "ostiary.lifecycle.model.extensions",
        }


def test_a_server_loads_no_migrations_where_the_tables_are_made(data_dir: Path) -> None:
    modules = set(told_by(_UPGRADE, f"sqlite:///{data_dir / 'ostiary.db'}"))

    assert "ostiary.server.composition" in modules
    assert {"alembic", "mako", "ostiary.cli.demo"} & modules == set()


def test_the_garbage_collector_leaves_alone_what_was_loaded_and_nothing_more() -> None:
    _, _, (collects, left_alone, young) = told_by(_CALL, "--version")

    assert collects
    assert left_alone > 0
    assert young == 10_000

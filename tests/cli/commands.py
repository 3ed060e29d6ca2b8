"""Calling commands: in this process for what prints and ends, in another for what runs."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from ostiary.cli import call
from ostiary.storage.database import Database

T = TypeVar("T")

PATIENCE = 60
"""How many seconds a process may take to start or to end."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands on one data directory."""

    data_dir: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Result:
        """Call ``ostiary …`` in this process."""
        self.capsys.readouterr()
        code = call([*arguments, "--data-dir", str(self.data_dir)])
        captured = self.capsys.readouterr()
        return Result(code, captured.out, captured.err)


@dataclass(slots=True)
class Process:
    """A command that runs; ``told`` is the JSON document that it began with."""

    process: subprocess.Popen[str]
    told: dict[str, Any]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and give the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def launched(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run ``ostiary …`` in a process until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ostiary.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def started(*arguments: str) -> Iterator[Process]:
    """Run ``ostiary … --json`` in a process until the block ends, once it has said what it is."""
    with launched(*arguments, "--json") as process:
        too_late = Timer(PATIENCE, process.kill)
        too_late.start()
        try:
            told = _first_document(process)
        finally:
            too_late.cancel()
        yield Process(process, told)


def _first_document(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Read the JSON document that a process prints when it is ready; it ends with a bare brace."""
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or lines[-1] != "}\n":
        line = process.stdout.readline()
        if not line:
            assert process.stderr is not None
            pytest.fail(f"it ended: {process.stderr.read()}")
        lines.append(line)
    return dict(json.loads("".join(lines)))


def in_data(data_dir: Path, act: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run something in a transaction on the data of a test."""

    async def acted() -> T:
        database = await Database.open(f"sqlite:///{data_dir / 'ostiary.db'}")
        try:
            async with database.transaction() as conn:
                return await act(conn)
        finally:
            await database.close()

    return asyncio.run(acted())

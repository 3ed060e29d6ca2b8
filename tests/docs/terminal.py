"""Typing what pages tell to type: their shell blocks, in one shell, in their order.

A comment above a block says more about it:

* ``not run``: nobody runs it here,
* ``in its own terminal``: it runs beside the others, which go on when it listens,
* ``save as NAME``: it is a file,
* ``prints``: it is what the block before it prints, ids and instants apart.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, Example
from tests.docs.zygote import SHIM

SERVER, ENDPOINT = "8080", "9000"
"""The ports of the manual. They may be taken here, so others stand for them."""

PATIENCE: Final = 120
"""How many seconds the blocks may take on a loaded machine."""

_MARK: Final = "----- next block -----"
_ID: Final = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_INSTANT: Final = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")

_BEGINNING: Final = """\
set -eu -o pipefail
trap 'kill $(jobs -p) 2> /dev/null' EXIT
settled() {  # a move by nothing returns when all that is due has run
    : ${SETTLER:=$(ostiary token --app settler --role User.Read.All)}
    curl -sS -o /dev/null -X POST http://127.0.0.1:8080/ostiary/clock/advance \\
        -H "Authorization: Bearer $SETTLER" -d '{"duration": "PT0S"}'
}
listens() {
    until (: < /dev/tcp/127.0.0.1/$1) 2> /dev/null; do sleep 0.05; done
}
"""


class Wrong(AssertionError):
    """A page tells something that is not so."""


class Terminal:
    """A directory in which blocks are run, with the commands where an installation has them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ports = {port: _free_port() for port in (SERVER, ENDPOINT)}

    def run(self, examples: Sequence[Example]) -> None:
        """Run the blocks, and compare what they print with what the pages say.

        :raises Wrong: a command fails, or prints something else.
        """
        script, typed = [_BEGINNING], []
        running: set[str] = set()
        for example in examples:
            if example.note.startswith("save as "):
                name = example.note.removeprefix("save as ")
                (self._directory / name).write_text(self._here(example.text))
            elif example.note == "in its own terminal":
                port = SERVER if "ostiary" in example.text else ENDPOINT
                script += [] if port in running else [_beside(example, port)]
                running.add(port)
            elif example.language == "bash" and example.note != "not run":
                script += [f"echo '{_MARK}'", example.text, "settled"]
                typed.append(example)
        printed = self._bash(self._here("\n".join(script))).split(f"{_MARK}\n")[1:]
        _compare(examples, dict(zip(map(id, typed), printed, strict=True)))

    def _here(self, text: str) -> str:
        """Give a text with the ports of this terminal."""
        for known, chosen in self._ports.items():
            text = re.sub(rf"\b{known}\b", chosen, text)
        return text

    def _bash(self, script: str) -> str:
        """Run a script and give what it prints.

        :raises Wrong: a command of it fails.
        """
        with self._commands() as environment:
            process = subprocess.run(
                ["bash", "-c", script],
                cwd=self._directory,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        if process.returncode:
            logs = [path.read_text() for path in self._directory.glob("*.log")]
            told = [process.stdout, process.stderr, *logs]
            raise Wrong("\n".join(text[-2_000:] for text in told))
        return process.stdout

    @contextmanager
    def _commands(self) -> Iterator[dict[str, str]]:
        """Give the environment of somebody who has the commands on the path."""
        programs = self._directory / ".venv" / "bin"
        programs.mkdir(parents=True)
        path = str(self._directory / "zygote")
        shim = programs / "ostiary"
        shim.write_text(SHIM.format(python=sys.executable, path=path))
        shim.chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if "OSTIARY" not in name}
        search = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = {**kept, "PATH": search, "OSTIARY_PORT": self._ports[SERVER]}
        with subprocess.Popen(
            [sys.executable, "-m", "tests.docs.zygote", path],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            start_new_session=True,  # a group of its own, with all that it forks
        ) as zygote:
            try:
                assert zygote.stdout is not None
                zygote.stdout.readline()  # it listens
                yield environment
            finally:
                os.killpg(zygote.pid, signal.SIGTERM)


def plain(text: str) -> str:
    """Give a text without what differs each time."""
    return _INSTANT.sub("<instant>", _ID.sub("<id>", text)).strip()


def _beside(example: Example, port: str) -> str:
    return f"({example.text.strip()}) > {port}.log 2>&1 &\nlistens {port}"


def _compare(examples: Sequence[Example], printed: dict[int, str]) -> None:
    before = ""
    for example in examples:
        before = printed.get(id(example), before)
        if example.note == "prints" and plain(example.text) not in plain(before):
            raise Wrong(f"{example}\n\nThe page says:\n{example.text}\nIt prints:\n{before}")


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return str(free.getsockname()[1])

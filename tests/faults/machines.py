"""Nodes as processes of their own, which are made to fail and started again."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
_AGAIN: Final = 0.3


@dataclass
class Machine:
    """One node: ``ostiary serve`` or ``ostiary worker``, which is started again when it ends.

    ``surprises`` tells of ends that nobody caused.
    """

    name: str
    arguments: Sequence[str]
    home: Path
    environment: Mapping[str, str]
    port: int | None = None
    surprises: list[str] = field(default_factory=list)
    _process: asyncio.subprocess.Process | None = None
    _keeping: asyncio.Task[None] | None = None
    _is_hit: bool = False
    _rest: float = 0.0
    _begin: int = 0

    @property
    def url(self) -> str:
        """Where it listens, if it serves."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        self.home.mkdir(parents=True, exist_ok=True)
        self._keeping = asyncio.create_task(self._keep(), name=f"keep {self.name}")

    def kill(self, *, rest: float = 0.0) -> None:
        """End it at once, as a crash would; it is started again after so many seconds."""
        self._hit(signal.SIGKILL, rest)

    def ask_to_stop(self, *, rest: float = 0.0) -> None:
        """Have it drained; it is started again after so many seconds."""
        self._hit(signal.SIGTERM, rest)

    async def ended(self) -> None:
        """Return when the process that runs now has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """Stop it for good, and wait until it has ended."""
        assert self._keeping is not None
        self._keeping.cancel()
        await asyncio.wait([self._keeping])
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(PATIENCE):
                    code = await process.wait()
            except TimeoutError:
                process.kill()
                code = await process.wait()
            # One that is still being imported knows of no signals yet.
            if code != 0 and (self._has_begun() or code != -signal.SIGTERM):
                self.surprises.append(f"{self.name} was asked to stop and ended with {code}")

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.home / "log").read_text(errors="replace")

    def _hit(self, number: int, rest: float) -> None:
        if self._process is not None and self._process.returncode is None:
            self._is_hit, self._rest = True, rest
            self._process.send_signal(number)

    async def _keep(self) -> None:
        while True:
            self._is_hit, self._rest = False, _AGAIN
            self._begin = self._size()
            self._process = await self._started()
            code = await self._process.wait()
            # Without a database a node cannot begin, and says so; later it has to live without.
            if not self._is_hit and self._has_begun():
                self.surprises.append(f"{self.name} ended by itself with {code}")
            await asyncio.sleep(self._rest)

    def _size(self) -> int:
        path = self.home / "log"
        return path.stat().st_size if path.exists() else 0

    def _has_begun(self) -> bool:
        with (self.home / "log").open("rb") as log:
            log.seek(self._begin)
            said = log.read().decode(errors="replace")
        return '"node"' in said or '"url"' in said

    async def _started(self) -> asyncio.subprocess.Process:
        command = ["-c", "from ostiary.cli import main; main()", *self.arguments, "--json"]
        with (self.home / "log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment, "OSTIARY_DATA_DIR": str(self.home)},
            )

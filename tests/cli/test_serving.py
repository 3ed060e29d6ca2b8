"""The server as a process: it listens, is found by other commands, and stops as it should."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ostiary.identity import tls
from ostiary.server import whereabouts
from tests.cli.commands import PATIENCE, Commands, Process, launched, started
from tests.support.databases import PostgreSQL, opened

CATALOGS = "/v1.0/groups"


@pytest.fixture
def server(data_dir: Path) -> Iterator[Process]:
    """A server with a simulated clock, on a free port."""
    arguments = ["--port", "0", "--clock", "simulated", "--data-dir", str(data_dir)]
    with started("serve", *arguments) as process:
        yield process


def test_a_server_is_ready_when_it_says_where_it_is(server: Process) -> None:
    health = httpx.get(f"{server.told['url']}/health/ready")

    assert (health.status_code, health.json()) == (200, {"status": "ready"})
    assert server.told["developmentAids"] == ["issuer", "loopbackTargets", "simulatedClock"]


def test_commands_beside_a_server_need_not_be_told_its_clock(
    server: Process, ostiary: Commands
) -> None:
    before = ostiary("clock", "show").out.strip()
    moved = ostiary("clock", "advance", "P40D", "--json").json

    token = ostiary("token", "--user", "adele@contoso.example").out.strip()
    me = httpx.get(f"{server.told['url']}/v1.0/me", headers={"Authorization": f"Bearer {token}"})

    assert moved["now"] > before
    assert ostiary("clock", "show").out.strip() == moved["now"]
    assert me.json()["displayName"] == "Adele Vance"


def test_the_running_server_refuses_to_go_back_in_time(server: Process, ostiary: Commands) -> None:
    result = ostiary("clock", "advance", "--to", "2020-01-01T00:00:00Z")

    assert result.code == 1
    assert f"{server.told['url']} refused" in result.err


def test_a_second_server_on_the_same_embedded_data_is_refused(
    server: Process, ostiary: Commands
) -> None:
    result = ostiary("serve", "--port", "0")

    assert result.code == 1
    assert server.told["url"] in result.err


def test_a_worker_does_not_run_where_time_is_simulated(server: Process, ostiary: Commands) -> None:
    result = ostiary("worker")

    assert result.code == 1
    assert "simulated clock" in result.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_stopped_ends_well_and_takes_its_note_away(
    server: Process, data_dir: Path, number: int
) -> None:
    assert whereabouts.read(data_dir) is not None

    code = server.stop(number)

    assert code == 0
    assert not (data_dir / "server.json").exists()


def test_a_server_that_drains_says_so_and_still_answers(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_DRAIN", "PT5M")
    with started("serve", "--port", "0", "--data-dir", str(data_dir)) as server:
        server.process.send_signal(signal.SIGTERM)
        while (ready := httpx.get(f"{server.told['url']}/health/ready")).status_code == 200:
            pass  # the signal is on its way

        assert ready.json() == {"status": "not ready", "why": "Stopping"}
        assert httpx.get(f"{server.told['url']}/health/live").status_code == 200
        assert server.stop() == 0  # who asks twice will not wait


def test_the_note_of_a_server_that_was_killed_stops_nobody(
    server: Process, data_dir: Path, ostiary: Commands
) -> None:
    server.process.kill()  # and nobody has collected it: its process number is still taken

    shown = ostiary("clock", "show")
    with started("serve", "--port", "0", "--data-dir", str(data_dir)) as second:
        assert httpx.get(f"{second.told['url']}/health/ready").status_code == 200

    assert shown.code == 0


def test_https_is_trusted_by_the_certificate_that_a_command_names(
    ostiary: Commands, data_dir: Path
) -> None:
    arguments = ["--port", "0", "--tls", "--data-dir", str(data_dir)]
    with started("serve", *arguments) as process:
        trust = ssl.create_default_context(cafile=ostiary("tls", "ca").out.strip())
        port = process.told["port"]
        answers = [
            httpx.get(f"https://{host}:{port}/health/live", verify=trust).status_code
            for host in ("127.0.0.1", "localhost")
        ]
        clock = ostiary("clock", "show")

    assert answers == [200, 200]
    assert clock.code == 1  # it is real


@pytest.mark.parametrize(
    ("chain", "key", "said"),
    [
        ("ca.pem", "missing.pem", "no file"),
        ("ca.pem", "server-key.pem", "key values mismatch"),
        ("ca-key.pem", "ca-key.pem", "PEM"),
    ],
)
def test_a_certificate_that_cannot_be_served_is_told_with_its_files(
    ostiary: Commands, tmp_path: Path, chain: str, key: str, said: str
) -> None:
    made = tls.ensure(tmp_path, ["localhost"], now=datetime.now(UTC)).key.parent

    files = ["--tls-certificate", f"{made}/{chain}", "--tls-key", f"{made}/{key}"]
    result = ostiary("serve", "--port", "0", *files)

    assert result.code == 1
    assert said in result.err
    assert key in result.err


def test_a_worker_of_its_own_runs_beside_a_server_without_one(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_METRICS_PORT", "0")
    place = ["--data-dir", str(data_dir)]
    with (
        started("serve", "--port", "0", "--no-worker", *place) as server,
        started("worker", *place) as worker,
    ):
        assert server.told["worker"] is False
        assert worker.told["node"].split("-")[-1] == str(worker.process.pid)
        for process in (server, worker):
            shown = httpx.get(process.told["metrics"])
            assert "ostiary_database_reached 1.0" in shown.text

        assert worker.stop() == 0
        assert server.stop() == 0


def test_a_port_for_prometheus_that_is_taken_is_told_of(
    ostiary: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("OSTIARY_METRICS_PORT", str(taken.getsockname()[1]))
        result = ostiary("serve", "--port", "0")

    assert result.code == 1
    assert "Choose another OSTIARY_METRICS_PORT" in result.err
    gc.collect()  # a socket that was left open would be told of here


async def test_a_process_that_waits_for_its_name_is_stopped_at_once_and_ends_well(
    postgresql: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSTIARY_NODE", "twin")
    commands = [("serve", signal.SIGTERM), ("worker", signal.SIGINT)]
    async with postgresql.fresh(tables=False) as url, opened(url) as database:
        name = database.name("twin", lambda: None)
        assert name is not None
        await name.take()

        monkeypatch.setenv("OSTIARY_DATABASE_URL", url)
        stopping = (
            asyncio.to_thread(stopped_while_it_waits, command, number, tmp_path / f"{n}")
            for n, (command, number) in enumerate(commands)
        )
        codes = await asyncio.gather(*stopping)
        await name.give_back()

    assert codes == [0, 0]


def stopped_while_it_waits(command: str, number: int, data_dir: Path) -> int:
    """Start a process whose name is taken, stop it when it says so, and give its exit code."""
    port = ["--port", "0"] if command == "serve" else []
    with launched(command, *port, "--data-dir", str(data_dir)) as process:
        assert process.stderr is not None
        while "node.name_taken" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        return process.wait(PATIENCE)

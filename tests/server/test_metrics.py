"""What Prometheus reads of a server: its requests, its callouts, and what waits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ostiary.server import composition
from ostiary.server.composition import Server
from ostiary.server.metrics import Measured
from ostiary.settings import Settings
from tests.extensions.endpoints import ScriptedEndpoint
from tests.scenarios.bodies import answer
from tests.scenarios.house import BASE, House
from tests.scenarios.parking import ParkedRequest
from tests.server.conftest import Opening
from tests.support.numbers import Sample, risen, sample


@pytest.fixture
async def server(opening: Opening) -> AsyncIterator[Server]:
    """A server that is watched."""
    async with opening(metrics_port=0) as server:
        yield server


async def read(server: Server) -> dict[Sample, float]:
    """Read the numbers as Prometheus does."""
    transport = httpx.ASGITransport(server.metrics.app())
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        shown = await http.get("/metrics")
    assert shown.status_code == 200
    assert shown.headers["content-type"].startswith("text/plain")
    return {
        sample(one.name, **one.labels): one.value
        for family in text_string_to_metric_families(shown.text)
        for one in family.samples
    }


async def test_a_request_that_is_parked_and_answered_is_counted(server: Server) -> None:
    transport = httpx.ASGITransport(server.app)
    async with (
        ScriptedEndpoint() as endpoint,
        httpx.AsyncClient(transport=transport, base_url=BASE) as http,
    ):
        parked = ParkedRequest(House(server, http, endpoint))
        with risen() as parking:
            await parked.park()
        numbers = await read(server)
        assert numbers[sample("ostiary_work_open", kind="callout.timeout")] == 1
        assert numbers[sample("ostiary_work_due", kind="callout.timeout")] == 0
        assert numbers[sample("ostiary_database_reached")] == 1

        with risen() as answering:
            for _ in range(2):
                reply = await parked.house.admin.send("POST", parked.path, answer(parked.call))
                assert reply.status_code == 204

    assert parking[sample("ostiary_callout_attempts_total", result="taken")] == 1
    assert parking[sample("ostiary_callout_attempt_seconds_count")] == 1
    assert answering[sample("ostiary_callout_answers_total", result="accepted")] == 1
    assert answering[sample("ostiary_callout_answers_total", result="repeated")] == 1
    answered = sample("ostiary_http_requests_total", root="v1.0", method="POST", status="204")
    assert answering[answered] == 2
    assert (await read(server))[sample("ostiary_work_open", kind="callout.timeout")] == 0


async def test_what_is_asked_for_makes_no_names_of_its_own(server: Server) -> None:
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        with risen() as numbers:
            await http.request("BREW", "/v1.0/identityGovernance")
            await http.get("/wp-login.php")
            await http.get("/V1.0/identityGovernance/entitlementManagement/catalogs")

    labels = {labels for name, labels in numbers if name == "ostiary_http_requests_total"}
    found = {dict(one)["root"] + " " + dict(one)["method"] for one in labels}
    assert found == {"v1.0 other", "other GET", "v1.0 GET"}


async def test_while_the_database_is_away_the_process_still_tells_of_itself(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise ConnectionError("Connection refused")

    monkeypatch.setattr(server.database, "reading", away)
    numbers = await read(server)

    assert numbers[sample("ostiary_database_reached")] == 0
    assert numbers[sample("ostiary_http_requests_under_way")] == 0
    assert not [name for name, _ in numbers if name == "ostiary_work_open"]


async def test_what_raises_is_counted_as_what_it_is_answered_with() -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("a defect")

    transport = httpx.ASGITransport(Measured(fail), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        with risen() as numbers:
            await http.get("/beta/me")

    counted = sample("ostiary_http_requests_total", root="beta", method="GET", status="500")
    assert numbers[counted] == 1


async def test_nobody_is_counted_where_nobody_reads(tmp_path: Path) -> None:
    async with composition.opened(Settings(data_dir=tmp_path), base_urls=[BASE]) as server:
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
            with risen() as numbers:
                assert (await http.get("/metrics")).status_code == 404

    assert not [name for name, _ in numbers if name.startswith("ostiary_http")]

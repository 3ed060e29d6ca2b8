"""A request says for which host it is, once, or nothing is made of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from ostiary.server.composition import opened
from ostiary.settings import Settings


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with opened(Settings(data_dir=tmp_path), base_urls=["http://localhost"]) as server:
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as found:
            yield found


@pytest.mark.parametrize(
    "host", ["evil.example/<script>", "a b", "a@b", "a,b", "", "[::1", "x:port", "ä.example"]
)
async def test_a_host_that_is_none_is_refused_and_not_repeated_in_links(
    client: httpx.AsyncClient, host: str
) -> None:
    reply = await client.get("/v1.0/", headers=[(b"host", host.encode())])

    assert reply.status_code == 400
    assert "Host header" in reply.json()["error"]["message"]


async def test_two_hosts_are_one_too_many(client: httpx.AsyncClient) -> None:
    reply = await client.get("/v1.0/", headers=[("host", "a"), ("host", "b")])

    assert reply.status_code == 400


@pytest.mark.parametrize("host", ["governance.example.org", "ostiary_1:8080", "[::1]:8080"])
async def test_links_lead_to_the_host_that_was_asked(client: httpx.AsyncClient, host: str) -> None:
    reply = await client.get("/v1.0/", headers={"host": host})

    assert reply.json()["@odata.context"] == f"http://{host}/v1.0/$metadata"


async def test_the_health_can_be_asked_under_any_name(client: httpx.AsyncClient) -> None:
    reply = await client.get("/health/live", headers={"host": ""})

    assert reply.status_code == 200

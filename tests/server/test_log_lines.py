"""What the log says of a request that was refused is found by the id that the caller was given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from sqlalchemy.exc import OperationalError
from structlog.contextvars import merge_contextvars

from ostiary.identity.ports import Client
from ostiary.server.composition import Server, opened, translate
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

Lines = Sequence[Mapping[str, Any]]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Collect log lines as they are before they are written."""
    collected = structlog.testing.LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[merge_contextvars, collected])
    yield collected.entries
    structlog.configure(**before)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with opened(Settings(data_dir=tmp_path), base_urls=["http://localhost"]) as made:
        yield made


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as found:
        yield found


def only(lines: Lines, event: str) -> Mapping[str, Any]:
    (line,) = (line for line in lines if line["event"] == event)
    return line


async def test_a_refused_token_is_found_by_the_id_of_the_reply(
    client: httpx.AsyncClient, lines: Lines
) -> None:
    reply = await client.get("/v1.0/users", headers={"Authorization": "Bearer nonsense"})

    line = only(lines, "token_refused")
    assert (line["request_id"], line["reason"]) == (reply.headers["request-id"], "malformed")


async def test_a_refused_caller_is_named_and_the_key_in_the_path_is_not(
    server: Server, client: httpx.AsyncClient, lines: Lines
) -> None:
    assert server.issuer is not None
    tool = Client(app_id="00000000-0000-4000-8000-000000000001", object_id=new_id())
    token = server.issuer.for_app(tool, roles=["AuditLog.Read.All"], now=datetime.now(UTC)).token

    reply = await client.get(
        "/v1.0/users/adele@contoso.example/memberOf", headers={"Authorization": f"Bearer {token}"}
    )

    assert reply.status_code == 403
    line = only(lines, "request.forbidden")
    assert line["request_id"] == reply.headers["request-id"]
    assert (line["caller"], line["app"]) == (tool.object_id, tool.app_id)
    assert (line["method"], line["path"]) == ("GET", "users/{id}/memberOf")


def test_an_outage_of_the_database_is_told_in_its_own_words(lines: Lines) -> None:
    full = Exception("database or disk is full")

    translate(OperationalError("INSERT", {}, full, connection_invalidated=True))

    assert "disk is full" in only(lines, "database.unavailable")["why"]

"""What stands beside the API answers in its one shape too, whatever it is asked."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ostiary.server.front import Front


async def broken(_: Request) -> Response:
    raise KeyError("secret")


async def answered(request: Request) -> Response:
    return Response(request.url.path)


@pytest.fixture
def client() -> httpx.AsyncClient:
    beside = [Route("/broken", broken), Route("/{any}", answered)]
    front = Front(cast(Any, None), beside, lambda _: None)
    transport = httpx.ASGITransport(cast(Any, front), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.mark.parametrize("url", ["/%00", "/a?b=%00", "/a%00b?c=d"])
async def test_nul_is_refused_before_a_database_is_asked(
    client: httpx.AsyncClient, url: str
) -> None:
    reply = await client.get(url)

    assert reply.status_code == 400
    assert "NUL" in reply.json()["error"]["message"]


async def test_a_defect_is_answered_in_the_one_shape_and_tells_nothing(
    client: httpx.AsyncClient,
) -> None:
    reply = await client.get("/broken")

    assert reply.status_code == 500
    assert reply.json()["error"]["innerError"]["request-id"] == reply.headers["request-id"]
    assert "secret" not in reply.text

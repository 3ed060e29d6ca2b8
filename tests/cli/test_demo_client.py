"""What the demonstration says when a step goes otherwise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ostiary.cli.addresses import bind
from ostiary.cli.demo.client import Client, Unexpected, expect
from ostiary.cli.listening import Listener, listening
from ostiary.settings import Settings


async def refuse(_: Request) -> JSONResponse:
    """Refuse whatever comes."""
    return JSONResponse({"error": {"message": "Not today."}}, status_code=403)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """The client of a server that refuses everything."""

    async def token() -> str:
        return "token"

    bound = bind(Settings(port=0))
    app = Starlette(routes=[Route("/{path:path}", refuse, methods=["GET", "POST"])])
    config = uvicorn.Config(app, lifespan="off", ws="none", log_config=None)
    async with (
        listening(Listener(config), bound.sockets),
        aiohttp.ClientSession() as http,
    ):
        yield Client("Megan", bound.own_url, http, token)


async def test_a_refusal_tells_what_was_expected_and_what_the_server_said(client: Client) -> None:
    with pytest.raises(Unexpected) as caught:
        await client.post("/v1.0/identityGovernance/entitlementManagement/catalogs", {})

    assert caught.value.expected.startswith("201 of POST /v1.0/")
    assert caught.value.got == "403: Not today."
    assert client.last == "POST …/catalogs 403"


def test_what_is_not_as_it_should_be_is_told() -> None:
    with pytest.raises(Unexpected, match="expected one run, got 2"):
        expect(False, "one run", 2)

"""The table of the routes of entitlement management says what the server does."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import httpx
import pytest

from ostiary.identity.ports import Client
from ostiary.server import composition
from ostiary.settings import Settings
from ostiary.storage.ids import new_id
from tests.docs.pages import DOCS, rows

PAGE: Final = DOCS / "compatibility.md"
BASE: Final = "/identityGovernance/entitlementManagement"
STANDINGS: Final = {"done", "differs", "501"}
SOME_ID: Final = "00000000-0000-4000-8000-000000000001"
OURS: Final = "ostiary."
EVERYTHING: Final = "EntitlementManagement.ReadWrite.All"


class Callers(NamedTuple):
    """One who may do nothing, and one who may do everything."""

    nobody: httpx.AsyncClient
    governor: httpx.AsyncClient


class Row(NamedTuple):
    """One route of the table."""

    methods: list[str]
    path: str
    standing: str


def table() -> Iterator[Row]:
    for cells in rows(PAGE):
        if len(cells) == 4 and cells[2] in STANDINGS and cells[1].startswith("`/"):
            methods = re.findall(r"`([A-Z]+)`", cells[0])
            for path in re.findall(r"`([^`]+)`", cells[1]):
                yield Row(methods, path, cells[2])


def whole(path: str) -> str:
    return path if path.startswith("/roleManagement") else BASE + path


def shape(path: str) -> str:
    """Give a path without the names of its keys and the values of its arguments."""
    plain = re.sub(r"\(.*\)", "", path)
    return re.sub(r"\{[^}]*\}", "{}", plain)


@pytest.fixture
async def callers(tmp_path: Path) -> AsyncIterator[Callers]:
    """Two callers of one server."""
    url = "http://localhost"
    async with AsyncExitStack() as stack:
        settings = Settings(data_dir=tmp_path)
        server = await stack.enter_async_context(composition.opened(settings, base_urls=[url]))
        assert server.issuer is not None
        found = []
        for roles in ([], [EVERYTHING]):
            somebody = Client(app_id=SOME_ID, object_id=new_id())
            token = server.issuer.for_app(somebody, roles=roles, now=datetime.now(UTC)).token
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(server.app),
                base_url=url,
                headers={"Authorization": f"Bearer {token}"},
            )
            found.append(await stack.enter_async_context(client))
        yield Callers(*found)


async def test_every_route_of_the_table_is_offered_or_refused_as_it_says(
    callers: Callers,
) -> None:
    """Whoever may do nothing is refused what there is (403), or what they sent is (400)."""
    wrong = []
    for methods, path, standing in table():
        missing = standing == "501"
        caller, expected = (callers.governor, {501}) if missing else (callers.nobody, {400, 403})
        for method in methods:
            reply = await caller.request(
                method, "/v1.0" + whole(path).replace("{id}", SOME_ID), json={}
            )
            unknown = "Resource not found for the segment" in reply.text
            if reply.status_code not in expected or unknown:
                wrong.append((method, path, standing, reply.status_code, reply.text[:200]))
    assert wrong == []


async def test_every_route_that_is_served_is_in_the_table(callers: Callers) -> None:
    told = {(m, shape(whole(path))) for methods, path, _ in table() for m in methods}
    key = "/controlConfigurations/endUserSettings"
    told = {(m, p.replace(key, "/controlConfigurations/{}")) for m, p in told}
    served = (await callers.nobody.get("/v1.0/openapi.json")).json()["paths"]

    assert {
        (method.upper(), shape(path))
        for path, methods in served.items()
        for method in methods
        if "/entitlementManagement/" in path and not path.endswith("/$count")
        if OURS not in path and method in ("get", "post", "put", "patch", "delete")
    } <= told

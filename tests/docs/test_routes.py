"""Every route beside the API is in the manual, and no other is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import cast

from starlette.routing import Route

from ostiary.server import composition
from ostiary.server.admission import Admission
from ostiary.server.front import Front
from ostiary.settings import ClockKind, Settings
from tests.docs.pages import REFERENCE, rows

ROUTE = re.compile(r"`(GET|POST) (/(?!v1\.0|beta)[^`]*)`")


async def served(data_dir: Path) -> set[tuple[str, str]]:
    """Give the routes of a server that has them all: for development, with a simulated clock."""
    settings = Settings(data_dir=data_dir, clock=ClockKind.SIMULATED)
    async with composition.opened(settings, base_urls=["http://127.0.0.1:8080"]) as server:
        routes = cast(Front, cast(Admission, server.app).app)._beside.routes
        return {
            (method, route.path)
            for route in routes
            if isinstance(route, Route)
            for method in route.methods or ()
            if method != "HEAD"
        }


async def test_the_routes_beside_the_api_are_those_of_the_manual(tmp_path: Path) -> None:
    first_cells = " ".join(row[0] for row in rows(REFERENCE / "operator-routes.md"))

    assert set(ROUTE.findall(first_cells)) == await served(tmp_path)

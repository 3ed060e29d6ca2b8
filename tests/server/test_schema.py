"""The served schema keeps every published name that it has once had."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ostiary.server.composition import opened
from ostiary.settings import Settings
from tests.server.schema_facts import facts

HOME = Path(__file__).parent


@pytest.mark.parametrize("version", ["v1.0", "beta"])
async def test_no_published_name_is_lost(version: str, tmp_path: Path) -> None:
    """``schema-*.txt`` lists the published names; a line goes only with a reason in the manual."""
    async with opened(Settings(data_dir=tmp_path), base_urls=["http://localhost"]) as server:
        transport = httpx.ASGITransport(server.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            document = (await client.get(f"/{version}/$metadata")).text

    expected = set((HOME / f"schema-{version}.txt").read_text().splitlines())
    assert len(expected) > 400
    assert sorted(expected - facts(document)) == []

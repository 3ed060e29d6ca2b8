"""Pages of other origins may call where the operator says so, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ostiary.server.composition import opened
from ostiary.settings import Settings

ORIGIN = "https://portal.example.org"
ASKS = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize(
    ("origins", "allowed"), [([], None), ([ORIGIN], ORIGIN), (["https://other.example"], None)]
)
async def test_a_preflight_is_answered_for_configured_origins(
    origins: list[str], allowed: str | None, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path, cors_origins=origins)
    async with (
        opened(settings, base_urls=["http://localhost"]) as server,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(server.app), base_url="http://localhost"
        ) as client,
    ):
        preflight = await client.options("/v1.0/users", headers=ASKS)
        plain = await client.get("/health/live", headers={"Origin": ORIGIN})

    assert preflight.headers.get("access-control-allow-origin") == allowed
    assert plain.headers.get("access-control-allow-origin") == allowed
    if allowed:
        assert "PATCH" in preflight.headers["access-control-allow-methods"]
        assert "request-id" in plain.headers["access-control-expose-headers"]
        assert "access-control-allow-credentials" not in plain.headers

"""What is published and not served says so, with the page that tells why."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ostiary.entitlement.routes import unserved as entitlement
from ostiary.identity.ports import Client
from ostiary.lifecycle.routes import unserved as lifecycle
from ostiary.server.composition import opened
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

MANUAL = Path(__file__).parents[2] / "docs" / "compatibility.md"
NAMES = {
    "entitlementManagement": entitlement.MANAGEMENT,
    "entitlementManagement/assignmentRequests/x": entitlement.REQUESTS,
    "lifecycleWorkflows": lifecycle.CONTAINER,
    "lifecycleWorkflows/workflows/x": lifecycle.WORKFLOWS,
}
PATHS = [f"{place}/{name}" for place, names in NAMES.items() for name in names]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of a fresh server."""
    async with opened(Settings(data_dir=tmp_path), base_urls=["http://localhost"]) as server:
        assert server.issuer is not None
        somebody = Client(app_id="00000000-0000-4000-8000-000000000001", object_id=new_id())
        token = server.issuer.for_app(somebody, roles=[], now=datetime.now(UTC)).token
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(server.app),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
        ) as found:
            yield found


async def test_every_unserved_name_answers_501_below_both_roots(client: httpx.AsyncClient) -> None:
    for path in PATHS:
        for version in ("v1.0", "beta"):
            reply = await client.get(f"/{version}/identityGovernance/{path}")
            assert reply.status_code == 501, f"{path}: {reply.text}"
            assert "docs/compatibility.md" in reply.json()["error"]["message"]


@pytest.mark.parametrize("name", sorted({path.rsplit("/", 1)[-1] for path in PATHS}))
def test_the_manual_names_it(name: str) -> None:
    assert name.lower() in MANUAL.read_text().lower()

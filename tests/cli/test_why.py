"""``ostiary why`` on a data directory: a page for a person, JSON for scripts, a clear refusal."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from ostiary.cli import call
from ostiary.cli.opening import opened
from ostiary.entitlement.model.enums import AccessPackageRequestType
from ostiary.entitlement.states import Awaits, Phase, Request
from ostiary.entitlement.store import requests as store
from ostiary.settings import Settings
from ostiary.storage.ids import new_id


async def _made(home: Path) -> str:
    """Put a request on its way into a new data directory; give its id."""
    async with opened(Settings(data_dir=home), make=True) as server:
        request = Request(
            id=new_id(),
            type=AccessPackageRequestType.USER_ADD,
            phase=Phase.START,
            awaits=Awaits.START,
            start_at=server.clock.now(),
            created_at=server.clock.now(),
            catalog_id=new_id(),
            package_id=new_id(),
            policy_id=new_id(),
            terms_id=new_id(),
            assignment_id=new_id(),
            target_id=new_id(),
            requestor_id=new_id(),
        )
        async with server.database.transaction() as conn:
            await store.insert_requests(conn, [request], {})
    return request.id


def test_a_request_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = asyncio.run(_made(tmp_path))

    assert call(["why", key, "--data-dir", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "It waits for its start date." in shown
    assert call(["why", key.upper(), "--json", "--data-dir", str(tmp_path)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [wait["kind"] for wait in told["waitsFor"]] == ["start"]
    assert call(["why", "nothing", "--data-dir", str(tmp_path)]) == 1
    assert "no request and no assignment 'nothing'" in capsys.readouterr().err

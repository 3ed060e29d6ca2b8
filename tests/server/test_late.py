"""What the database holds up is told of in time, and done when it can be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
from sqlalchemy import text

from ostiary.cli.running import running
from ostiary.identity.ports import Client
from ostiary.server.composition import Server
from ostiary.settings import Settings
from ostiary.storage.ids import new_id
from tests.support.databases import PostgreSQL
from tests.support.waiting import eventually

GROUP = {
    "displayName": "Late",
    "mailNickname": "late",
    "securityEnabled": True,
    "mailEnabled": False,
}


def token_of(server: Server) -> str:
    assert server.issuer is not None
    client = Client(app_id=new_id(), object_id=new_id())
    issued = server.issuer.for_app(client, roles=["Group.ReadWrite.All"], now=server.clock.now())
    return issued.token


async def test_a_write_that_is_held_up_is_told_of_and_happens_later(
    postgresql: PostgreSQL, tmp_path: Path
) -> None:
    async with postgresql.fresh(tables=False) as url:
        settings = Settings(
            data_dir=tmp_path,
            database_url=url,
            port=0,
            worker=False,
            answer_within=timedelta(seconds=1),
        )
        async with (
            running(settings) as server,
            httpx.AsyncClient(
                base_url=f"{server.url}/v1.0",
                headers={"Authorization": f"Bearer {token_of(server.server)}"},
                timeout=60,
            ) as client,
        ):
            async with server.server.database.transaction() as conn:
                await conn.execute(text("LOCK TABLE audit_records IN SHARE MODE"))
                late = await client.post("/groups", json=GROUP)
                assert (late.status_code, late.json()["error"]["code"]) == (504, "GatewayTimeout")
                assert "after 1 second" in late.json()["error"]["message"]

            async def is_there() -> bool:
                found = await client.get("/groups", params={"$filter": "displayName eq 'Late'"})
                return len(found.json()["value"]) == 1

            await eventually(is_there)

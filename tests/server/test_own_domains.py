"""Where the operator wants it so, users have names in the organisation's domains only."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from ostiary.identity.ports import Client
from ostiary.server.composition import opened
from ostiary.settings import Settings
from ostiary.storage.ids import new_id

USERS = "/v1.0/users"


@pytest.mark.parametrize("is_enforced", [True, False])
async def test_a_name_in_a_foreign_domain_is_refused_where_only_own_ones_will_do(
    tmp_path: Path, is_enforced: bool
) -> None:
    settings = Settings(
        data_dir=tmp_path, domains=["contoso.example"], own_domains_only=is_enforced
    )
    async with opened(settings, base_urls=["http://localhost"]) as server:
        assert server.issuer is not None
        caller = Client(app_id="00000000-0000-4000-8000-000000000001", object_id=new_id())
        roles = ["User.ReadWrite.All"]
        token = server.issuer.for_app(caller, roles=roles, now=datetime.now(UTC)).token
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(server.app),
            base_url="http://localhost",
            headers={"Authorization": f"Bearer {token}"},
        ) as api:
            own = await api.post(USERS, json=user("eve@Contoso.example"))
            foreign = await api.post(USERS, json=user("mal@fabrikam.example"))
            key = f"{USERS}/{own.json()['id']}"
            renamed = await api.patch(key, json={"userPrincipalName": "eve@fabrikam.example"})
            described = await api.patch(key, json={"jobTitle": "Head"})

    assert own.status_code == 201
    assert foreign.status_code == (400 if is_enforced else 201)
    assert renamed.status_code == (400 if is_enforced else 204)
    assert described.status_code == 204
    if is_enforced:
        error = foreign.json()["error"]
        assert (error["code"], error["target"]) == ("Request_BadRequest", "userPrincipalName")
        assert "'fabrikam.example'" in error["message"]


def user(name: str) -> dict[str, object]:
    return {
        "displayName": "Eve",
        "userPrincipalName": name,
        "mailNickname": "eve",
        "accountEnabled": True,
        "passwordProfile": {"password": "not kept here"},
    }

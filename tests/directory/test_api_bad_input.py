"""Whatever is sent, the directory answers with what it made or with an error that says why."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.directory.model import Application, AppRoleAssignment, Group, ServicePrincipal, User
from ostiary.directory.seed import group_id, person_id

ADELE, SALES = person_id("adele"), group_id("Sales team")

_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from([ADELE, SALES, "x@contoso.example", "2026-01-01T00:00:00Z", "Unified"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "value", "displayName", "skuId", "@odata.id", "@odata.type"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=4,
)


def _bodies(*types: type[msgspec.Struct]) -> st.SearchStrategy[dict[str, Any]]:
    names = sorted({f.encode_name for type_ in types for f in msgspec.structs.fields(type_)})
    bound = [f"{name}@odata.bind" for name in ("manager", "members", "owners")]
    return st.dictionaries(
        st.sampled_from([*names, *bound, "@odata.id", "ids", "types", "passwordCredential"]),
        _VALUES,
        max_size=6,
    )


OPERATIONS = [
    ("POST", "/users"),
    ("PATCH", f"/users/{ADELE}"),
    ("PUT", f"/users/{ADELE}/manager/$ref"),
    ("POST", f"/users/{ADELE}/assignLicense"),
    ("POST", f"/users/{ADELE}/appRoleAssignments"),
    ("POST", "/groups"),
    ("PATCH", f"/groups/{SALES}"),
    ("POST", f"/groups/{SALES}/members/$ref"),
    ("POST", f"/groups/{SALES}/owners/$ref"),
    ("POST", "/applications"),
    ("POST", "/servicePrincipals"),
    ("POST", "/directoryObjects/getByIds"),
]
COMPLETE: dict[str, dict[str, Any]] = {
    "/users": {"displayName": "X", "userPrincipalName": "x@contoso.example"},
    "/groups": {
        "displayName": "X",
        "mailEnabled": False,
        "mailNickname": "x",
        "securityEnabled": True,
    },
    "/applications": {"displayName": "X"},
}


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(body=_bodies(User, Group, Application, ServicePrincipal, AppRoleAssignment))
async def test_any_body_is_carried_out_or_refused_with_a_reason(
    api: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> None:
    for sent in (body, {**COMPLETE.get(path, {}), **body}):
        reply = await api.request(method, path, json=sent)

        assert reply.status_code < 500 or reply.status_code == 501, (sent, reply.text)
        if reply.status_code >= 400:
            assert reply.json()["error"]["message"]


@pytest.mark.parametrize("key", ["x", "'", "%27", "a@b", "%F0%9F%98%80", "-", "*"])
async def test_an_odd_key_is_nobodys(api: httpx.AsyncClient, key: str) -> None:
    for path in ("users", "groups", "applications", "servicePrincipals", "directoryObjects"):
        assert 400 <= (await api.get(f"/{path}/{key}")).status_code < 500
    assert 400 <= (await api.delete(f"/groups/{SALES}/members/{key}/$ref")).status_code < 500

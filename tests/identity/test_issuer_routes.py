from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from ostiary.identity.compact import parse
from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuer_routes import IssuerRoutes
from ostiary.identity.keysets import FixedKeys, read_keys
from ostiary.identity.ports import Client, Subject
from ostiary.identity.secrets import hash_secret
from ostiary.identity.throttle import FailureThrottle
from ostiary.identity.tokens import TokenValidator
from tests.identity.minting import APP_ID, SERVICE_PRINCIPAL, TENANT, rsa
from tests.support.clocks import FixedClock

BASE = "https://localhost:8443"
OTHER_BASE = "https://127.0.0.1:8443"
V2_TOKEN = f"/{TENANT}/oauth2/v2.0/token"
V1_TOKEN = f"/{TENANT}/oauth2/token"
SECRET = "a secret: with a colon"
HASH = hash_secret(SECRET)
FORM = {
    "grant_type": "client_credentials",
    "client_id": APP_ID,
    "client_secret": SECRET,
    "scope": "https://graph.microsoft.com/.default",
    "client_info": "1",
}


class ScriptedClients:
    """A directory with one application."""

    async def client(self, app_id: str) -> Client | None:
        if app_id != APP_ID:
            return None
        return Client(
            app_id=APP_ID,
            object_id=SERVICE_PRINCIPAL,
            display_name="Robot",
            secret_hashes=(HASH,),
            app_roles=frozenset({"EntitlementManagement.ReadWrite.All"}),
        )

    async def person(self, id_or_upn: str) -> Subject | None:
        return None


class Monotonic:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> DevelopmentIssuer:
    return DevelopmentIssuer(rsa("dev"), tenant_id=TENANT, base_urls=[BASE, OTHER_BASE])


@pytest.fixture
def stopwatch() -> Monotonic:
    return Monotonic()


@pytest.fixture
async def http(
    issuer: DevelopmentIssuer, clock: FixedClock, stopwatch: Monotonic
) -> AsyncIterator[httpx.AsyncClient]:
    routes = IssuerRoutes(
        issuer=issuer,
        clients=ScriptedClients(),
        now=clock.now,
        tenant_names=frozenset({"contoso.example"}),
        throttle=FailureThrottle(monotonic=stopwatch),
    )
    transport = httpx.ASGITransport(app=Starlette(routes=routes.routes()))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def refused(http: httpx.AsyncClient, path: str = V2_TOKEN, **request: Any) -> dict[str, Any]:
    reply = await http.post(path, **request)
    error: dict[str, Any] = reply.json()
    assert {"error", "error_description", "error_codes", "timestamp", "trace_id"} <= set(error)
    assert SECRET not in reply.text
    return {**error, "status": reply.status_code, "headers": reply.headers}


@pytest.mark.parametrize(("part", "version"), [("/v2.0", "/v2.0"), ("", "/")])
async def test_discovery_leads_to_the_endpoints(
    http: httpx.AsyncClient, part: str, version: str
) -> None:
    reply = await http.get(f"/{TENANT}{part}/.well-known/openid-configuration")

    document = reply.json()
    assert document["issuer"] == f"{BASE}/{TENANT}{version}"
    assert document["token_endpoint"] == f"{BASE}/{TENANT}/oauth2{part}/token"
    assert document["authorization_endpoint"] == f"{BASE}/{TENANT}/oauth2{part}/authorize"
    keys = (await http.get(document["jwks_uri"])).json()
    assert set(read_keys(keys["keys"])) == {"dev"}


@pytest.mark.parametrize("tenant", ["common", "organizations", "contoso.example", TENANT.upper()])
async def test_the_tenant_has_several_names(http: httpx.AsyncClient, tenant: str) -> None:
    reply = await http.get(f"/{tenant}/v2.0/.well-known/openid-configuration")

    assert reply.status_code == 200
    assert reply.json()["token_endpoint"] == f"{BASE}/{tenant}/oauth2/v2.0/token"


@pytest.mark.parametrize(
    "path", ["/v2.0/.well-known/openid-configuration", "/discovery/keys", "/oauth2/v2.0/token"]
)
async def test_another_tenant_does_not_exist(http: httpx.AsyncClient, path: str) -> None:
    method = "POST" if path.endswith("token") else "GET"

    reply = await http.request(method, f"/elsewhere{path}", data=FORM if method == "POST" else None)

    assert reply.status_code == 400
    assert reply.json()["error_codes"] == [90002]


@pytest.mark.parametrize(("host", "used"), [("127.0.0.1:8443", OTHER_BASE), ("evil.example", BASE)])
async def test_only_addresses_of_the_server_are_passed_on(
    http: httpx.AsyncClient, host: str, used: str
) -> None:
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"

    document = (await http.get(path, headers={"Host": host})).json()

    assert document["issuer"] == f"{used}/{TENANT}/v2.0"
    assert document["token_endpoint"].startswith(used)


async def test_a_client_gets_a_token_that_the_server_believes(
    http: httpx.AsyncClient, issuer: DevelopmentIssuer, clock: FixedClock
) -> None:
    keys = FixedKeys(issuer.verification_key)
    validator = TokenValidator([(trusted, keys) for trusted in issuer.trusted()])

    reply = await http.post(V2_TOKEN, data=FORM)

    answer = reply.json()
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert answer.pop("access_token")
    assert answer == {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599}
    caller = await validator.validate(reply.json()["access_token"], clock.now())
    assert caller.app_id == APP_ID
    assert caller.issuer == f"{BASE}/{TENANT}/v2.0"
    assert caller.roles == {"EntitlementManagement.ReadWrite.All"}


async def test_a_secret_may_come_in_a_basic_header(http: httpx.AsyncClient) -> None:
    form = {n: v for n, v in FORM.items() if n not in ("client_id", "client_secret")}
    value = b64encode(f"{APP_ID}:a+secret%3A%20with+a+colon".encode()).decode()

    reply = await http.post(V2_TOKEN, data=form, headers={"Authorization": f"Basic {value}"})

    assert reply.status_code == 200


async def test_the_v1_endpoint_takes_a_resource_and_gives_a_v1_token(
    http: httpx.AsyncClient, clock: FixedClock
) -> None:
    form = {**FORM, "resource": "https://graph.microsoft.com/"}
    del form["scope"]

    answer = (await http.post(V1_TOKEN, data=form)).json()

    claims = parse(answer["access_token"]).claims
    assert (claims["ver"], claims["aud"]) == ("1.0", "https://graph.microsoft.com/")
    assert claims["iss"] == f"{BASE}/{TENANT}/"
    assert answer["expires_in"] == "3599"
    assert answer["expires_on"] == str(int((clock.now() + timedelta(hours=1)).timestamp()))
    assert answer["resource"] == "https://graph.microsoft.com/"


@pytest.mark.parametrize(
    ("changes", "status", "error", "code"),
    [
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"client_id": "nobody"}, 400, "unauthorized_client", 700016),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "EntitlementManagement.Read.All"}, 400, "invalid_scope", 1002012),
        ({"scope": f"{BASE}/.default openid"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://vault.azure.net/.default"}, 400, "invalid_resource", 500011),
    ],
    ids=[
        "no grant",
        "another grant",
        "no client",
        "an unknown client",
        "no secret",
        "a wrong secret",
        "no scope",
        "a single permission",
        "two scopes",
        "another resource",
    ],
)
async def test_refusals_have_the_numbers_that_clients_know(
    http: httpx.AsyncClient, changes: dict[str, Any], status: int, error: str, code: int
) -> None:
    form = {n: v for n, v in (FORM | changes).items() if v is not None}
    correlation = "99999999-2222-4333-8444-555555555555"

    answer = await refused(http, data=form, headers={"client-request-id": correlation})

    assert (answer["status"], answer["error"]) == (status, error)
    assert answer["error_codes"] == [code]
    assert answer["error_description"].startswith(f"AADSTS{code}: ")
    assert answer["correlation_id"] == correlation
    assert answer["timestamp"] == "2026-01-05 09:00:00Z"
    assert ("www-authenticate" in answer["headers"]) == (status == 401)


@pytest.mark.parametrize("scope", [".default", f"{BASE}/.default", f"{BASE}//.default"])
async def test_the_server_is_asked_for_by_its_address_too(
    http: httpx.AsyncClient, scope: str
) -> None:
    assert (await http.post(V2_TOKEN, data=FORM | {"scope": scope})).status_code == 200


async def test_the_v1_endpoint_needs_a_resource(http: httpx.AsyncClient) -> None:
    assert "'resource'" in (await refused(http, V1_TOKEN, data=FORM))["error_description"]


@pytest.mark.parametrize(
    "request_",
    [
        {"json": FORM},
        {
            "content": b"grant_type=\xff",
            "headers": {"Content-Type": "application/x-www-form-urlencoded"},
        },
        {"data": FORM | {"padding": "x" * 70_000}},
        {"data": FORM | {"client_id": "\0"}},
    ],
    ids=["JSON", "not UTF-8", "too large", "NUL"],
)
async def test_what_is_no_form_is_refused(
    http: httpx.AsyncClient, request_: dict[str, Any]
) -> None:
    assert (await refused(http, **request_))["error_codes"] == [900561]


async def test_a_parameter_is_given_once(http: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = await refused(http, content="grant_type=a&grant_type=b", headers=headers)

    assert "'grant_type', exactly once" in answer["error_description"]


@pytest.mark.parametrize("value", ["Basic !", "Basic /w==", "Basic", "Basic JTAwOmE="])
async def test_a_broken_basic_header_is_no_credential(http: httpx.AsyncClient, value: str) -> None:
    form = {n: v for n, v in FORM.items() if n != "client_secret"}

    answer = await refused(http, data=form, headers={"Authorization": value})

    assert answer["error_codes"] == [7000218]


async def test_after_ten_failures_in_a_minute_a_client_waits(
    http: httpx.AsyncClient, stopwatch: Monotonic
) -> None:
    for _ in range(10):
        reply = await http.post(V2_TOKEN, data=FORM | {"client_id": "nobody"})
        assert reply.status_code == 400

    reply = await http.post(V2_TOKEN, data=FORM | {"client_id": "nobody"})
    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "60"
    assert (await http.post(V2_TOKEN, data=FORM)).status_code == 200  # another client

    stopwatch.now = 60
    reply = await http.post(V2_TOKEN, data=FORM | {"client_id": "nobody"})
    assert reply.status_code == 400


async def test_no_user_realm_is_known(http: httpx.AsyncClient) -> None:
    assert (await http.get("/common/userrealm/alice@example.org")).status_code == 404


async def test_the_cloud_describes_itself(http: httpx.AsyncClient) -> None:
    reply = await http.get("/metadata/endpoints?api-version=2022-09-01")

    document = reply.json()
    assert document["microsoftGraphResourceId"] == BASE
    assert document["authentication"]["loginEndpoint"] == BASE


async def test_a_caller_cannot_write_into_the_answer(http: httpx.AsyncClient) -> None:
    answer = await refused(http, data=FORM | {"client_id": "a\r\nb" + "x" * 5000})

    assert "\n" not in answer["error_description"]
    assert len(answer["error_description"]) < 600

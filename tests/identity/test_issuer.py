from __future__ import annotations

from typing import Any

import pytest

from ostiary.identity.catalogue import GLOBAL_READER, GRAPH_URL, ORDINARY_USER_MARKER
from ostiary.identity.compact import parse
from ostiary.identity.issuer import (
    FIXED_BASE,
    LOCAL_AUDIENCE,
    DevelopmentIssuer,
    IssuedToken,
    TokenVersion,
)
from ostiary.identity.issuer_errors import InvalidResource
from ostiary.identity.keysets import FixedKeys
from ostiary.identity.ports import Client, Subject
from ostiary.identity.refusals import InvalidToken
from ostiary.identity.tokens import TokenValidator
from tests.identity.minting import ALICE, APP_ID, SERVICE_PRINCIPAL, TENANT, rsa
from tests.support.clocks import FixedClock

BASE = "https://localhost:8443"
CLIENT = Client(
    app_id=APP_ID,
    object_id=SERVICE_PRINCIPAL,
    display_name="Robot",
    app_roles=frozenset({"LifecycleWorkflows.ReadWrite.All", "EntitlementManagement.Read.All"}),
)
PERSON = Subject(object_id=ALICE, display_name="Alice", user_principal_name="alice@example.org")


@pytest.fixture
def issuer() -> DevelopmentIssuer:
    return DevelopmentIssuer(rsa("dev"), tenant_id=TENANT, base_urls=[BASE])


@pytest.fixture
def validator(issuer: DevelopmentIssuer) -> TokenValidator:
    keys = FixedKeys(issuer.verification_key)
    return TokenValidator([(trusted, keys) for trusted in issuer.trusted()])


def claims(issued: IssuedToken) -> dict[str, Any]:
    return parse(issued.token).claims


@pytest.mark.parametrize("version", list(TokenVersion))
@pytest.mark.parametrize("base", [BASE, FIXED_BASE])
async def test_the_server_believes_its_own_tokens(
    issuer: DevelopmentIssuer,
    validator: TokenValidator,
    clock: FixedClock,
    version: TokenVersion,
    base: str,
) -> None:
    now = clock.now()
    for_app = issuer.for_app(CLIENT, now=now, version=version, base=base)
    for_user = issuer.for_user(
        PERSON,
        now=now,
        scopes=["User.Read"],
        directory_roles=[GLOBAL_READER],
        version=version,
        base=base,
    )

    app = await validator.validate(for_app.token, now)
    person = await validator.validate(for_user.token, now)

    assert (app.kind, app.object_id, app.app_id, app.display_name) == (
        "application",
        SERVICE_PRINCIPAL,
        APP_ID,
        "Robot",
    )
    assert app.roles == CLIENT.app_roles
    assert (person.kind, person.object_id) == ("delegated", ALICE)
    assert person.scopes == {"User.Read"}
    assert person.directory_roles == {GLOBAL_READER}
    assert person.user_principal_name == "alice@example.org"


def test_a_token_has_the_claims_that_clients_look_for(
    issuer: DevelopmentIssuer, clock: FixedClock
) -> None:
    app = claims(issuer.for_app(CLIENT, now=clock.now()))
    user = claims(issuer.for_user(PERSON, now=clock.now(), scopes=["b", "a"]))

    for token in (app, user):
        assert {"tid", "oid", "sub", "azp", "appid", "idtyp", "ver", "uti"} <= set(token)
        assert token["exp"] - token["iat"] == 3600
        assert token["iat"] == token["nbf"] == int(clock.now().timestamp())
        assert token["aud"] == LOCAL_AUDIENCE
    assert app["roles"] == ["EntitlementManagement.Read.All", "LifecycleWorkflows.ReadWrite.All"]
    assert app["sub"] == app["oid"]
    assert user["scp"] == "a b"
    assert user["wids"] == [ORDINARY_USER_MARKER]
    assert user["sub"] != user["oid"]


def test_an_application_without_permissions_gets_a_token_that_grants_none(
    issuer: DevelopmentIssuer, clock: FixedClock
) -> None:
    bare = Client(app_id=APP_ID, object_id=SERVICE_PRINCIPAL)

    assert claims(issuer.for_app(bare, now=clock.now()))["roles"] == []


def test_a_v1_token_names_the_resource_as_it_was_asked_for(
    issuer: DevelopmentIssuer, clock: FixedClock
) -> None:
    issued = issuer.for_app(
        CLIENT, now=clock.now(), version=TokenVersion.V1, resource=f"{GRAPH_URL}/"
    )

    token = claims(issued)
    assert (token["ver"], token["aud"], token["iss"]) == (
        "1.0",
        f"{GRAPH_URL}/",
        f"{FIXED_BASE}/{TENANT}/",
    )


@pytest.mark.parametrize(
    "resource",
    [GRAPH_URL, f"{GRAPH_URL}/", "00000003-0000-0000-c000-000000000000", BASE, f"{BASE}/"],
)
def test_these_resources_are_this_server(
    issuer: DevelopmentIssuer, clock: FixedClock, resource: str
) -> None:
    assert issuer.for_app(CLIENT, now=clock.now(), resource=resource).resource == resource


def test_another_resource_is_unknown(issuer: DevelopmentIssuer, clock: FixedClock) -> None:
    with pytest.raises(InvalidResource, match="management"):
        issuer.for_app(CLIENT, now=clock.now(), resource="https://management.azure.com")


async def test_a_token_of_another_key_is_not_believed(
    validator: TokenValidator, clock: FixedClock
) -> None:
    forger = DevelopmentIssuer(rsa("forger"), tenant_id=TENANT, base_urls=[BASE])

    with pytest.raises(InvalidToken):
        await validator.validate(forger.for_app(CLIENT, now=clock.now()).token, clock.now())


def test_the_key_set_shows_no_private_member(issuer: DevelopmentIssuer) -> None:
    (key,) = issuer.jwks()["keys"]

    assert set(key) == {"kty", "n", "e", "kid", "use", "alg"}

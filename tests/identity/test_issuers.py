from __future__ import annotations

from typing import Any

import pytest

from ostiary.identity.issuer import DevelopmentIssuer
from ostiary.identity.issuers import (
    ConfigurationError,
    IssuerSettings,
    Shape,
    TrustedIssuer,
    check,
    trusted,
)
from tests.identity.minting import TENANT, V1, V2, microsoft, rsa

OTHER = "22222222-2222-4333-8444-555555555555"


def settings(**changes: Any) -> IssuerSettings:
    entra: dict[str, Any] = {
        "name": "entra",
        "issuer": "https://login.microsoftonline.com/{tenantid}/v2.0",
        "audiences": ("api://governance",),
        "allowed_tenants": (TENANT,),
    }
    return IssuerSettings(**entra | changes)


def test_a_template_gives_one_exact_issuer_per_tenant_and_version() -> None:
    found = trusted(settings(also_v1=True, allowed_tenants=(TENANT, OTHER)))

    assert [issuer.issuer for issuer in found] == [
        V2,
        V1,
        V2.replace(TENANT, OTHER),
        V1.replace(TENANT, OTHER),
    ]
    assert {issuer.shape for issuer in found} == {Shape.MICROSOFT}


def test_a_v1_issuer_is_validated_with_v1_metadata() -> None:
    v2, v1 = trusted(settings(also_v1=True))

    root = f"https://login.microsoftonline.com/{TENANT}"
    assert v2.discovery_url == f"{root}/v2.0/.well-known/openid-configuration"
    assert v1.discovery_url == f"{root}/.well-known/openid-configuration"


def test_a_fixed_issuer_is_a_generic_one() -> None:
    (issuer,) = trusted(
        settings(issuer="https://sso.example.org/realms/corp", tenant=TENANT, allowed_tenants=())
    )

    assert issuer.shape is Shape.OIDC
    assert issuer.tenant == TENANT


@pytest.mark.parametrize(
    "changes",
    [
        {"allowed_tenants": ()},
        {"issuer": "https://sso.example.org"},
        {"issuer": "https://sso.example.org", "tenant": TENANT},
        {"issuer": "https://a.example", "tenant": TENANT, "allowed_tenants": (), "also_v1": True},
    ],
    ids=["a template without tenants", "no tenant", "a list of tenants", "v1"],
)
def test_settings_that_contradict_themselves_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="entra"):
        trusted(settings(**changes))


@pytest.mark.parametrize(
    "issuer",
    [
        microsoft(audiences=frozenset()),
        microsoft(audiences=frozenset({"https://graph.microsoft.com"})),
        microsoft(audiences=frozenset({"a", "https://graph.microsoft.com/"})),
        microsoft(audiences=frozenset({"00000003-0000-0000-c000-000000000000"})),
        microsoft(algorithms=frozenset({"RS256", "HS256"})),
        microsoft(algorithms=frozenset({"none"})),
        microsoft(issuer="http://sso.example.org"),
        microsoft(issuer="http://127.0.0.1:8080"),
    ],
    ids=["no audience", "graph", "graph/", "graph id", "HMAC", "none", "http", "http loopback"],
)
def test_what_would_be_unsafe_stops_the_start(issuer: TrustedIssuer) -> None:
    with pytest.raises(ConfigurationError, match="entra"):
        check([issuer])


def test_an_issuer_is_configured_once() -> None:
    with pytest.raises(ConfigurationError, match="twice"):
        check([microsoft(), microsoft(name="again")])


def test_http_on_loopback_is_for_development() -> None:
    check([microsoft(issuer="http://127.0.0.1:8080/realms/corp")], development=True)


def test_the_embedded_issuer_may_use_the_audiences_of_graph() -> None:
    check(DevelopmentIssuer(rsa(), tenant_id=TENANT, base_urls=["http://127.0.0.1:1"]).trusted())

"""Development aids stay at home, and a setting that cannot be is refused with what can."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from ostiary.cli.telling import settings_problem
from ostiary.settings import Settings

PUBLIC = "https://governance.example.org"


@pytest.mark.parametrize(
    ("settings", "aids"),
    [
        (Settings(), True),
        (Settings(host="localhost"), True),
        (Settings(host="::1"), True),
        (Settings(public_url="http://127.0.0.1:9000"), True),
        (Settings(host="0.0.0.0"), False),
        (Settings(host="192.0.2.1"), False),
        (Settings(public_url=PUBLIC), False),
        (Settings(development_issuer=False, allow_loopback_targets=False), False),
    ],
)
def test_the_aids_are_on_only_where_nobody_else_can_reach_the_server(
    settings: Settings, aids: bool
) -> None:
    assert (settings.issues_tokens, settings.loopback_targets) == (aids, aids)


@pytest.mark.parametrize("exposed", [{"host": "0.0.0.0"}, {"public_url": PUBLIC}])
def test_a_simulated_clock_is_refused_where_others_can_reach_the_server(
    exposed: dict[str, str],
) -> None:
    with pytest.raises(ValidationError, match="loopback host"):
        Settings.model_validate({"clock": "simulated", **exposed})


@pytest.mark.parametrize("exposed", [{"host": "0.0.0.0"}, {"public_url": PUBLIC}])
def test_the_development_issuer_needs_a_second_switch_there(exposed: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="DEVELOPMENT_ISSUER_ANYWHERE"):
        Settings.model_validate({"development_issuer": True, **exposed})
    twice = {"development_issuer": True, "development_issuer_anywhere": True, **exposed}
    assert Settings.model_validate(twice).issues_tokens


@pytest.mark.parametrize(("given", "read"), [("0", 0), ("0.5", 0.5), ("25", 25)])
def test_a_rate_of_callouts_may_be_a_fraction(given: str, read: float) -> None:
    settings = Settings.model_validate({"callout_rate_per_extension": given})

    assert settings.callout_rate_per_extension == read


@pytest.mark.parametrize("given", ["-1", "0.0001", "1001", "inf", "nan"])
def test_a_rate_of_callouts_that_cannot_be_is_refused_with_what_can(given: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({"callout_rate_per_extension": given})

    said = settings_problem(refused.value)
    assert "OSTIARY_CALLOUT_RATE_PER_EXTENSION" in said
    assert "such as 5 or 0.5; 0 sets no limit" in said


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("public_url", "https://", "names a host"),
        ("public_url", "https://a b", "names a host"),
        ("public_url", "https://governance.example.org:99999", "names a host"),
        ("public_url", "https://user:pw@governance.example.org", "no user"),
        ("public_url", "https://governance.example.org/?a=1", "no '?'"),
        ("public_url", "https://governance.example.org/#a", "no '#'"),
        ("database_url", "mysql://host/name", "postgresql://"),
        ("database_url", "ostiary.db", "sqlite:///path"),
        ("database_url", "postgresql://a:b@host:port/name", "a port is a number"),
        ("database_url", "postgresql://ostiary:sec/ret@host/name", "percent-encoded"),
        ("database_url", "postgresql://ostiary:sec@ret@host/name", "percent-encoded"),
        ("clock_start", "yesterday", "2026-01-05T09:00:00Z"),
        ("clock_start", "2026-01-05T09:00:00", "offset"),
        ("clock_start", "2026-02-30T09:00:00Z", "instant"),
        ("tenant_id", "contoso", "GUID"),
        ("domains", [], "at least one"),
        ("domains", ["not a domain"], "'not a domain' is no domain"),
        ("tenant_domains", {"contoso": ["contoso.com"]}, "GUID"),
        ("tls_key", "key.pem", "OSTIARY_TLS_CERTIFICATE is missing"),
        ("tls_certificate", "chain.pem", "OSTIARY_TLS_KEY is missing"),
        ("cors_origins", ["portal"], "http://"),
        ("cors_origins", ["https://portal.example.org/"], "is no origin"),
        ("egress_hosts", ["https://hooks.example.org"], "is no host"),
        ("egress_ports", [0], "0 is no port"),
        ("egress_ports", [70_000], "70000 is no port"),
        ("logic_app_url_template", "https://x/{workflow}", "{logicAppWorkflowName}"),
        ("logic_app_url_template", "{logicAppWorkflowName}", "https://"),
        ("mail_portal_url", 'https://x"onclick="y', "names a host"),
        ("worker_poll", "PT0S", "from PT0.01S"),
        ("worker_poll", "-PT1S", "from PT0.01S"),
        ("drain", "10", "write it like PT2S"),
        ("run_retention", "a year", "write it like PT2S"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_what_can(
    name: str, given: object, said: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: given})

    line = settings_problem(refused.value)
    assert said in line
    assert "sec" not in line


@pytest.mark.parametrize(
    "settings",
    [
        {"public_url": "https://governance.example.org/ostiary/"},
        {"public_url": "http://[::1]:8080"},
        {
            "database_url": "postgresql://ostiary:a%2Fb%40c@db-1:5432,db-2:5432/ostiary?sslmode=require"
        },
        {"database_url": "postgresql:///ostiary?host=/run/postgresql"},
        {"database_url": "postgresql://ostiary@[::1]:5432/ostiary"},
        {"database_url": "sqlite:///data/ostiary.db"},
        {"clock": "simulated", "clock_start": "2026-01-05T09:00:00+01:00"},
        {"domains": ["localhost", "contoso.example"]},
        {"cors_origins": ["*"]},
        {"cors_origins": ["http://localhost:5173"]},
        {"egress_hosts": ["*.example.org", "runner_1", "192.0.2.1", "2001:db8::1"]},
        {"logic_app_url_template": "https://x/{resourceGroupName}/{logicAppWorkflowName}"},
        {"worker_poll": "PT0.5S", "run_retention": "P2W"},
        {"tls_certificate": "chain.pem", "tls_key": "key.pem"},
    ],
)
def test_what_can_be_meant_is_taken(settings: dict[str, object]) -> None:
    Settings.model_validate(settings)

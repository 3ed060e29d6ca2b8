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

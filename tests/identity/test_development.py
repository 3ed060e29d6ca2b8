from __future__ import annotations

import pytest

from ostiary.identity.development import Standing, decide
from ostiary.settings import is_loopback


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "LOCALHOST."]
)
def test_on_loopback_the_issuer_runs_by_default(host: str) -> None:
    assert is_loopback(host)
    assert decide(host, wanted=None).standing is Standing.ON


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org", "localhost.evil"])
def test_elsewhere_the_issuer_is_off_by_default_and_says_why(host: str) -> None:
    decision = decide(host, wanted=None)

    assert not is_loopback(host)
    assert decision.standing is Standing.OFF
    assert "loopback" in decision.reason


def test_elsewhere_one_switch_is_not_enough() -> None:
    decision = decide("0.0.0.0", wanted=True)

    assert decision.standing is Standing.REFUSED
    assert "second switch" in decision.reason


def test_elsewhere_two_switches_are_enough_and_warn() -> None:
    decision = decide("0.0.0.0", wanted=True, anywhere=True)

    assert decision.standing is Standing.ON
    assert "others can reach it" in decision.reason


def test_the_second_switch_alone_changes_nothing() -> None:
    assert decide("0.0.0.0", wanted=None, anywhere=True).standing is Standing.OFF


def test_it_can_be_switched_off() -> None:
    assert decide("127.0.0.1", wanted=False).standing is Standing.OFF

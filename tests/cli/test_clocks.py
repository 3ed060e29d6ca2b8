"""The simulated clock: shown, moved, and never back."""

from __future__ import annotations

import pytest

from tests.cli.commands import Commands

START = "2026-01-05T09:00:00Z"


@pytest.fixture(autouse=True)
def _starts_on_monday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OSTIARY_CLOCK_START", START)


@pytest.fixture
def simulated(ostiary: Commands, monkeypatch: pytest.MonkeyPatch) -> Commands:
    """The commands where the clock is simulated."""
    monkeypatch.setenv("OSTIARY_CLOCK", "simulated")
    return ostiary


@pytest.mark.parametrize(
    ("duration", "now"),
    [
        ("PT1H", "2026-01-05T10:00:00Z"),
        ("P14D", "2026-01-19T09:00:00Z"),
        ("90m", "2026-01-05T10:30:00Z"),
        ("1h", "2026-01-05T10:00:00Z"),
        ("2W", "2026-01-19T09:00:00Z"),
        ("pt5s", "2026-01-05T09:00:05Z"),
    ],
)
def test_the_clock_is_moved_by_a_duration(simulated: Commands, duration: str, now: str) -> None:
    result = simulated("clock", "advance", duration)

    assert result.code == 0
    assert simulated("clock", "show").out.strip() == now


def test_the_clock_is_moved_to_an_instant(simulated: Commands) -> None:
    moved = simulated("clock", "advance", "--to", "2026-02-01T09:00:00Z", "--json")

    assert moved.json == {"now": "2026-02-01T09:00:00Z", "stops": []}
    assert simulated("clock", "show", "--json").json == {"now": "2026-02-01T09:00:00Z"}


def test_the_clock_never_goes_back(simulated: Commands) -> None:
    result = simulated("clock", "advance", "--to", "2026-01-01T00:00:00Z")

    assert result.code == 1
    assert "never goes back" in result.err
    assert simulated("clock", "show").out.strip() == START


@pytest.mark.parametrize("arguments", [["show"], ["advance", "PT1H"]])
def test_the_clock_of_the_machine_is_not_moved(ostiary: Commands, arguments: list[str]) -> None:
    result = ostiary("clock", *arguments)

    assert result.code == 1
    assert "--clock simulated" in result.err

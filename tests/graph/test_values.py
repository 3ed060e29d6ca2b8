"""Primitive values: what is written can be read, and the tolerances that clients need."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.graph.values import read_duration, read_instant, write_duration, write_instant

durations = st.timedeltas(min_value=timedelta(days=-9999), max_value=timedelta(days=9999))
instants = st.datetimes(timezones=st.just(UTC))


@given(durations)
def test_a_duration_survives_being_written_and_read(value: timedelta) -> None:
    assert read_duration(write_duration(value)) == value


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9999)))
def test_the_form_of_the_python_client_is_read(value: timedelta) -> None:
    assert read_duration(str(value)) == value


@given(instants)
def test_an_instant_survives_being_written_and_read(value: datetime) -> None:
    assert read_instant(write_instant(value)) == value


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("PT1H", "PT1H"),
        ("PT60M", "PT1H"),
        ("P2W", "P14D"),
        ("P1W1D", "P8D"),
        ("P1DT2H30M5.5S", "P1DT2H30M5.5S"),
        ("1:00:00", "PT1H"),
        ("30 days, 0:00:00", "P30D"),
        ("-PT5M", "-PT5M"),
        ("PT0S", "PT0S"),
    ],
)
def test_a_duration_is_written_in_its_shortest_form(text: str, written: str) -> None:
    assert write_duration(read_duration(text)) == written


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1Y", "P1M", "1h", "P1D5H", "PT1H ", "P9999999999D"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        read_duration(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024-05-01T10:00:00.1234567Z", datetime(2024, 5, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2024-05-01t10:00:00z", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        ("2024-05-01T10:00Z", datetime(2024, 5, 1, 10, tzinfo=UTC)),
        (
            "2024-05-01T10:00:00+02:00",
            datetime(2024, 5, 1, 10, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_instants_are_read_with_any_offset_and_precision(text: str, value: datetime) -> None:
    assert read_instant(text) == value


@pytest.mark.parametrize("text", ["2024-05-01T10:00:00", "2024-05-01", "2024-13-01T10:00:00Z", ""])
def test_an_instant_without_an_offset_or_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="date and time"):
        read_instant(text)

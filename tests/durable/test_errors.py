"""Errors put into words that may be stored."""

from __future__ import annotations

import pytest

from ostiary.durable.errors import describe


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abc123",
        "token eyJhbGciOiJub25lIn0.eyJzdWIiOiJzZWNyZXQifQ.sig-secret",
        "postgresql://user:secret@host/db",
        "https://host/hook?api=1&sig=secret",
        "first line\nsecret",
    ],
)
def test_no_credentials_are_kept(secret: str) -> None:
    text = describe(RuntimeError(secret))

    assert not any(word in text for word in ("abc123", "secret", "eyJ", "sig="))


def test_the_text_is_one_short_printable_line() -> None:
    text = describe(ValueError("a\tb\x00c" + "x" * 1000))

    assert text.startswith("ValueError: a b cxxx")
    assert len(text) == 300


def test_an_error_without_a_message_is_its_name() -> None:
    assert describe(KeyError()) == "KeyError"

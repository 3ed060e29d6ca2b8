"""Patterns of questions."""

from __future__ import annotations

import pytest

from ostiary.entitlement import patterns
from ostiary.graph.errors import InvalidModel


@pytest.mark.parametrize("pattern", ["(a+)+", "(a|a)*", "(.*a){20}", r"(\w+\s?)*b"])
def test_a_pattern_that_costs_hours_with_backtracking_is_answered(pattern: str) -> None:
    assert not patterns.matches(pattern, "a" * 3_999 + "!")


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("[a-zA-Z]+", "Bob", True),
        ("[a-zA-Z]+", "Bob 1", False),
        ("[a-zA-Z]+", "Bob\n", False),
        (r"\p{Lu}\p{L}+", "Élodie", True),
        ("(?i)yes|no", "NO", True),
        ("a|ab", "ab", True),
        ("(?=a)a", "a", False),
    ],
)
def test_the_whole_answer_must_match(pattern: str, text: str, fits: bool) -> None:
    assert patterns.matches(pattern, text) is fits


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("(", "missing )"),
        (r"(?=.*\d).+", "look-around"),
        (r"(a)\1", "back-references"),
        ("x" * 501, "at most 500"),
    ],
)
def test_what_cannot_be_tested_safely_is_refused_with_the_reason(pattern: str, reason: str) -> None:
    with pytest.raises(InvalidModel, match=reason.replace(")", r"\)")) as refusal:
        patterns.check(pattern, "questions/0/regexPattern")

    assert refusal.value.target == "questions/0/regexPattern"

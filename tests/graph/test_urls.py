"""Paths and function arguments as clients write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.graph.errors import BadRequest
from ostiary.graph.urls import Segment, arguments, plain_key, split_path

PERIOD = ["startDateTime", "endDateTime"]
FIRST, LAST = "2026-01-01T00:00:00+00:00", "2026-01-31T00:00:00Z"


@pytest.mark.parametrize(
    "inside",
    [
        f"startDateTime={FIRST},endDateTime={LAST}",
        f"startDateTime={FIRST}endDateTime={LAST}",
        f"endDateTime={LAST}, startDateTime={FIRST}",
        f"STARTDATETIME='{FIRST}',enddatetime='{LAST}'",
        "startDateTime=@s,endDateTime=@e",
    ],
)
def test_arguments_are_read_in_every_spelling(inside: str) -> None:
    """One generated client drops the commas between arguments."""
    found = arguments(inside, PERIOD, {"@s": f"'{FIRST}'", "@e": LAST})

    assert found == {"startDateTime": FIRST, "endDateTime": LAST}


def test_quoted_arguments_without_commas_are_told_apart() -> None:
    names = ["accessPackageId", "incompatibleAccessPackageId"]

    found = arguments("accessPackageId='a'incompatibleAccessPackageId='b'", names, {})

    assert found == {"accessPackageId": "a", "incompatibleAccessPackageId": "b"}


@pytest.mark.parametrize("inside", ["'target'", "of='x'", "x,on='y'", "=,"])
def test_what_is_no_argument_is_refused_with_the_names_that_are(inside: str) -> None:
    with pytest.raises(BadRequest, match="'on'"):
        arguments(inside, ["on"], {})


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        ("a/b/", [Segment("a"), Segment("b")]),
        ("a('x')/b", [Segment("a", "'x'"), Segment("b")]),
        ("a('x/y')", [Segment("a", "'x/y'")]),
        ("a/x%2Fy", [Segment("a"), Segment("x/y")]),
        ("f(on=%27t%27)", [Segment("f", "on='t'")]),
        ("delta()", [Segment("delta", "")]),
        ("it%27s/b", [Segment("it's"), Segment("b")]),
    ],
)
def test_a_path_is_split_before_it_is_decoded(path: str, segments: list[Segment]) -> None:
    assert split_path(path) == segments


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("'x'", "x"),
        ("'O''Brien'", "O'Brien"),
        ("818CD47F-138C-4A83-B3F5-AFA92BFCF391", "818cd47f-138c-4a83-b3f5-afa92bfcf391"),
        ("{818cd47f-138c-4a83-b3f5-afa92bfcf391}", "818cd47f-138c-4a83-b3f5-afa92bfcf391"),
        ("AnId", "AnId"),
    ],
)
def test_keys_lose_their_quotes_and_guids_their_case(written: str, key: str) -> None:
    assert plain_key(written) == key


@given(st.text(max_size=30))
def test_any_path_is_split_or_refused(path: str) -> None:
    try:
        found = split_path(path)
    except BadRequest as error:
        found = []
        refusal = str(error)
    else:
        refusal = ""
    assert refusal or all(segment.name or segment.inside is not None for segment in found)

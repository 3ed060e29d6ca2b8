"""Signed HTTP Requests: the worked example, byte for byte."""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode

import pytest

from ostiary.extensions import pop
from ostiary.extensions.targets import parse
from tests.extensions import vectors


def test_the_worked_example_is_signed_byte_for_byte() -> None:
    binding = pop.bind_request(
        parse(vectors.URL), content_type=vectors.CONTENT_TYPE, body=vectors.BODY
    )

    proof = pop.sign(
        binding,
        key=vectors.SIGNING_KEY,
        token=vectors.ACCESS_TOKEN,
        timestamp=vectors.TIMESTAMP,
        nonce=vectors.NONCE,
    )

    assert proof == vectors.PROOF
    assert len(proof) == 2874


def test_the_partial_hashes_are_those_of_the_worked_example() -> None:
    assert pop.query_hash("code=abc&v=1") == (
        ["code", "v"],
        "Ysm0b9fRg85wPHfjHdMflConKjf-wqM3NsMiSaYp_9A",
    )
    assert pop.header_hash({"Content-Type": "application/json"}) == (
        ["content-type"],
        "iWpjtVdPYoRLwVS06eCTYOrQ5Jp-zPmbNW-edw4A__g",
    )
    assert pop.digest(vectors.BODY) == "PMld-W3F4jHbzvETshcX4nvMPmxRYSnDeIm2MX1bWLU"
    assert vectors.SIGNING_KEY.thumbprint() == vectors.THUMBPRINT


def test_the_resource_profile_names_the_management_resource_alone() -> None:
    path = "/subscriptions/s/resourceGroups/rg1/providers/Microsoft.Logic/workflows/sod-check"

    assert pop.bind_resource(path).claims() == {
        "m": "POST",
        "u": "management.azure.com",
        "p": path,
    }


@pytest.mark.parametrize(
    ("query", "names", "text"),
    [
        ("a=1&a=2&b=3", ["b"], "b=3"),
        ("a=&b=3", ["b"], "b=3"),
        ("a=1=2&b=3", ["b"], "b=3"),
        ("sp=%2Frun&sv=1.0", ["sp", "sv"], "sp=%2Frun&sv=1.0"),
    ],
)
def test_query_members_that_are_repeated_empty_or_ambiguous_are_left_out(
    query: str, names: list[str], text: str
) -> None:
    digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")

    assert pop.query_hash(query) == (names, digest)


def test_a_call_without_query_has_no_query_claim() -> None:
    binding = pop.bind_request(parse("https://x.test/a"), content_type="a/b", body=b"")

    assert list(binding.claims()) == ["m", "u", "p", "h", "b"]

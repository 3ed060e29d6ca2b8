"""Where the server listens, and the URLs under which it is known."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ostiary.cli.addresses import Addresses, bind, own_urls
from ostiary.cli.problems import Failed
from ostiary.settings import Settings


@pytest.fixture
def bound() -> Iterator[Addresses]:
    """Sockets on a free port of loopback."""
    addresses = bind(Settings(port=0))
    yield addresses
    for one in addresses.sockets:
        one.close()


def test_port_zero_has_become_a_number_in_every_url(bound: Addresses) -> None:
    assert bound.port > 0
    assert bound.base_urls == (
        f"http://127.0.0.1:{bound.port}",
        f"http://localhost:{bound.port}",
    )


def test_a_port_that_is_taken_is_refused_with_a_way_out(bound: Addresses) -> None:
    with pytest.raises(Failed, match="--port"):
        bind(Settings(port=bound.port))


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(Failed, match=r"--host nowhere\.invalid"):
        bind(Settings(host="nowhere.invalid", port=0))


def test_the_public_url_is_told_before_our_own(bound: Addresses) -> None:
    addresses = bind(Settings(port=0, public_url="https://governance.example.org/"))
    for one in addresses.sockets:
        one.close()

    assert addresses.base_urls[0] == "https://governance.example.org"
    assert addresses.own_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("settings", "port", "first"),
    [
        (Settings(tls=True), 8443, "https://127.0.0.1:8443"),
        (Settings(tls=True), 443, "https://127.0.0.1"),
        (Settings(), 80, "http://127.0.0.1"),
        (Settings(host="::1"), 8080, "http://[::1]:8080"),
        (Settings(host="localhost"), 8080, "http://localhost:8080"),
        (Settings(host="0.0.0.0"), 8080, "http://127.0.0.1:8080"),
        (Settings(host="Server.Example.org"), 8080, "http://server.example.org:8080"),
    ],
)
def test_the_likeliest_url_comes_first(settings: Settings, port: int, first: str) -> None:
    assert own_urls(settings, port)[0] == first

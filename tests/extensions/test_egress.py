"""Which targets may be called, and which spellings of forbidden ones are seen through."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostiary.extensions.egress import (
    Allowance,
    EgressPolicy,
    Forbidden,
    check_address,
    check_url,
)
from ostiary.extensions.targets import BadURL, parse

PUBLIC = EgressPolicy()
LOCAL = EgressPolicy(loopback=True)


def refusal(url: str, policy: EgressPolicy = PUBLIC) -> str:
    with pytest.raises(Forbidden) as caught:
        check_url(url, policy)
    return str(caught.value)


def may_call(address: str, policy: EgressPolicy = PUBLIC, *, host: str = "x.test") -> bool:
    try:
        check_address(ip_address(address), host=host, port=443, policy=policy)
    except Forbidden as error:
        return error.label != "blocked_address"
    return True


@pytest.mark.parametrize(
    ("url", "rebuilt"),
    [
        ("https://hooks.contoso.test/a/b?c=d", "https://hooks.contoso.test/a/b?c=d"),
        ("HTTPS://Hooks.Contoso.Test", "https://hooks.contoso.test/"),
        ("https://prod-31.eastus.logic.azure.com:443/w?x=1", None),
        ("https://hooks.contoso.test:8443/%2Fx%20y", "https://hooks.contoso.test:8443/%2Fx%20y"),
        ("https://hooks.contoso.test./", "https://hooks.contoso.test/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://[64:ff9b::808:808]/", "https://[64:ff9b::808:808]/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://a_b.contoso.test/", "https://a_b.contoso.test/"),
    ],
)
def test_a_public_url_is_called_as_it_was_checked(url: str, rebuilt: str | None) -> None:
    target = check_url(url, PUBLIC)

    assert target.url == rebuilt or rebuilt is None
    assert parse(target.url) == target


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.contoso.test/",
        "ftp://hooks.contoso.test/",
        "file:///etc/passwd",
        "//hooks.contoso.test/",
        "hooks.contoso.test",
        "",
        "https://",
        "https:///x",
        "https://a@b/",
        "https://a:b@c.test/",
        "https://c.test/#fragment",
        "https://c.test/#",
        "https://c.test\\@d.test/",
        "https://c .test/",
        "https://c.test/a b",
        "https://c.te\tst/",
        "https://c.test/\n",
        " https://c.test/",
        "https://c.test/\x00",
        "https://c%2etest/",
        "https://c..test/",
        "https://-c.test/",
        "https://c.test:99999/",
        "https://c.test:0/",
        "https://c.test:x/",
        "https://c.test:8080/",
        "https://c.test/\u00e9",
        "https://c.test/a/../b",
        "https://c.test/%2E%2e/b",
        "https://xn--\u00fc.test/",
        "https://a\u2024b.test:443x/",
        "https://" + "a" * 64 + ".test/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://017700000001/",
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://1.2.3.0x4/",
        "https://256.1.1.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://168.63.129.16/",
        "https://[::1]/",
        "https://[::1]x/",
        "https://[::]/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
    ],
)
def test_an_ambiguous_or_internal_url_is_refused(url: str) -> None:
    assert refusal(url).startswith("The ")


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.1", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254",
        "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.168.1.1",
        "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
        "255.255.255.255", "168.63.129.16", "::", "::1", "::7f00:1", "::ffff:10.0.0.1",
        "64:ff9b::10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:1ff::1", "2001:db8::1",
        "2002:a00:1::", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "5f00::1",
    ],
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(network: str) -> None:
    assert not may_call(network)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_a_public_address_may_be_called(address: str) -> None:
    assert may_call(address)


def test_this_machine_may_be_called_only_in_development() -> None:
    for url in ("http://127.0.0.1:7071/a", "http://localhost:80/", "http://[::1]:9/"):
        assert check_url(url, LOCAL).url.startswith("http://")
        assert refusal(url)
    assert may_call("127.0.0.1", LOCAL)
    assert not may_call("10.0.0.1", LOCAL)
    assert refusal("http://10.0.0.1/", LOCAL)
    assert refusal("http://hooks.contoso.test/", LOCAL)


def test_a_name_on_the_list_may_be_called_and_no_other() -> None:
    policy = EgressPolicy(hosts=("*.contoso.test", "hooks.fabrikam.test"))

    assert check_url("https://a.b.contoso.test/", policy).host == "a.b.contoso.test"
    assert check_url("https://HOOKS.fabrikam.test/", policy).host == "hooks.fabrikam.test"
    for other in ("https://contoso.test/", "https://evilcontoso.test/", "https://x.test/"):
        assert "list" in refusal(other, policy)


def test_an_exception_names_scheme_host_port_and_network() -> None:
    policy = EgressPolicy(allowances=(Allowance.parse("http://runner:7071=172.16.0.0/12"),))

    target = check_url("http://runner:7071/hook", policy)

    check_address(ip_address("172.18.0.2"), host=target.host, port=target.port, policy=policy)
    with pytest.raises(Forbidden):
        check_address(ip_address("10.0.0.2"), host="runner", port=7071, policy=policy)
    for other in ("http://runner:7072/", "https://runner:7071/", "http://other:7071/"):
        assert refusal(other, policy)


@pytest.mark.parametrize("text", ["", "runner", "http://runner", "http://runner=x", "a=10.0.0.0/8"])
def test_an_exception_in_another_form_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Allowance.parse(text)


def test_the_server_does_not_call_itself() -> None:
    policy = EgressPolicy(loopback=True, own=frozenset({("127.0.0.1", 8080)}))

    assert "itself" in refusal("http://127.0.0.1:8080/v1.0/me", policy)
    assert check_url("http://127.0.0.1:8081/", policy).port == 8081


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1", "::1", "127.0.0.2"])
def test_the_server_does_not_call_itself_under_another_name_either(address: str) -> None:
    own = frozenset({("localhost", 8080), ("192.0.2.1", 8080)})
    policy = EgressPolicy(loopback=True, own=own)

    found, host = ip_address(address), "other.localhost"

    check_address(found, host=host, port=8081, policy=policy)
    with pytest.raises(Forbidden, match="itself"):
        check_address(found, host=host, port=8080, policy=policy)


def test_no_message_repeats_the_url() -> None:
    for url in ("https://user:secret@x.test/", "http://x.test/?sig=secret", "https://x.test:1/s"):
        assert "secret" not in refusal(url)


@given(st.text(max_size=40))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://x.test/{text}", f"https://x.test?{text}"):
        try:
            target = parse(url)
        except BadURL:
            continue
        assert parse(target.url) == target
        assert target.url.isascii()

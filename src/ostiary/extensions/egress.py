"""Which URLs and addresses may be called: pure rules, applied twice.

``check_url`` is applied when an extension is saved, for an early error, and again when it is
called; ``check_address`` to every address that the name resolves to at that moment, because names
change their addresses. Neither knows the network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from ostiary.extensions.targets import BadURL, Target, parse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Forbidden(ValueError):
    """A target that the rules do not allow; ``label`` is the short word for it in the ledger."""

    def __init__(self, message: str, *, label: str = "blocked_url") -> None:
        super().__init__(message)
        self.label = label


@dataclass(frozen=True, slots=True)
class Allowance:
    """One exception: this scheme, host and port may be called at addresses of this network."""

    scheme: str
    host: str
    port: int
    network: Network

    @classmethod
    def parse(cls, text: str) -> Allowance:
        """Read ``http://runner:7071=172.16.0.0/12``.

        :raises ValueError: the text has another form.
        """
        origin, separator, network = text.rpartition("=")
        if not separator:
            raise ValueError(f"{text!r} is not of the form http://host:port=network/bits")
        target = parse(origin)
        return cls(target.scheme, target.host, target.port, ip_network(network.strip()))

    def fits(self, target: Target) -> bool:
        """Whether it speaks of this target."""
        return (self.scheme, self.host, self.port) == (target.scheme, target.host, target.port)


@dataclass(frozen=True, slots=True, kw_only=True)
class EgressPolicy:
    """What an operator has allowed. The default is public addresses by https and nothing else."""

    loopback: bool = False
    """Whether this machine may be called, by http and on any port: for development."""
    hosts: tuple[str, ...] = ()
    """Names that may be called, exact or ``*.suffix``; none given: any."""
    ports: frozenset[int] = field(default_factory=lambda: frozenset({443, 8443}))
    allowances: tuple[Allowance, ...] = ()
    own: frozenset[tuple[str, int]] = frozenset()
    """Host and port of this server itself, which are never called."""


_EMBEDDING: Sequence[tuple[IPv6Network, int]] = (
    (IPv6Network("::ffff:0:0/96"), 0),
    (IPv6Network("64:ff9b::/96"), 0),
    (IPv6Network("2002::/16"), 80),
)
"""IPv6 networks that lead to an IPv4 address, and by how many bits it stands to the left."""

_FORBIDDEN: Sequence[Network] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.168.0.0/16", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        "2001::/23", "2001:db8::/32", "3fff::/20",
    )
)  # fmt: skip
"""Rule 6, the metadata service of a cloud included; ``is_global`` alone lets some of them pass."""

_BLOCKED: Final = "blocked_address"

_GLOBAL_UNICAST = IPv6Network("2000::/3")
"""The only part of IPv6 that leads to public machines."""


def check_url(url: str, policy: EgressPolicy) -> Target:
    """Take a URL apart if it may be called, as far as can be told without resolving its name.

    :raises Forbidden: it may not; the message tells why, and never repeats the URL.
    """
    try:
        target = parse(url)
    except BadURL as error:
        raise Forbidden(f"The URL {error}.") from None
    if (target.host, target.port) in policy.own:
        raise Forbidden("The URL leads to this server itself.")
    if not _is_excepted(target, policy):
        _check_public(target, policy)
    if target.address is not None:
        check_address(target.address, host=target.host, port=target.port, policy=policy)
    return target


def check_address(address: Address, *, host: str, port: int, policy: EgressPolicy) -> None:
    """Make sure that this host may be called at this address.

    :raises Forbidden: it may not.
    """
    plain = embedded(address)
    if (str(plain), port) in policy.own or (
        plain.is_loopback and ("localhost", port) in policy.own
    ):
        raise Forbidden("The host's address is that of this server itself.", label=_BLOCKED)
    if plain.is_loopback and policy.loopback:
        return
    if any((a.host, a.port) == (host, port) and plain in a.network for a in policy.allowances):
        return
    if not _is_public(plain):
        message = "The host's address is not a public one, and no exception allows it."
        raise Forbidden(message, label=_BLOCKED)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not any(address in network for network in _FORBIDDEN)


def embedded(address: Address) -> Address:
    """Give the IPv4 address to which an IPv6 address leads, or else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    for network, shift in _EMBEDDING:
        if address in network:
            return ip_address((int(address) >> shift) & 0xFFFF_FFFF)
    return address


def _is_excepted(target: Target, policy: EgressPolicy) -> bool:
    if policy.loopback and _is_loopback(target):
        return True
    return any(a.fits(target) for a in policy.allowances)


def _is_loopback(target: Target) -> bool:
    if target.address is not None:
        return embedded(target.address).is_loopback
    return target.host == "localhost" or target.host.endswith(".localhost")


def _check_public(target: Target, policy: EgressPolicy) -> None:
    if target.scheme != "https":
        raise Forbidden("The URL must begin with https://.")
    if target.port not in policy.ports:
        ports = ", ".join(str(port) for port in sorted(policy.ports))
        raise Forbidden(f"The URL's port must be one of {ports}.")
    if policy.hosts and not any(_matches(target.host, pattern) for pattern in policy.hosts):
        raise Forbidden("The URL's host is not on the list of allowed hosts.")


def _matches(host: str, pattern: str) -> bool:
    if pattern.startswith("*."):
        return host.endswith(pattern[1:].lower())
    return host == pattern.lower()

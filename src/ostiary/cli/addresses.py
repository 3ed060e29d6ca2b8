"""Where the server listens, and the URLs under which it is known.

The sockets are bound before anything else, so that port 0 has become a number when links, tokens
and the note for other commands are made.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address

from ostiary.cli.problems import Failed
from ostiary.settings import Settings

_DEFAULT_PORTS = {"http": 80, "https": 443}
_BACKLOG = 2048
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""A machine without IPv6 may still list ``::1`` as an address of localhost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Bound sockets, and the URLs that lead to them."""

    sockets: tuple[socket.socket, ...]
    port: int
    own_url: str
    """For clients on this machine."""
    base_urls: tuple[str, ...]
    """Every URL of the server; the first is the one to tell clients."""


def bind(settings: Settings) -> Addresses:
    """Bind the sockets that the settings ask for.

    :raises Failed: the address is taken, or is none of this machine.
    """
    sockets = bound_at(settings.host, settings.port, chosen_by=("--host", "--port"))
    port = sockets[0].getsockname()[1]
    own = own_urls(settings, port)
    public = (settings.public_url,) if settings.public_url else ()
    return Addresses(sockets=sockets, port=port, own_url=own[0], base_urls=(*public, *own))


def bound_at(host: str, port: int, *, chosen_by: tuple[str, str]) -> tuple[socket.socket, ...]:
    """Bind every address of a host to a port; ``chosen_by`` names the settings of the two.

    :raises Failed: the address is taken, or is none of this machine.
    """
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        for family, address in _endpoints(host, chosen_by[0]):
            try:
                bound = undo.enter_context(_bound(family, address, port))
            except OSError as error:
                if sockets and error.errno in _NOT_HERE:
                    continue
                raise _cannot_listen(address, port, error, chosen_by[1]) from None
            port = bound.getsockname()[1]
            sockets.append(bound)
        undo.pop_all()
    return tuple(sockets)


@contextmanager
def released(sockets: Sequence[socket.socket]) -> Iterator[None]:
    """Close bound sockets at the end of the block, whether anybody ever listened on them or not."""
    try:
        yield
    finally:
        for bound in sockets:
            bound.close()


def own_urls(settings: Settings, port: int) -> tuple[str, ...]:
    """Give the URLs by which this machine reaches the server, the likeliest first."""
    scheme = "https" if speaks_tls(settings) else "http"
    host = settings.host.strip("[]").lower()
    names = [host]
    if settings.on_loopback:
        names += ["localhost"] if ":" in host else ["localhost", "127.0.0.1"]
    elif _is_wildcard(host):
        names = ["127.0.0.1", "localhost", socket.gethostname().lower()]
    return tuple(dict.fromkeys(url_of(scheme, name, port) for name in names))


def speaks_tls(settings: Settings) -> bool:
    """Whether the server speaks HTTPS: asked for, or given a certificate."""
    return settings.tls or settings.tls_certificate is not None


def url_of(scheme: str, name: str, port: int) -> str:
    """Write a URL; the port that goes without saying is left out."""
    host = f"[{name}]" if ":" in name else name
    return f"{scheme}://{host}" if port == _DEFAULT_PORTS[scheme] else f"{scheme}://{host}:{port}"


def _is_wildcard(host: str) -> bool:
    try:
        return not host or ip_address(host).is_unspecified
    except ValueError:
        return False


def _endpoints(host: str, setting: str) -> list[tuple[socket.AddressFamily, str]]:
    """Give what a host stands for: every address that a name has, ``localhost`` both kinds."""
    try:
        found = socket.getaddrinfo(
            host.strip("[]") or None, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise Failed(
            f"There is no address for {setting} {host}: {error.strerror}. Use 127.0.0.1."
        ) from None
    pairs = dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found)
    return sorted(pairs, key=lambda pair: pair[0] != socket.AF_INET)


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
        bound.setblocking(False)
    except OSError:
        bound.close()
        raise
    return bound


def _cannot_listen(address: str, port: int, error: OSError, setting: str) -> Failed:
    return Failed(
        f"Cannot listen on {address} port {port}: {error.strerror}. Choose another {setting} "
        "(0 picks a free one), or stop what listens there."
    )

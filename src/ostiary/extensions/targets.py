"""One parser for the URLs that users give.

A URL is taken apart once, strictly; the parts are checked, and the same parts are called. What two
parsers could read in two ways is refused, not repaired: user info, back-slashes, white space, IPv4
addresses in other spellings than four decimal numbers, host names that IDNA does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LOOKS_NUMERIC = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)")
_BRACKETED = re.compile(r"\[([0-9a-fA-F:.]+)\](?::[0-9]*)?")
_FOUR_NUMBERS = re.compile(r"(?:0|[1-9][0-9]{0,2})(?:\.(?:0|[1-9][0-9]{0,2})){3}")


class BadURL(ValueError):
    """Why a text is no URL that may be called; the sentence's end: ``'x' has a fragment``."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL in parts; ``path`` and ``query`` are kept as they were spelled."""

    scheme: str
    host: str
    """In lower case, without brackets and without a final dot; ASCII."""
    port: int
    path: str
    query: str

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address, if the host is one and no name."""
        try:
            return IPv6Address(self.host) if ":" in self.host else IPv4Address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Host and port, the port only where it is not the scheme's own (claim ``u`` of PoP)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme and authority."""
        return f"{self.scheme}://{self.authority}"

    @property
    def shown(self) -> str:
        """The URL without its query, which may hold a secret."""
        return f"{self.origin}{self.path}"

    @property
    def url(self) -> str:
        """The whole URL, put together from the checked parts."""
        return f"{self.shown}?{self.query}" if self.query else self.shown


def parse(url: str) -> Target:
    """Take a URL apart.

    :raises BadURL: it is not an absolute http(s) URL, or could be understood in two ways.
    """
    if _UNSAFE.search(url):
        raise BadURL("has a white-space or control character or a back-slash")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadURL("is not a URL") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise BadURL("is not an absolute URL that begins with https://")
    _check_parts(parts, url)
    host = _host(parts)
    path = parts.path or "/"
    return Target(parts.scheme, host, _port(parts.scheme, port), path, parts.query)


def _check_parts(parts: SplitResult, url: str) -> None:
    if "@" in parts.netloc:
        raise BadURL("has a user name or password before the host")
    if "#" in url:
        raise BadURL("has a fragment")
    if not (parts.path + parts.query).isascii():
        raise BadURL("has characters in path or query that must be percent-encoded")
    if any(segment in (".", "..") for segment in _plain_dots(parts.path).split("/")):
        raise BadURL("has '.' or '..' as a segment of its path")


def _plain_dots(path: str) -> str:
    return path.replace("%2e", ".").replace("%2E", ".")


def _port(scheme: str, port: int | None) -> int:
    if port == 0:
        raise BadURL("has the port 0")
    return port or DEFAULT_PORTS[scheme]


def _host(parts: SplitResult) -> str:
    raw = parts.netloc
    if raw.startswith("["):
        return _ipv6(raw)
    name = raw.partition(":")[0].lower().removesuffix(".")
    if not name:
        raise BadURL("has no host")
    if not name.isascii():
        name = _idna(name)
    labels = name.split(".")
    if _LOOKS_NUMERIC.fullmatch(labels[-1]):
        return _ipv4(name)
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadURL("has a host that is not a domain name")
    return name


def _ipv6(netloc: str) -> str:
    match = _BRACKETED.fullmatch(netloc)
    try:
        if match is None:
            raise ValueError
        return IPv6Address(match[1]).compressed
    except ValueError:
        raise BadURL("has a host that is not an IPv6 address without a zone") from None


def _ipv4(text: str) -> str:
    try:
        if not _FOUR_NUMBERS.fullmatch(text):
            raise ValueError
        return str(IPv4Address(text))
    except ValueError:
        raise BadURL("has an IPv4 address that is not written as four decimal numbers") from None


def _idna(name: str) -> str:
    try:
        return idna.encode(name, uts46=True, std3_rules=True, transitional=False).decode()
    except (idna.IDNAError, UnicodeError):
        raise BadURL("has a host name that is not valid") from None

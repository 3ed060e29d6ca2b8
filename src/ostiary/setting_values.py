"""What single settings may be: each check gives its value back, or says what would be right.

Wrong values are refused at start, where somebody looks, and not when the first request needs them.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import SplitResult, unquote, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator

LONGEST_POLL: Final = timedelta(hours=1)

_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9-]{1,63}")
_HOST: Final = re.compile(r"(?:\*\.)?[\w-]+(?:\.[\w-]+)*|[\da-fA-F]*(?::[\da-fA-F.]*)+", re.ASCII)
_DATABASES: Final = ("sqlite", "postgresql", "postgres")
_INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")
_PLACES: Final = ("subscriptionId", "resourceGroupName", "logicAppWorkflowName")


def _url(text: str, *schemes: str) -> SplitResult:
    """Take a URL with a host apart.

    :raises ValueError: it is none.
    """
    names = " or ".join(f"{scheme}://" for scheme in schemes)
    if not text.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must start with {names}")
    try:
        parts = urlsplit(text)
        known = bool(parts.hostname) and (parts.port or 0) >= 0
    except ValueError:
        known = False
    if not known or not text.isprintable() or any(mark in text for mark in " \"'<>\\"):
        raise ValueError(f"must be a URL that names a host, after {names}")
    return parts


def _origin(text: str) -> str:
    parts = _url(text, "http", "https")
    if parts.username is not None or parts.query or parts.fragment or "#" in text or "?" in text:
        raise ValueError("must have no user, no '?' and no '#': https://governance.example.org")
    return text.rstrip("/")


def _web_address(text: str) -> str:
    _url(text, "http", "https")
    return text


def _page_origin(text: str) -> str:
    if text == "*":
        return text
    parts = _url(text, "http", "https")
    if parts.username is not None or parts.path or parts.query or parts.fragment:
        raise ValueError(f"'{text}' is no origin; write it like https://portal.example.org")
    return text


def _database(text: str) -> str:
    """Look at the URL of a database, which is repeated in no message: it may hold a password."""
    if not text:
        return text
    scheme, separator, rest = text.partition("://")
    backend = scheme.partition("+")[0]
    if not separator or backend not in _DATABASES:
        raise ValueError("must be postgresql://user:password@host/name, or sqlite:///path")
    if backend == "sqlite":
        return text
    authority = rest.partition("/")[0].partition("?")[0]
    user, _, hosts = authority.rpartition("@")
    ports = (host.rpartition(":") for host in hosts.split(",") if not host.endswith("]"))
    if "@" in user or any(mark and not port.isdecimal() for _, mark, port in ports):
        raise ValueError(
            "cannot be read: special characters of user and password are percent-encoded "
            "(%2F for /, %40 for @, %3A for :), and a port is a number"
        )
    return text


def _guid(text: str) -> str:
    try:
        is_guid = str(UUID(text)) == text.lower()
    except ValueError:
        is_guid = False
    if not is_guid:
        example = "6c3b4d4e-0d6a-4e44-9f0b-6a6e7b1f2a10"
        raise ValueError(f"'{text}' is no GUID; write it like {example}")
    return text


def _domain(text: str) -> str:
    if len(text) > 253 or not _DOMAIN.fullmatch(text.lower()):
        raise ValueError(f"'{text}' is no domain; write it like contoso.example")
    return text


def _some(domains: list[str]) -> list[str]:
    if not domains:
        raise ValueError("must name at least one domain, the default one first")
    return domains


def _instant(text: str) -> str:
    try:
        exists = bool(_INSTANT.fullmatch(text) and datetime.fromisoformat(text))
    except ValueError:
        exists = False
    if not exists:
        raise ValueError("must be an instant with an offset, such as 2026-01-05T09:00:00Z")
    return text


def _written_as_duration(value: Any) -> Any:
    """Refuse texts that are no ISO 8601 in words that say how it is written."""
    if isinstance(value, str) and not re.fullmatch(r"[+-]?P(?=.)[\dWDYMTHS.]+", value.strip()):
        raise ValueError(f"'{value}' is no duration; write it like PT2S, PT5M, P30D")
    return value


def _poll(value: timedelta) -> timedelta:
    if not timedelta(milliseconds=10) <= value <= LONGEST_POLL:
        raise ValueError("must be from PT0.01S to PT1H, such as PT2S")
    return value


def _retention(value: timedelta) -> timedelta:
    if value < timedelta():
        raise ValueError("must not be negative; zero keeps them for ever")
    return value


def _rate(value: float) -> float:
    if value and not 0.001 <= value <= 1000:
        raise ValueError(
            "must be calls a second from 0.001 to 1000, such as 5 or 0.5; 0 sets no limit"
        )
    return value


def _time_zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"'{text}' is no time zone; write it like Europe/Berlin") from None
    return text


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?", text):
        raise ValueError("must be a colour like #1f4e79")
    return text


def _port(port: int) -> int:
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is no port: 1 to 65535")
    return port


def _host_pattern(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise ValueError(f"'{text}' is no host; write hooks.example.org or *.example.org")
    return text


def _logic_app_template(text: str) -> str:
    filled = text
    for place in _PLACES:
        filled = filled.replace(f"{{{place}}}", "x")
    if "{" in unquote(filled) or "}" in unquote(filled):
        names = ", ".join(f"{{{place}}}" for place in _PLACES)
        raise ValueError(f"may have {names} in it and no other place in braces")
    _url(filled, "http", "https")
    return text


Origin = Annotated[str, AfterValidator(_origin)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
PageOrigin = Annotated[str, AfterValidator(_page_origin)]
DatabaseURL = Annotated[str, AfterValidator(_database)]
Guid = Annotated[str, AfterValidator(_guid)]
Domain = Annotated[str, AfterValidator(_domain)]
Domains = Annotated[list[Domain], AfterValidator(_some)]
Instant = Annotated[str, AfterValidator(_instant)]
Duration = Annotated[timedelta, BeforeValidator(_written_as_duration)]
Poll = Annotated[Duration, AfterValidator(_poll)]
Retention = Annotated[Duration, AfterValidator(_retention)]
Rate = Annotated[float, AfterValidator(_rate)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Color = Annotated[str, AfterValidator(_color)]
Port = Annotated[int, AfterValidator(_port)]
HostPattern = Annotated[str, AfterValidator(_host_pattern)]
LogicAppTemplate = Annotated[str, AfterValidator(_logic_app_template)]

"""Primitive values between JSON and Python: instants, durations, numbers, enum members.

Strict in what is written and tolerant in what is read: the tolerances are those that published
samples and generated clients need, such as a duration in the form of Python's ``str(timedelta)``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any

from msgspec import to_builtins

from ostiary.graph.types import EdmEnum

_ISO_DURATION = re.compile(
    r"^(?P<sign>-)?P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:\.\d+)?)S)?)?$"
)
_PYTHON_DURATION = re.compile(
    r"^(?:(?P<days>-?\d+) days?, )?(?P<hours>\d+):(?P<minutes>\d\d):(?P<seconds>\d\d(?:\.\d+)?)$"
)
_INSTANT = re.compile(
    r"^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)$"
)


def read_duration(text: str) -> timedelta:
    """Read an ISO 8601 duration of weeks, days and smaller, or ``[D days, ]H:MM:SS``.

    :raises ValueError: the text is neither.
    """
    match = _ISO_DURATION.match(text) or _PYTHON_DURATION.match(text)
    if match is None or text.endswith(("P", "T")):
        raise ValueError("is not a duration of days and smaller units, such as 'PT1H' or 'P14D'")
    parts = match.groupdict()
    negative = parts.pop("sign", None)
    try:
        value = timedelta(**{unit: float(n) for unit, n in parts.items() if n})
    except OverflowError:
        raise ValueError("is longer than any duration that can be kept") from None
    return -value if negative else value


def write_duration(value: timedelta) -> str:
    """Write ``P14D``, ``PT1H30M`` or ``PT0S``."""
    if value < timedelta(0):
        return "-" + write_duration(-value)
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    second_text = f"{seconds + value.microseconds / 1e6:.6f}".rstrip("0").rstrip(".")
    clock = "".join(
        f"{number}{unit}"
        for number, unit in ((hours, "H"), (minutes, "M"), (second_text, "S"))
        if number not in (0, "0")
    )
    days = f"{value.days}D" if value.days else ""
    return f"P{days}T{clock}" if clock else f"P{days}" if days else "PT0S"


def read_instant(text: str) -> datetime:
    """Read a date and time with an offset; give it in UTC. Digits past microseconds are dropped.

    :raises ValueError: the text is no instant, or has no offset.
    """
    match = _INSTANT.match(text)
    if match is None:
        raise ValueError("is not a date and time with an offset, such as '2026-01-31T09:00:00Z'")
    day, clock, fraction, offset = match.groups()
    seconds = clock if len(clock) == 8 else f"{clock}:00"
    micro = (fraction or "0")[:6].ljust(6, "0")
    offset = "+00:00" if offset in "Zz" else offset
    try:
        return datetime.fromisoformat(f"{day}T{seconds}.{micro}{offset}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is not a date and time that exists") from None


def write_instant(value: datetime) -> str:
    """Write ``2026-01-31T09:00:00.123456Z`` without trailing zeros."""
    text: str = to_builtins(value.astimezone(UTC))
    return text[:-1].rstrip("0") + "Z" if value.microsecond else text


def write_instant_or_none(value: datetime | None) -> str | None:
    """Write an instant where there is one."""
    return None if value is None else write_instant(value)


def read_enum(enum: type[EdmEnum], text: str) -> EdmEnum:
    """Find a member by its name in any case, or by another published name for it (``ALSO``).

    :raises ValueError: the text names none; the message lists them.
    """
    known = _members(enum)
    also: Mapping[str, str] = getattr(enum, "ALSO", {})
    lowered = text.lower()
    member = known.get(also.get(lowered, lowered))
    if member is None:
        names = ", ".join(f"'{member.value}'" for member in known.values())
        raise ValueError(f"must be one of {names}")
    return member


def read_members(enum: type[EdmEnum], text: str) -> str:
    """Read the name of a member or, where members are flags, of several with commas between them.

    Gives the names as they are sent: several in the order of their numbers, without blanks.

    :raises ValueError: as ``read_enum``.
    """
    if not getattr(enum, "IS_FLAGS", False) or "," not in text:
        return read_enum(enum, text)
    members = {read_enum(enum, part.strip()) for part in text.split(",")}
    return ",".join(member.value for member in sorted(members, key=lambda m: m.number))


@cache
def _members(enum: type[EdmEnum]) -> Mapping[str, EdmEnum]:
    return {m.value.lower(): m for m in enum if m.value != "unknownFutureValue"}


def _read_string(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    if "\x00" in value or _has_surrogates(value):
        raise ValueError("holds a character that text cannot have")
    return value


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any(0xD800 <= ord(c) <= 0xDFFF for c in text)


def _read_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError("must be true or false")


def _read_int(low: int, high: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("must be a whole number")
        if not low <= value <= high:
            raise ValueError(f"must lie between {low} and {high}")
        return value

    return read


def _read_double(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")
    return float(value)


def _read_date(value: Any) -> date:
    try:
        return date.fromisoformat(_read_string(value))
    except ValueError:
        raise ValueError("is not a date, such as '2026-01-31'") from None


def _read_time(value: Any) -> time:
    try:
        return time.fromisoformat(_read_string(value)[:15])
    except ValueError:
        raise ValueError("is not a time of day, such as '09:30:00'") from None


def _read_binary(value: Any) -> bytes:
    text = _read_string(value)
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise ValueError("is not base64") from None


READERS: dict[str, Callable[[Any], Any]] = {
    "Edm.String": _read_string,
    "Edm.Guid": _read_string,
    "Edm.Boolean": _read_boolean,
    "Edm.Int16": _read_int(-(2**15), 2**15 - 1),
    "Edm.Int32": _read_int(-(2**31), 2**31 - 1),
    "Edm.Int64": _read_int(-(2**63), 2**63 - 1),
    "Edm.Double": _read_double,
    "Edm.DateTimeOffset": lambda value: read_instant(_read_string(value)),
    "Edm.Date": _read_date,
    "Edm.TimeOfDay": _read_time,
    "Edm.Duration": lambda value: read_duration(_read_string(value)),
    "Edm.Binary": _read_binary,
}
"""By primitive type: JSON value in, Python value out, ``ValueError`` with a sentence's end."""


def write_primitive(value: Any) -> Any:
    """Give the JSON form of a Python value of a primitive type."""
    match value:
        case datetime():
            return write_instant(value)
        case timedelta():
            return write_duration(value)
        case date() | time():
            return value.isoformat()
        case bytes():
            return base64.urlsafe_b64encode(value).decode().rstrip("=")
        case _:
            return value

"""Languages: which one a mail is written in, and how dates look in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, tzinfo
from typing import Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, get_timezone_name

FALLBACK: Final = "en"
"""The language that every template is there in."""


def chain(wanted: str | None, default: str) -> Iterator[str]:
    """Give the languages to look for, the best first: ``de-AT``, ``de``, the default, English."""
    seen: set[str] = set()
    for tag in (wanted, default, FALLBACK):
        for one in _widening(tag):
            if one not in seen:
                seen.add(one)
                yield one


def normal(tag: str) -> str:
    """Give a language tag in the form of the folders: ``de``, ``de-AT``, ``zh-Hant``.

    :raises ValueError: there is no such language.
    """
    try:
        return str(Locale.parse(tag.strip().replace("_", "-"), sep="-")).replace("_", "-")
    except (UnknownLocaleError, ValueError):
        raise ValueError(f"'{tag}' is no language; write it like 'de' or 'pt-BR'") from None


def written_day(value: date, language: str, zone: tzinfo) -> str:
    """Write a day as people who speak a language do."""
    day = value.astimezone(zone) if isinstance(value, datetime) else value
    return str(format_date(day, format="long", locale=_locale(language)))


def written_instant(value: datetime, language: str, zone: tzinfo) -> str:
    """Write a day and a time as people who speak a language do, with the time zone."""
    locale = _locale(language)
    at = value.astimezone(zone)
    day = format_date(at, format="long", locale=locale)
    time = format_datetime(at, format="HH:mm", locale=locale)
    return f"{day}, {time} {get_timezone_name(at, width='short', locale=locale)}"


def _widening(tag: str | None) -> Iterator[str]:
    """Give a tag and the wider ones that it belongs to; nothing for what is no language."""
    try:
        exact = normal(tag or "")
    except ValueError:
        return
    yield exact
    yield exact.partition("-")[0]


def _locale(language: str) -> Locale:
    return Locale.parse(language, sep="-")

"""Which origins elsewhere there are: what an operator writes in ``OSTIARY_RESOURCE_PROVIDERS``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final, Literal

import msgspec

from ostiary.entitlement.origins import DIRECTORY_SYSTEMS, system_named

DEFAULT_TIMEOUT: Final = 30
LONGEST_TIMEOUT: Final = 600
LARGEST_BATCH: Final = 1_000


class ProviderError(ValueError):
    """The settings of a provider cannot be used."""


class Environment(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A place that an origin system has, such as a region."""

    origin_id: str
    display_name: str | None = None
    description: str | None = None
    url: str | None = None
    is_default: bool = False
    system: str = ""


class ProviderSettings(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """One origin, and how it is called."""

    url: str
    authentication: Literal["pop", "bearer"] = "pop"
    """Whether the token that it gets is bound to the call."""
    audience: str | None = None
    """For whom the token is; None: for the origin of ``url``."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds that one call may take."""
    batch: int = 100
    """The most rights that one call is about."""
    environments: tuple[Environment, ...] = ()
    system: str = ""

    @property
    def patience(self) -> timedelta:
        """How long one call may take."""
        return timedelta(seconds=self.timeout)


def read(raw: Mapping[str, Any]) -> list[ProviderSettings]:
    """Read the setting: a URL, or an object, by origin system.

    :raises ProviderError: an entry cannot be used.
    """
    return [_read(system, value) for system, value in raw.items()]


def _read(name: str, value: Any) -> ProviderSettings:  # whatever the JSON holds
    system = system_named(name.strip())
    body = {"url": value} if isinstance(value, str) else value
    try:
        found = msgspec.convert(body, ProviderSettings)
    except msgspec.ValidationError as error:
        raise ProviderError(f"The provider of '{name}': {error}.") from None
    problem = _problem(system, found)
    if problem:
        raise ProviderError(f"The provider of '{name}': {problem}.")
    places = tuple(msgspec.structs.replace(one, system=system) for one in found.environments)
    return msgspec.structs.replace(found, system=system, environments=places)


def _problem(system: str, found: ProviderSettings) -> str | None:
    if not system or len(system) > 64:
        return "an origin system has a name of 1 to 64 characters"
    if system in DIRECTORY_SYSTEMS:
        return "its resources are in the server's own directory"
    if not found.url.startswith(("http://", "https://")):
        return "'url' must start with http:// or https://"
    if not 0 < found.timeout <= LONGEST_TIMEOUT:
        return f"'timeout' must be more than 0 and at most {LONGEST_TIMEOUT} seconds"
    if not 1 <= found.batch <= LARGEST_BATCH:
        return f"'batch' must lie between 1 and {LARGEST_BATCH}"
    return None

"""The providers of our own directory, by origin system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ostiary.entitlement.providers.applications import Applications
from ostiary.entitlement.providers.groups import Groups
from ostiary.entitlement.providers.port import DirectoryProvider

LOCAL: Final[Mapping[str, DirectoryProvider]] = {
    provider.system: provider for provider in (Groups(), Applications())
}

"""An extension as it is stored: how and where to call out, for whichever governor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ostiary.extensions.model import (
    CustomExtensionAuthenticationConfiguration,
    CustomExtensionCallbackConfiguration,
    CustomExtensionClientConfiguration,
    CustomExtensionEndpointConfiguration,
)

DEFAULT_TIMEOUT = timedelta(seconds=1)
DEFAULT_RETRIES = 1
LONGEST_WAIT = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One custom extension; ``kind`` is its type's qualified name in the schema."""

    id: str
    kind: str
    catalog_id: str | None = None
    display_name: str
    description: str | None = None
    endpoint: CustomExtensionEndpointConfiguration
    authentication: CustomExtensionAuthenticationConfiguration
    client: CustomExtensionClientConfiguration | None = None
    callback: CustomExtensionCallbackConfiguration | None = None
    replies: bool = False
    """Whether the body of the reply is the answer."""
    created_at: datetime
    created_by: str | None = None
    modified_at: datetime
    modified_by: str | None = None

    @property
    def wait(self) -> timedelta | None:
        """How long an answer is awaited; ``None``: no answer is."""
        if self.callback is None:
            return None
        return self.callback.timeout_duration or LONGEST_WAIT

    @property
    def timeout(self) -> timedelta:
        """How long one call may last."""
        given = self.client.timeout_in_milliseconds if self.client else None
        return DEFAULT_TIMEOUT if given is None else timedelta(milliseconds=given)

    @property
    def retries(self) -> int:
        """How often a call is repeated that may go better the next time."""
        given = self.client.maximum_retries if self.client else None
        return DEFAULT_RETRIES if given is None else given

    def configuration(self) -> dict[str, Any]:
        """Give the properties that the wire types of both governors have in common."""
        return {
            "id": self.id,
            "display_name": self.display_name,
            "description": self.description,
            "endpoint_configuration": self.endpoint,
            "authentication_configuration": self.authentication,
            "client_configuration": self.client,
        }

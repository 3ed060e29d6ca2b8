"""Published names of entitlement management that are not served yet: they answer 501.

``docs/compatibility.md`` says of each why. A name leaves this list when it is served.
"""

from __future__ import annotations

from typing import Final

MANAGEMENT: Final = ("externalOriginResourceConnectors", "accessOrchestratorRequests")

RESOURCES: Final = ("uploadSessions", "externalOriginResourceConnector")

REQUESTS: Final = ("customExtensionHandlerInstances", "verifiedCredentialsData")

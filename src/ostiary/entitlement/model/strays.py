"""Names that published samples send and no type has: accepted, logged, and without effect.

Everything else that a type does not have is refused by name.
"""

from __future__ import annotations

STRAYS: dict[str, frozenset[str]] = {
    "microsoft.graph.entitlementmanagementschedule": frozenset({"stopdatetime"}),
}
"""By the type's qualified name in lower case: the extra names in lower case."""

"""Published names of entitlement management that are not served yet: they answer 501.

``docs/compatibility.md`` says of each why. A name leaves this list when it is served.
"""

from __future__ import annotations

from typing import Final

MANAGEMENT: Final = (
    "accessPackageAssignmentResourceRoles",
    "accessPackageResourceEnvironments",
    "accessPackageResourceRoleScopes",
    "accessPackageResources",
    "accessPackageSuggestions",
    "availableAccessPackages",
    "externalOriginResourceConnectors",
    "resourceEnvironments",
    "resourceRoleScopes",
    "resources",
)

CATALOGS: Final = ("search",)

PACKAGES: Final = (
    "accessPackagesIncompatibleWith",
    "filterByCurrentUser",
    "getApplicablePolicyRequirements",
    "incompatibleAccessPackages",
    "incompatibleGroups",
    "moveToCatalog",
    "search",
)

ASSIGNMENTS: Final = ("accessPackageAssignmentResourceRoles", "additionalAccess")
